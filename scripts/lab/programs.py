# SPDX-License-Identifier: GPL-2.0
"""Programs of Debian's packages in a guest, with the libraries they need."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from .packages import install_tools
from .progress import LabError, run


def files(wishes: list[str]) -> list[tuple[str, Path]]:
    """What goes into a guest for @wishes like mkfs.f2fs:f2fs-tools."""
    wanted = dict(pair.partition(":")[::2] for pair in wishes)
    install_tools(wanted)
    found: dict[str, Path] = {}
    for name in wanted:
        program = shutil.which(name)
        if not program:
            raise LabError(f"there is no {name} in package {wanted[name]}")
        found[f"usr/bin/{name}"] = Path(program)
        # Not among them, but wanted when a thread ends.
        gcc = Path(run(["gcc", "-print-file-name=libgcc_s.so.1"], "gcc").strip())
        found[f"lib/x86_64-linux-gnu/{gcc.name}"] = gcc.resolve()
        # A line is `name => path (address)`, the loader's is its path.
        for path in re.findall(r"(/\S+) \(0x", run(["ldd", program], f"ldd {name}")):
            found[path.lstrip("/")] = Path(path)
    return sorted(found.items())
