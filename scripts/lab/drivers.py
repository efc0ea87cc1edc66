# SPDX-License-Identifier: GPL-2.0
"""Builds the example drivers of Documentation/examples as their users would.

A test names them with the modules that they become: drivers=embedded:one,embedded:two.
"""

from __future__ import annotations

from pathlib import Path

from . import build, paths, sync
from .kernels import Kernel, Ready
from .progress import LabError, say

EXAMPLES = "Documentation/examples"
NAME = "mydriver"       # of the module in each example
INSTALLED = "/usr/share/tcslab"


def files(kernel: Kernel, ready: Ready, names: list[str]) -> list[tuple[str, Path]]:
    """What goes into a guest for the drivers @names."""
    return [(f"lib/drivers/{name.split(':')[1]}.ko", driver(kernel, ready, *name.split(":")))
            for name in names]


def driver(kernel: Kernel, ready: Ready, example: str, name: str) -> Path:
    """Build the example as the module @name; tcslab itself has been built before."""
    tcslab, target = kernel.build / "src", kernel.build / "drivers" / name
    with paths.lock(target.with_suffix(".lock")):
        for file in sorted((paths.PROJECT / EXAMPLES / example).iterdir()):
            text = file.read_text(encoding="utf-8").replace(NAME, name)
            text = text.replace(f"{INSTALLED}/include", f"{tcslab}/mod/include")
            write(target / file.name.replace(NAME, name),
                  text.replace(INSTALLED, f"{tcslab}/scripts/packaging"))
        if example == "embedded":
            # Its author has a copy of ours.
            for path, source in sync.sources().items():
                if path.startswith(("Kbuild", "mod/", "scripts/packaging/")):
                    write(target / "tcslab" / path, source.read_text(encoding="utf-8"))
        say(f"{kernel.name}: building the example {example} as {name}")
        # As dkms-hook.sh keeps them.
        kept = kernel.build / "kept"
        kept.mkdir(exist_ok=True)
        for path, there in ("include", "mod/include"), ("Module.symvers", "Module.symvers"):
            if not (kept / path).is_symlink():
                (kept / path).symlink_to(tcslab / there)
        log = build.kbuild(kernel, ready, target, "W=1", f"TCSLAB_KEPT={kept}", binds=[tcslab, kept])
        # What builds here may not be what built the kernel.
        if "warning:" in log.replace("warning: pahole version differs", ""):
            raise LabError(f"{kernel.name}: warnings of {example}:\n{log}")
        return target / f"{name}.ko"


def write(file: Path, text: str) -> None:
    """@text in @file, whose time stamp stays if it is there already."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
