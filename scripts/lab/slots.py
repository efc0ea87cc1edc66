# SPDX-License-Identifier: GPL-2.0
"""How many guests run at a time: as many as have processors and memory."""

from __future__ import annotations

import collections
import contextlib
import os
import threading
from typing import Iterator

# Guests of a few CPUs share the host's processors well. Where each has more CPUs than the host has
# for both, their CPUs spin for locks whose holder does not run: two of four CPUs on two processors
# took more than three times as long beside each other as one after the other.
CPUS_EACH = 2
GIGABYTES_EACH = 3


def width() -> int:
    """How many guests of two CPUs that is."""
    gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    return max(2, min(os.cpu_count() or 1, gigabytes // GIGABYTES_EACH))


class Slots:
    """CPUs for guests, handed out in the order of asking, so that large guests get theirs."""

    def __init__(self) -> None:
        self.all = self.free = width() * CPUS_EACH
        self.changed = threading.Condition()
        self.queue: collections.deque[object] = collections.deque()

    @contextlib.contextmanager
    def taken(self, cpus: int) -> Iterator[None]:
        """Wait for a guest's turn."""
        cpus, me = min(max(cpus, CPUS_EACH), self.all), object()
        with self.changed:
            self.queue.append(me)
            self.changed.wait_for(lambda: self.queue[0] is me and self.free >= cpus)
            self.queue.popleft()
            self.free -= cpus
            self.changed.notify_all()
        try:
            yield
        finally:
            with self.changed:
                self.free += cpus
                self.changed.notify_all()
