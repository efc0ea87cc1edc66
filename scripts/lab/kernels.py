# SPDX-License-Identifier: GPL-2.0
"""The kernels the lab knows: one small file each in scripts/kernels, fetched or built once.

A kernel that is ready has a directory of its own in the cache, named by its exact version, with a
file `ready.json` that is written last: an interrupted fetch or build is simply continued.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from pathlib import Path

from . import paths, source
from .kernel import Kernel, Ready, load, names
from .packages import Archive, install_tools
from .progress import LabError, Unavailable, run, say


def known(kernel: Kernel) -> Ready | None:
    """What the cache has of @kernel, newest version, without asking anybody."""
    current = kernel.store() / "current"
    if not current.exists():
        return None
    key = current.read_text(encoding="utf-8").strip()
    if kernel.config and not key.endswith(f"-{source.config_key(kernel)}"):
        return None     # a fragment has changed since
    return _read(kernel.store() / key)


def _read(home: Path) -> Ready | None:
    """The kernel in the cache directory @home when it is complete."""
    file = home / "ready.json"
    if not file.exists():
        return None
    fields = {field.name for field in dataclasses.fields(Ready)}
    stored = json.loads(file.read_text(encoding="utf-8"))
    return Ready(**{key: value for key, value in stored.items() if key in fields})


def prepare(kernel: Kernel) -> Ready:
    """Make @kernel ready: from the cache when that has the newest version, else fetch or build."""
    if kernel.ready:
        return kernel.ready
    with paths.lock(kernel.store() / "lock"):
        cached = known(kernel)
        archive = Archive(kernel.suite)
        if cached and archive.fresh_since(kernel.store() / "current"):
            return cached
        try:
            archive.refresh()
            version, names_ = resolve(kernel, archive)
        except LabError as error:
            if cached:
                say(f"{kernel.name}: apt cannot tell the newest version, "
                    f"using {cached.version} from the cache")
                return cached
            raise Unavailable(str(error)) from error
        key = version if not kernel.config else f"{version}-{source.config_key(kernel)}"
        home = kernel.store() / key
        ready = _read(home)
        if not ready:
            say(f"{kernel.name}: getting {version}")
            if kernel.source:
                ready = source.build(kernel, archive, version, home)
            else:
                try:
                    ready = fetch(kernel, archive, version, names_, home)
                except LabError:
                    if not cached:
                        raise
                    say(f"{kernel.name}: not to be had, using {cached.version} from the cache")
                    return cached
            (home / "ready.json").write_text(json.dumps(dataclasses.asdict(ready), indent=1),
                                             encoding="utf-8")
            say(f"{kernel.name}: {ready.release} is ready")
        (kernel.store() / "current").write_text(key, encoding="utf-8")
        return ready


def can_be_had(name: str) -> bool:
    """Whether the kernel @name is there or can be had; one that fails is told where it is used."""
    try:
        prepare(load(name))
    except Unavailable:
        return False
    except LabError:
        pass
    return True


@functools.cache
def configured(kernel: Kernel, option: str) -> bool:
    """Whether @kernel is built with CONFIG_@option."""
    file = Path(prepare(kernel).kdir) / "include/config/auto.conf"
    return f"CONFIG_{option}=" in file.read_text(encoding="utf-8")


def listing() -> str:
    """Every kernel with its state, a line each."""
    lines = []
    for name in names():
        kernel = load(name)
        ready = known(kernel)
        state = f"{ready.version}, ready" if ready else (
            f"to be built from {kernel.source}" if kernel.source else "to be fetched")
        lines.append(f"{name:16}{kernel.summary}\n{'':16}{state}")
    lines.append(f"{'host':16}a kernel of your own: KDIR=its headers VMLINUZ=its image")
    return "\n".join(lines)


def resolve(kernel: Kernel, archive: Archive) -> tuple[str, list[str]]:
    """The newest version of @kernel in @archive and the packages which make it up."""
    if kernel.source:
        return archive.version(kernel.source), [kernel.source]
    prefix = kernel.packages[0].replace("{release}", "")
    found = [name for name in archive.search(f"^{prefix}")
             if re.fullmatch(re.escape(prefix) + kernel.release, name)]
    if not found:
        raise LabError(f"{kernel.name}: {archive.suite} has no package {prefix}{kernel.release}")
    newest = max(found, key=lambda name: [int(x) for x in re.findall(r"\d+", name)])
    release = newest.removeprefix(prefix)
    packages = [x.replace("{release}", release) for x in kernel.packages]
    return archive.version(newest), packages


def fetch(kernel: Kernel, archive: Archive, version: str, packages: list[str],
          home: Path) -> Ready:
    """Unpack a distribution's kernel and the headers to build against."""
    release = packages[0].split("-", 2)[2]
    root = home / "root"
    wanted = sorted({name for package in packages
                     for name in archive.closure(package, r"linux-(headers|kbuild)-")})
    for name in wanted:
        say(f"{kernel.name}: {name}")
        archive.unpack(name, archive.version(name), root)
    install_tools({"depmod": "kmod"})
    base = root / "usr" if (root / "usr/lib/modules" / release / "kernel").exists() else root
    run(["depmod", "-b", str(base), release], f"depmod {release}")
    image = next(x for x in (root / f"boot/vmlinuz-{release}",
                             root / f"usr/lib/modules/{release}/vmlinuz") if x.exists())
    headers = root / f"usr/src/linux-headers-{release}"
    # The packaged makefile names /usr/src, where only an installed package is.
    makefile = headers / "Makefile"
    makefile.write_text(re.sub(r"^(include |KBUILD_OUTPUT=)/usr/src", rf"\1{root}/usr/src",
                               makefile.read_text(encoding="utf-8"), flags=re.M),
                        encoding="utf-8")
    return Ready(version=version, release=release, image=str(image), kdir=str(headers),
                 modules=str(base / "lib/modules" / release))
