# SPDX-License-Identifier: GPL-2.0
"""Modules of the kernel's own tree, built with tcslab_slab.h from the distribution's source.

What is built is named by its path there: a directory as fs/f2fs, with all of its modules, or one
module of a directory as drivers/md/dm-crypt. The directory is copied and not changed; it lies where
it lay, and what was beside it and beside those above it are links into the source, so that what it
includes by ../ is there. fs/f2fs+heap is the same with a heap of its own (-DTCSLAB_SLAB_HEAP), in
f2fs+heap.ko.
"""

from __future__ import annotations

import os
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
# Of everything that a directory's makefile wants built, one module is left.
ONE = "obj-y :=\nlib-y :=\nextra-y :=\nalways-y :=\nsubdir-y :=\nsubdir-m :=\nobj-m := {}.o\n"
# A distribution's headers have no drivers/ and fs/, and until 6.9 $(src) could not be put behind $(srctree).
FLAGS = """\
$(foreach v,$(filter ccflags-y subdir-ccflags-y CFLAGS_%.o,$(.VARIABLES)),\\
	$(eval $(v) := $(subst $(srctree)/,{root}/,$(subst $(srctree)/$(src),$(src),$($(v))))))
"""


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
    return [*((f"lib/real/{file.stem}{''.join(name.partition('+')[1:])}.ko", file) for name in names
              for file in modules(kernel, ready, name)), ("real/tree.tar", archive(kernel, ready))]


def archive(kernel: Kernel, ready: Ready) -> Path:
    """A tar of a part of the kernel's source."""
    path = kernel.build / "real" / "tree.tar"
    with paths.lock(path.with_suffix(".lock")):
        if not path.exists():
            run(["tar", "-C", str(tree(kernel, ready)), "-cf", f"{path}.new", TREE], "tar")
            path.with_suffix(".tar.new").rename(path)
    return path


def write(file: Path, text: str) -> None:
    """@text in @file, whose time stamp, for which all would be built again, stays if it is there."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def copy(origin: Path, name: str, root: Path) -> Path:
    """Lay out @root as @origin is around the sources of @name, which are copied; their directory."""
    folder, module = origin / name, ""
    if not folder.is_dir():
        folder, module = folder.parent, folder.name
    makefile = next((x for x in ("Kbuild", "Makefile") if (folder / x).exists()), "")
    if not makefile or module and f"{module}.o" not in (folder / makefile).read_text(encoding="utf-8"):
        raise LabError(f"{origin.name} has no module {name}")
    here, target = origin, root
    for part in folder.relative_to(origin).parts:
        target.mkdir(parents=True, exist_ok=True)
        for entry in here.iterdir():
            if entry.name != part and not (target / entry.name).is_symlink():
                (target / entry.name).symlink_to(entry)
        here, target = here / part, target / part
    shutil.copytree(folder, target, dirs_exist_ok=True, ignore=lambda _, names: {
        x for x in names if x.endswith(".o") or x.startswith(".") or x == "Kbuild"})
    for below in {file.parent for x in ("Kbuild", "Makefile") for file in folder.rglob(x)}:
        there, name = target / below.relative_to(folder), "Makefile"
        if (below / "Kbuild").exists():
            name = "Kbuild.kernel"
            shutil.copy2(below / "Kbuild", there / name)
        write(there / "Kbuild", f"include $(src)/{name}\n" + FLAGS.format(root=root) +
              (ONE.format(module) if module and below == folder else ""))
    return target


def read_before(origin: Path, target: Path) -> str:
    """The flag for a header that the core frees what it allocates of, if the sources @target need one."""
    known = (paths.PROJECT / "scripts/border.txt").read_text(encoding="utf-8")
    sources = "".join(file.read_text(encoding="utf-8", errors="replace") for file in target.rglob("*.c"))
    for name, header in re.findall(r"^allocs (\w+) before <(\S+)>", known, re.M):
        file = origin / "include" / header
        if re.search(rf"\b{name}\(", sources) and file.exists() and \
                re.search(rf"\b{name}\(", file.read_text(encoding="utf-8")):
            return f" -DTCSLAB_SLAB_BEFORE=\\<{header}\\>"
    return ""


def add_tools(origin: Path, ready: Ready) -> None:
    """The compiler for ASN.1, which some modules are made with and no package has."""
    tool = Path(ready.kdir) / "scripts/asn1_compiler"
    if not tool.exists():
        new = tool.with_suffix(f".{os.getpid()}")
        run(["gcc", "-O", f"-I{origin}/include", "-o", str(new), f"{origin}/scripts/asn1_compiler.c"],
            "building asn1_compiler")
        new.rename(tool)


def modules(kernel: Kernel, ready: Ready, name: str, native_dup: bool = False) -> list[Path]:
    """Build the module or directory @name against the header; tcslab itself has been built before."""
    tcslab, name = kernel.build / "src", name.rstrip("/")
    root = kernel.build / "real" / name.replace("/", "-")
    name, _, heap = name.partition("+")
    if heap not in ("", "heap"):
        raise LabError(f"{heap} is nothing that {name} can have")
    if not re.fullmatch(r"[\w./-]+", name) or ".." in name or name.startswith("/"):
        raise LabError(f"{name} is no path in the kernel's source")
    with paths.lock(root.with_suffix(".lock")):
        origin = tree(kernel, ready)
        target = copy(origin, name, root)
        add_tools(origin, ready)
        # TRACE_INCLUDE_PATH is relative to include/trace, where some say ../../fs/.
        flags = (f"-I{tcslab}/mod/include -include {tcslab}/{HEADER} "
                 f"-idirafter {root}/include/trace")
        if native_dup or name in NATIVE_DUP:
            flags += " -DTCSLAB_SLAB_NATIVE_DUP"
        flags += read_before(origin, target)
        if heap:
            flags += " -DTCSLAB_SLAB_HEAP"
        source.stock_modules(kernel, ready)     # it may need what they export
        say(f"{kernel.name}: building {name} with tcslab_slab.h")
        build.kbuild(kernel, ready, target, f"KCFLAGS={flags}",
                     f"KBUILD_EXTRA_SYMBOLS={tcslab}/Module.symvers", binds=[root, origin, tcslab])
        order = (target / "modules.order").read_text(encoding="utf-8").split()
        found = [path if path.is_absolute() else target / path
                 for path in (Path(line).with_suffix(".ko") for line in order)]
        if not found:
            raise LabError(f"{kernel.name}: {name} is no module in this kernel's configuration")
        return found
