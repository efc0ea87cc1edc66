# SPDX-License-Identifier: GPL-2.0
"""What a kernel is: one file of scripts/kernels, or one of the user's own."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from pathlib import Path

from . import paths
from .progress import LabError


@dataclasses.dataclass(frozen=True)
class Ready:
    """A kernel that can be built against and booted."""

    version: str           # of the packages it comes from
    release: str           # uname -r
    image: str             # what QEMU boots
    kdir: str              # what `make -C` takes
    modules: str = ""      # lib/modules/<release> with the stock modules, empty when none


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One file of scripts/kernels. Times of tests are multiplied by `slow`."""

    name: str
    summary: str
    suite: str = ""
    release: str = ""
    packages: tuple[str, ...] = ()
    source: str = ""
    config: tuple[str, ...] = ()
    make: tuple[str, ...] = ()    # variables of the kernel's own build, not of modules
    arch: str = "x86_64"
    chroot: bool = False
    smp: int = 2
    nodes: int = 1
    mem: str = "1G"
    append: str = ""
    slow: float = 1
    turns: bool = False           # its CPUs take turns where the host has fewer
    boots: bool = True            # else our modules are built against it and that is all
    ignore: tuple[str, ...] = ()  # reports of this kernel about itself
    ready: Ready | None = None   # nothing to fetch or to build

    @property
    def build(self) -> Path:
        """Where modules for this kernel are built and its logs are kept."""
        return paths.BUILD / self.name

    def store(self) -> Path:
        """This kernel's part of the cache."""
        return paths.cache("kernels", self.name)


def host(kdir: str, image: str) -> Kernel:
    """A kernel of the user's own: headers in @kdir, what boots in @image."""
    file = Path(kdir) / "include/config/kernel.release"
    if not file.exists() or not Path(image).exists():
        raise LabError(f"{file if not file.exists() else image} does not exist")
    release = file.read_text(encoding="utf-8").strip()
    # Installed, or unpacked beside the image.
    stock = [x for x in (Path("/lib/modules") / release,
                         Path(image).resolve().parent.parent / "lib/modules" / release)
             if (x / "modules.dep").exists()]
    return Kernel(name="host", summary="a kernel of the user's own", ready=Ready(
        version=release, release=release, image=str(Path(image).resolve()),
        kdir=str(Path(kdir).resolve()), modules=str(stock[0]) if stock else ""))


def load(name: str) -> Kernel:
    """Read the description of the kernel @name."""
    if name == "host":
        return host(os.environ.get("KDIR", ""), os.environ.get("VMLINUZ", ""))
    file = paths.KERNELS / f"{name}.toml"
    if not file.exists():
        raise LabError(f"no kernel {name}; there are: {' '.join(names())}")
    with open(file, "rb") as stream:
        fields = tomllib.load(stream)
    lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
    return Kernel(name=name, **{**fields, **lists})


def names() -> list[str]:
    """All kernels there is a file for."""
    return sorted(file.stem for file in paths.KERNELS.glob("*.toml"))
