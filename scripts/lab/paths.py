# SPDX-License-Identifier: GPL-2.0
"""Where things are: the project, its build directory, the cache shared by all clones."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Iterator

LAB = Path(__file__).resolve().parent
PROJECT = LAB.parent.parent
BUILD = PROJECT / "build"
KERNELS = LAB.parent / "kernels"
GUEST = LAB / "guest"


def cache(*parts: str) -> Path:
    """A directory of the cache, made when it is missing."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = root.joinpath("tcslab", *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold @path as a lock file: two runs of the lab may share a cache and a build tree."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
