# SPDX-License-Identifier: GPL-2.0
"""Builds tcslab and its test modules for a kernel, in that kernel's build directory."""

from __future__ import annotations

import os
import re
from pathlib import Path

from . import chroot, paths, sync
from .kernels import Kernel, Ready
from .packages import Archive, install_tools
from .progress import LabError, run
from .source import CROSS, IMAGES, cross_tools

CHECKED = ("debian-6.1", "debian-6.12", "debian-7.3")      # where sparse looks at what is compiled
COMPLAINTS = ".complaints"
TOOLS = {"gcc": "gcc", "make": "make", "/usr/include/libelf.h": "libelf-dev"}


def kbuild(kernel: Kernel, ready: Ready, tree: Path, *arguments: str,
           binds: list[Path] | None = None) -> str:
    """Run Kbuild over @tree for @kernel, which may need @binds too; returns what it printed."""
    if not (tree / "Kbuild").exists():
        raise LabError("there is no Kbuild at the top of the project")
    # Without BTF: it wants pahole for each module, and nothing here reads it. The option stays, which
    # makefiles of the kernel's modules ask for.
    argv = ["make", "-C", ready.kdir, f"M={tree}", f"-j{os.cpu_count()}",
            f"ARCH={IMAGES[kernel.arch][0]}", "cmd_btf_ko=:", *arguments, "modules"]
    if not kernel.boots:
        argv.append("KBUILD_MODPOST_WARN=1")    # there is no kernel to have symbols
    if kernel.arch in CROSS:
        argv.insert(1, f"CROSS_COMPILE={CROSS[kernel.arch]}")
    log = kernel.build / "logs" / f"{tree.name}-build.log"
    what = f"{kernel.name}: building modules"
    if not kernel.chroot:
        return run(argv, what, log=log)
    root = Path(ready.kdir).parents[2]  # .../usr/src/linux-headers-x
    return run(chroot.command(chroot.prepare(Archive(kernel.suite)), [root, tree, *(binds or [])], argv),
               what, log=log)


def note_complaints(tree: Path, log: str) -> None:
    """Keep what compiler and sparse said of our files, which the next build looks at again."""
    lines = [line for line in log.splitlines()
             if re.search(r"(mod|modules|lab)/\S+: (warning|error):", line)]
    for file in tree.rglob("*.o") if lines else ():
        file.unlink()
    (tree / COMPLAINTS).write_text("\n".join(lines), encoding="utf-8")


def stripped(kernel: Kernel, module: Path) -> Path:
    """A copy of @module without what is for debuggers, which is most of it: guests can be small."""
    small = kernel.build / "stripped" / module.name
    with paths.lock(kernel.build / "stripped.lock"):
        if not small.exists() or small.stat().st_mtime < module.stat().st_mtime:
            small.parent.mkdir(exist_ok=True)
            new = small.with_suffix(".new")
            run([f"{CROSS.get(kernel.arch, '')}strip", "--strip-debug", "-o", str(new), str(module)],
                f"{kernel.name}: stripping {module.name}", kernel.build / "strip.log")
            new.rename(small)
    return small


def modules(kernel: Kernel, ready: Ready, tests: str = "1", *flags: str) -> list[Path]:
    """Build what changed since the last time and return the modules.

    @tests are suites of test modules: their folders' names, 1 for all of them, or nothing.
    """
    install_tools(TOOLS | ({"sparse": "sparse"} if kernel.name in CHECKED else {}))
    if kernel.arch in CROSS:
        install_tools(cross_tools(kernel))
    tree = kernel.build / "src"
    with paths.lock(kernel.build / "src.lock"):
        sync.copy(tree)
        checked = kernel.name in CHECKED
        log = kbuild(kernel, ready, tree, "W=1", *(["C=1"] if checked else []),
                     *([f"TCSLAB_TESTS={tests}"] if tests else []), *flags)
        if checked:
            note_complaints(tree, log)
        # modules.order has what this configuration builds; older objects may lie about.
        order = (tree / "modules.order").read_text(encoding="utf-8").split()
        found = []
        for name in order:
            path = Path(name).with_suffix(".ko")
            found.append(path if path.is_absolute() else tree / path)
        return found
