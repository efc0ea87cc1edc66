# SPDX-License-Identifier: GPL-2.0
"""Where statistics come from: debugfs, the device where that is missing or locked, or a file."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import Optional

from . import ioctl, parse, snapshot

DEBUGFS = "/sys/kernel/debug/tcslab"
PARAMETERS = "/sys/module/tcslab/parameters"


class SourceError(Exception):
    """Nothing can be read, and why."""


@dataclasses.dataclass
class Source:
    """One of the three; the first two are this machine's module."""

    folder: Optional[Path] = None
    device: str = ""
    saved: Optional[Path] = None

    def snapshot(self) -> snapshot.Snapshot:
        """What is held now, or was when it was saved."""
        if self.saved:
            return snapshot.load(self.saved)
        if self.folder:
            files = {name: (self.folder / name).read_text("utf-8") for name in parse.FILES}
            files |= {name: (self.folder / name).read_text("utf-8") for name in parse.NEWER
                      if (self.folder / name).exists()}
            return snapshot.from_files(files, time.time(), "debugfs")
        device = ioctl.Device(self.device)
        try:
            return device.snapshot(time.time())
        finally:
            device.close()

    def needs_module(self, what: str) -> None:
        """A file can be looked at, not worked on."""
        if self.saved:
            raise SourceError(f"{what} is for a module that is loaded, not for a file")

    def trim(self) -> int:
        """Give back what nobody uses; the bytes by which less is held then."""
        self.needs_module("trim")
        before = self.snapshot().stats["held_bytes"]
        if self.folder:
            (self.folder / "trim").write_text("1\n", "ascii")
            return before - self.snapshot().stats["held_bytes"]
        device = ioctl.Device(self.device)
        try:
            return device.trim()
        finally:
            device.close()

    def reset_peaks(self) -> None:
        """Begin the high-water marks anew."""
        self.needs_module("reset")
        if not self.folder or not (self.folder / "reset_peaks").exists():
            raise SourceError("peaks are reset in debugfs, which is not here, or by a newer module")
        (self.folder / "reset_peaks").write_text("1\n", "ascii")


def choose(debugfs: str, device: str, saved: str) -> Source:
    """The @saved file if there is one, else what of the others can be read."""
    if saved:
        return Source(saved=Path(saved))
    folder = Path(debugfs)
    try:
        (folder / "stats").read_text("utf-8")
        return Source(folder=folder)
    except OSError as error:
        why = error
    if os.path.exists(device):
        try:
            ioctl.Device(device).close()
            return Source(device=device)
        except OSError as error:
            why = error
    if not os.path.isdir("/sys/module/tcslab"):
        raise SourceError("the module tcslab is not loaded here (modprobe tcslab)")
    raise SourceError(f"neither {folder} nor {device} can be read: {why.strerror}")
