# SPDX-License-Identifier: GPL-2.0
"""Kernels built from the distribution's source package: tinyconfig plus fragments."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path

from . import paths
from .kernel import Kernel, Ready
from .packages import Archive, install_tools
from .progress import LabError, run, say

TOOLS = {"gcc": "gcc", "make": "make", "flex": "flex", "bison": "bison", "bc": "bc",
         "xz": "xz-utils", "/usr/include/libelf.h": "libelf-dev", "perl": "perl",
         "/usr/include/openssl/ssl.h": "libssl-dev"}
CROSS = {"arm64": "aarch64-linux-gnu-", "s390x": "s390x-linux-gnu-", "riscv64": "riscv64-linux-gnu-",
         "ppc64el": "powerpc64le-linux-gnu-"}
# What the kernels that find bugs are for.
NEEDED = {"KASAN", "KCSAN", "PROVE_LOCKING", "DEBUG_ATOMIC_SLEEP", "DEBUG_KMEMLEAK", "UBSAN",
          "FAILSLAB", "FAIL_PAGE_ALLOC", "DEBUG_LIST", "DEBUG_VM"}
# Kbuild's name of an architecture, and where it puts what can be booted.
IMAGES = {"x86_64": ("x86_64", "arch/x86/boot/bzImage"), "i386": ("i386", "arch/x86/boot/bzImage"),
          "arm64": ("arm64", "arch/arm64/boot/Image"), "um": ("um", "linux"),
          "s390x": ("s390", ""), "riscv64": ("riscv", ""), "ppc64el": ("powerpc", "")}


def cross_tools(kernel: Kernel) -> dict[str, str]:
    """The compiler for @kernel, and its libc for the programs that run there."""
    triple = CROSS[kernel.arch].removesuffix("-")
    tools = {f"{triple}-gcc": f"gcc-{triple}"}
    if kernel.boots:
        tools[f"/usr/{triple}/include/stdio.h"] = f"libc6-dev-{kernel.arch}-cross"
    return tools


def fragments(kernel: Kernel) -> list[Path]:
    """The configuration fragments of @kernel."""
    return [paths.KERNELS / "config" / f"{name}.config" for name in kernel.config]


def config_key(kernel: Kernel) -> str:
    """Changes whenever a fragment does, so that an edit rebuilds the kernel."""
    text = b"".join(file.read_bytes() for file in fragments(kernel)) + repr(kernel.make).encode()
    return hashlib.sha256(text).hexdigest()[:8]


def tree(archive: Archive, package: str, version: str) -> Path:
    """The unpacked kernel source @package, shared by all kernels built from it."""
    home = paths.cache("sources") / f"{package}_{version}"
    with paths.lock(home.with_suffix(".lock")):
        if (home / "Makefile").exists():
            return home
        install_tools({"xz": "xz-utils"})
        scratch = paths.cache("sources", f"{package}.unpack")
        archive.unpack(package, version, scratch)
        run(["tar", "-xf", str(scratch / f"usr/src/{package}.tar.xz"), "-C", str(scratch)],
            f"unpacking {package}")
        (scratch / package).rename(home)
        shutil.rmtree(scratch)
    return home


def make(kernel: Kernel, source: Path, build: Path, *targets: str) -> list[str]:
    """The command line that makes @targets of @kernel in @build."""
    command = ["nice", "-n", "19", "make", "-C", str(source), f"O={build}", "-s",
               f"-j{os.cpu_count()}", f"ARCH={IMAGES[kernel.arch][0]}", "KBUILD_BUILD_HOST=lab",
               "KBUILD_BUILD_USER=tcslab"]
    if kernel.arch in CROSS:
        command.append(f"CROSS_COMPILE={CROSS[kernel.arch]}")
    return [*command, *kernel.make, *targets]


def build(kernel: Kernel, archive: Archive, version: str, home: Path) -> Ready:
    """Configure and build @kernel in @home."""
    tools = dict(TOOLS)
    if kernel.arch in CROSS:
        tools |= cross_tools(kernel)
    install_tools(tools)
    source = tree(archive, kernel.source, version)
    out = home / "build"
    out.mkdir(parents=True, exist_ok=True)
    configure(kernel, source, out)
    say(f"{kernel.name}: building (log: {home / 'build.log'})")
    image = IMAGES[kernel.arch][1]
    targets = [Path(image).name, "modules_prepare"] if kernel.boots else ["modules_prepare"]
    run(make(kernel, source, out, *targets), f"{kernel.name}: building", log=home / "build.log")
    if kernel.boots:
        # Modules of ours need no module of the kernel's.
        shutil.copy(out / "vmlinux.symvers", out / "Module.symvers")
    release = (out / "include/config/kernel.release").read_text(encoding="utf-8").strip()
    if not has_modules(kernel):
        prune(out)
    return Ready(version=version, release=release, image=str(out / image), kdir=str(out))


def has_modules(kernel: Kernel) -> bool:
    """Whether @kernel's configuration has modules of the kernel's own."""
    return any(re.search(r"=m$", file.read_text(encoding="utf-8"), re.M)
               for file in fragments(kernel))


def stock_modules(kernel: Kernel, ready: Ready) -> str:
    """lib/modules/<release> with the kernel's own modules, built when first asked for."""
    if ready.modules or not has_modules(kernel):
        return ready.modules
    build = Path(ready.kdir)
    tree = build.parent / "root/lib/modules" / ready.release
    with paths.lock(build.parent / "modules.lock"):
        if not (tree / "modules.dep").exists():
            install_tools({"depmod": "kmod"})
            source = paths.cache("sources") / f"{kernel.source}_{ready.version}"
            run(make(kernel, source, build, "modules"), f"{kernel.name}: building its modules",
                log=build.parent / "modules.log")
            run(make(kernel, source, build, f"INSTALL_MOD_PATH={build.parent / 'root'}",
                     "modules_install"), f"{kernel.name}: installing its modules")
    return str(tree)


def configure(kernel: Kernel, source: Path, out: Path) -> None:
    """The fragments and nothing else; say which wishes the kernel did not grant."""
    wishes = "".join(file.read_text(encoding="utf-8") for file in fragments(kernel))
    wanted = out / "wanted.config"
    wanted.write_text(wishes, encoding="utf-8")
    # What no fragment names is off, also what a kernel would turn on by default.
    run(make(kernel, source, out, f"KCONFIG_ALLCONFIG={wanted}", "allnoconfig"),
        f"{kernel.name}: configuring")
    got = (out / ".config").read_text(encoding="utf-8").splitlines()
    refused = [wish for wish in re.findall(r"^CONFIG_\w+=[^n\n].*$", wishes, re.M)
               if wish not in got]
    if refused:
        say(f"{kernel.name}: this kernel does not take {' '.join(refused)}")
    if lost := [x for x in refused if x.split("=")[0].removeprefix("CONFIG_") in NEEDED]:
        raise LabError(f"{kernel.name}: without {' '.join(lost)} it would find nothing")
    if "CONFIG_MODULES=y" not in got:
        raise LabError(f"{kernel.name}: the configuration lost CONFIG_MODULES")


def prune(out: Path) -> None:
    """Drop the objects of a finished build: building modules needs none of them."""
    keep = ("scripts", "tools", "arch/x86/entry")
    for pattern in ("*.o", "*.a", "*.cmd"):
        for file in out.rglob(pattern):
            if not str(file.relative_to(out)).startswith(keep):
                file.unlink()
