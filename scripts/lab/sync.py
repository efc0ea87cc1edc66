# SPDX-License-Identifier: GPL-2.0
"""Copies the project's sources into a kernel's build directory, touching only what changed.

Several kernels are built from one source tree; each gets a copy, so that no build sees objects of
another and nothing is ever written among the sources.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from . import paths

SOURCES = ("Kbuild", "mod", "selftests", "scripts")
GENERATED = (".o", ".ko", ".cmd", ".mod", ".mod.c", ".pyc", ".order", ".symvers", ".a")


def sources() -> dict[str, Path]:
    """Every source file by its path relative to the project."""
    found: dict[str, Path] = {}
    for top in SOURCES:
        root = paths.PROJECT / top
        files = [root] if root.is_file() else root.rglob("*")
        for file in files:
            if file.is_file() and not file.name.endswith(GENERATED):
                found[str(file.relative_to(paths.PROJECT))] = file
    return found


def digest(wanted: tuple[str, ...] = ("",)) -> str:
    """A hash of the sources whose paths begin with one of @wanted."""
    total = hashlib.sha256()
    for name, file in sorted(sources().items()):
        if name.startswith(wanted):
            total.update(name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:16]


def copy(target: Path) -> None:
    """Make @target's sources equal to the project's, keeping the time stamps of equal files."""
    target.mkdir(parents=True, exist_ok=True)
    manifest = target / ".sources"
    before = set(manifest.read_text(encoding="utf-8").split("\n")) if manifest.exists() else set()
    now = sources()
    for name in before - set(now):
        (target / name).unlink(missing_ok=True)
    for name, file in now.items():
        there = target / name
        if there.exists() and _equal(file, there):
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, there)
    manifest.write_text("\n".join(sorted(now)), encoding="utf-8")


def _equal(one: Path, other: Path) -> bool:
    """Whether two files have the same content and mode."""
    a, b = os.stat(one), os.stat(other)
    return (a.st_size == b.st_size and a.st_mode == b.st_mode
            and one.read_bytes() == other.read_bytes())
