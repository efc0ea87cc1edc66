# SPDX-License-Identifier: GPL-2.0
"""How many guests run at a time, and which beside each other."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Iterator

GIGABYTES_EACH = 3
# Guests that each have more CPUs than their share of the host's spin for locks whose holder does not
# run: on two processors stress.sh takes 34 s in two guests of debug-7.3, kmemleak off, and 7 s in one.
LARGE = 2


def width() -> int:
    """How many guests the host has processors and memory for."""
    gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    return max(2, min(os.cpu_count() or 1, gigabytes // GIGABYTES_EACH))


class Slots:
    """Places for guests. One that runs for a time, whatever it gets done, needs none."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.large = self.small = self.beside = self.small_waiting = 0

    @contextlib.contextmanager
    def taken(self, cpus: int, beside: bool) -> Iterator[None]:
        """Wait for a guest's turn; large ones run beside each other when nothing else is left."""
        kind = "beside" if beside else "large" if cpus > LARGE else "small"
        with self.changed:
            self.small_waiting += kind == "small"
            self.changed.wait_for(lambda: self.fits(kind))
            self.small_waiting -= kind == "small"
            setattr(self, kind, getattr(self, kind) + 1)
            self.changed.notify_all()
        try:
            yield
        finally:
            with self.changed:
                setattr(self, kind, getattr(self, kind) - 1)
                self.changed.notify_all()

    def fits(self, kind: str) -> bool:
        """Whether a guest may start."""
        if kind == "beside":
            return not self.beside
        if self.large + self.small >= width():
            return False
        return kind == "small" or not self.large or not self.small_waiting
