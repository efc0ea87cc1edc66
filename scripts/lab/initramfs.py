# SPDX-License-Identifier: GPL-2.0
"""Writes the guest's file system: a cpio archive (newc) with busybox, our files and modules."""

from __future__ import annotations

import lzma
import stat
import subprocess
from pathlib import Path
from typing import IO

from . import paths
from .packages import Archive as Packages, host_suite, install_tools
from .progress import LabError

BUSYBOX = Path("/bin/busybox")
# Debian's names of the architectures whose programs the host cannot be asked for.
DEBIAN_ARCH = {"arm64": "arm64", "i386": "i386"}


class Archive:
    """A cpio archive in the making. Device nodes need no root this way."""

    def __init__(self, stream: IO[bytes]):
        self.stream = stream
        self.inode = 0
        self.seen: set[str] = set()
        for name in ("dev", "proc", "sys", "tmp", "out", "root"):
            self.directory(name)
        self._entry("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1))
        self._entry("dev/null", stat.S_IFCHR | 0o666, b"", (1, 3))

    def _entry(self, name: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._padded(header + name.encode() + b"\0")
        self._padded(data)

    def _padded(self, data: bytes) -> None:
        self.stream.write(data + b"\0" * (-len(data) % 4))

    def directory(self, name: str) -> None:
        """Add the directory @name and those above it."""
        parts = name.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path and path not in self.seen:
                self.seen.add(path)
                self._entry(path, stat.S_IFDIR | 0o755, b"")

    def data(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Add a file with the content @data."""
        name = name.strip("/")
        if "/" in name:
            self.directory(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFREG | mode, data)

    def file(self, name: str, source: Path) -> None:
        """Add the file or the tree @source as @name."""
        if source.is_dir():
            for child in sorted(source.iterdir()):
                self.file(f"{name}/{child.name}", child)
        else:
            self.data(name, source.read_bytes(), source.stat().st_mode & 0o777)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self.directory(name.rsplit("/", 1)[0])
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def close(self) -> None:
        """Write the trailer."""
        self._entry("TRAILER!!!", 0, b"")


def busybox(archive: Archive, arch: str = "") -> None:
    """Add busybox as it runs on @arch, under all its names."""
    install_tools({str(BUSYBOX): "busybox-static"})
    archive.file("bin/busybox", foreign_busybox(DEBIAN_ARCH[arch]) if arch in DEBIAN_ARCH else BUSYBOX)
    applets = subprocess.run([str(BUSYBOX), "--list"], capture_output=True, text=True, check=True)
    for name in applets.stdout.split():
        if name not in ("busybox", "init"):
            archive.link(f"bin/{name}", "busybox")
    archive.link("usr/bin/env", "/bin/busybox")


def foreign_busybox(arch: str) -> Path:
    """The binary of the package for @arch; fetched on first use."""
    root = paths.cache("programs") / arch
    with paths.lock(root.with_suffix(".lock")):
        binary = root / "bin/busybox"
        if not binary.exists():
            packages = Packages(host_suite(), arch)
            packages.refresh()
            packages.unpack("busybox-static", packages.version("busybox-static"), root)
            if not binary.exists():    # a suite whose /bin is a link
                binary.parent.mkdir(parents=True, exist_ok=True)
                (root / "usr/bin/busybox").rename(binary)
    return binary


def guest(archive: Archive) -> None:
    """Add the guest's own scripts."""
    archive.data("init", (paths.GUEST / "init.sh").read_bytes(), 0o755)
    archive.data("lab/runner.sh", (paths.GUEST / "runner.sh").read_bytes())


def stock_modules(archive: Archive, tree: Path, wanted: list[str]) -> None:
    """Add the stock modules @wanted from lib/modules/<release> at @tree, with dependencies.

    A name with a question mark is of a module that not every kernel has.
    """
    table: dict[str, tuple[str, list[str]]] = {}
    for line in (tree / "modules.dep").read_text(encoding="utf-8").splitlines():
        path, needs = line.split(":", 1)
        table[_name(path)] = (path, needs.split())
    wanted = [x for x in wanted if not x.endswith("?") or _name(x[:-1]) in table]
    wanted = [x.removesuffix("?") for x in wanted]
    # Where the packages do not list what is built in, that is what is no module.
    listed = tree / "modules.builtin"
    builtin = ({_name(x) for x in listed.read_text(encoding="utf-8").split()} if listed.exists()
               else {_name(x) for x in wanted} - set(table))
    todo, chosen = [_name(x) for x in wanted], {}
    while todo:
        name = todo.pop()
        if name in chosen or name in builtin:
            continue
        if name not in table:
            raise LabError(f"{tree.name} has no module {name}")
        chosen[name] = table[name]
        todo += [_name(x) for x in table[name][1]]
    root = f"lib/modules/{tree.name}"
    lines = []
    for path, needs in chosen.values():
        archive.data(f"{root}/{_plain(path)}", _unpacked(tree / path))
        lines.append(f"{_plain(path)}: {' '.join(map(_plain, needs))}\n")
    archive.data(f"{root}/modules.dep", "".join(lines).encode())


def _plain(path: str) -> str:
    """The path of a module without its compression's suffix."""
    return path.removesuffix(".xz")


def _name(path: str) -> str:
    """The name of a module from its path."""
    return Path(_plain(path)).stem.replace("-", "_")


def _unpacked(path: Path) -> bytes:
    """A module's bytes; busybox cannot load a compressed one."""
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
