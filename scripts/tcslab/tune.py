# SPDX-License-Identifier: GPL-2.0
"""`tcslab set`: the module's parameters that can be changed while it runs."""

from __future__ import annotations

import os
from pathlib import Path

from . import ioctl, text
from .source import PARAMETERS, SourceError


def names(folder: str = PARAMETERS) -> list[str]:
    """Those that can be changed."""
    return sorted(x.name for x in Path(folder).iterdir() if x.stat().st_mode & 0o200)


def values(device: str, folder: str = PARAMETERS) -> dict[str, str]:
    """All of them, from sysfs, or what the device knows."""
    if os.path.isdir(folder):
        return {name: (Path(folder) / name).read_text("ascii").strip() for name in names(folder)}
    opened = ioctl.Device(device)
    try:
        return {name: str(opened.tunable(name)) for name in ioctl.TUNABLES}
    finally:
        opened.close()


def change(pairs: list[str], device: str, folder: str = PARAMETERS) -> None:
    """Set NAME=VALUE each; none if one of them is no such thing."""
    wanted = []
    known = values(device, folder)
    for pair in pairs:
        name, equal, value = pair.partition("=")
        if not equal or name not in known:
            raise SourceError(f"{pair!r} is not one of {', '.join(f'{x}=' for x in known)}")
        if name.endswith("_bytes") or name == "release_rate":
            value = str(text.bytes_of(value))
        wanted.append((name, value))
    for name, value in wanted:
        if os.path.isdir(folder):
            try:
                (Path(folder) / name).write_text(value + "\n", "ascii")
            except OSError as error:
                raise SourceError(f"{name}={value}: {error.strerror} (see dmesg)") from error
            continue
        opened = ioctl.Device(device)
        try:
            opened.tunable(name, int(value))
        finally:
            opened.close()
