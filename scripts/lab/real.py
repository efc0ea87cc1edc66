# SPDX-License-Identifier: GPL-2.0
"""Modules of the kernel's own tree, built with tcslab_slab.h from the distribution's source.

A module is named by its path there: a directory as fs/f2fs, or one module of a directory as
drivers/md/dm-crypt. Its files are copied and not changed.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from . import build, paths, source
from .kernels import Kernel, Ready
from .packages import Archive
from .progress import LabError, run, say

# Give what kmemdup() returns to the core: f2fs a posix_acl that goes into an inode.
NATIVE_DUP = {"fs/f2fs"}
TREE = "lib"
HEADER = "mod/include/linux/tcslab_slab.h"


def tree(kernel: Kernel, ready: Ready) -> Path:
    """The source that @kernel was built from."""
    if kernel.ready:
        raise LabError("which source a kernel of the user's own was built from is not known")
    package = kernel.source or "linux-source-" + ".".join(ready.release.split(".")[:2])
    version = ready.version
    return source.tree(Archive(kernel.suite), package, version)


def files(kernel: Kernel, ready: Ready, names: list[str]) -> list[tuple[str, Path]]:
    """What goes into a guest for the modules @names, with something to unpack on a file system."""
    if not names:
        return []
    return [*((f"lib/real/{Path(name).name}.ko", module(kernel, ready, name)) for name in names),
            ("real/tree.tar", archive(kernel, ready))]


def archive(kernel: Kernel, ready: Ready) -> Path:
    """A tar of a part of the kernel's source."""
    path = kernel.build / "real" / "tree.tar"
    with paths.lock(path.with_suffix(".lock")):
        if not path.exists():
            run(["tar", "-C", str(tree(kernel, ready)), "-cf", f"{path}.new", TREE], "tar")
            path.with_suffix(".tar.new").rename(path)
    return path


def copy(origin: Path, name: str, target: Path) -> str:
    """Copy the sources of the module @name below @origin to @target; the module's file name."""
    folder, module = origin / name, Path(name).name
    kbuild = "include $(src)/Makefile\n"
    if not folder.is_dir():
        folder = folder.parent
        kbuild += f"obj-y :=\nobj-m := {module}.o\n"
        makefile = folder / "Makefile"
        if not makefile.exists() or f"{module}.o" not in makefile.read_text(encoding="utf-8"):
            raise LabError(f"{origin.name} has no module {name}")
    shutil.copytree(folder, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.o", ".*"))
    file = target / "Kbuild"
    # Its time stamp is what everything would be built again for.
    if not file.exists() or file.read_text(encoding="utf-8") != kbuild:
        file.write_text(kbuild, encoding="utf-8")
    return f"{module}.ko"


def module(kernel: Kernel, ready: Ready, name: str, native_dup: bool = False) -> Path:
    """Build the module @name against the header; tcslab itself has been built before."""
    tcslab = kernel.build / "src"
    target = kernel.build / "real" / name
    if not re.fullmatch(r"[\w./-]+", name) or ".." in name or name.startswith("/"):
        raise LabError(f"{name} is no path in the kernel's source")
    with paths.lock(kernel.build / "real" / f"{Path(name).name}.lock"):
        file = copy(tree(kernel, ready), name, target)
        flags = f"-I{tcslab}/mod/include -include {tcslab}/{HEADER}"
        if native_dup or name in NATIVE_DUP:
            flags += " -DTCSLAB_SLAB_NATIVE_DUP"
        source.stock_modules(kernel, ready)     # it may need what they export
        say(f"{kernel.name}: building {name} with tcslab_slab.h")
        build.kbuild(kernel, ready, target, f"KCFLAGS={flags}",
                     f"KBUILD_EXTRA_SYMBOLS={tcslab}/Module.symvers", binds=[tcslab])
        if not (target / file).exists():
            raise LabError(f"{kernel.name}: {name} is no module in this kernel's configuration")
        return target / file
