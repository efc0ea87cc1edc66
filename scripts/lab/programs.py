# SPDX-License-Identifier: GPL-2.0
"""Programs of Debian's packages in a guest, with the libraries they need; python3 with its modules."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from .packages import install_tools
from .progress import LabError, run

# Another python3 may come first in the path.
PYTHON = Path("/usr/bin/python3")
# Folders of its library that no test needs.
LEFT_OUT = re.compile(r"test|tests|idlelib|lib2to3|distutils|ensurepip|tkinter|__pycache__|config-.*|"
                      r"pydoc_data|turtledemo|dist-packages|_?sysconfigdata.*|venv|unittest")


def python_library() -> list[tuple[str, Path]]:
    """The modules of Debian's Python."""
    root = Path("/usr/lib") / PYTHON.resolve().name
    return [(str(file).lstrip("/"), file) for file in sorted(root.rglob("*"))
            if file.suffix in (".py", ".so") and
            not any(LEFT_OUT.fullmatch(part) for part in file.relative_to(root).parts)]


def files(wishes: list[str]) -> list[tuple[str, Path]]:
    """What goes into a guest for @wishes like mkfs.f2fs:f2fs-tools."""
    wanted = dict(pair.partition(":")[::2] for pair in wishes)
    install_tools(wanted)
    found: dict[str, Path] = {}
    for name in wanted:
        program = str(PYTHON) if name == PYTHON.name else shutil.which(name)
        if not program or not Path(program).exists():
            raise LabError(f"there is no {name} in package {wanted[name]}")
        found[f"usr/bin/{name}"] = Path(program)
        if name == PYTHON.name:
            found.update(python_library())
        # Not among them, but wanted when a thread ends.
        gcc = Path(run(["gcc", "-print-file-name=libgcc_s.so.1"], "gcc").strip())
        found[f"lib/x86_64-linux-gnu/{gcc.name}"] = gcc.resolve()
        # A line is `name => path (address)`, the loader's is its path.
        for path in re.findall(r"(/\S+) \(0x", run(["ldd", program], f"ldd {name}")):
            found[path.lstrip("/")] = Path(path)
    return sorted(found.items())
