# SPDX-License-Identifier: GPL-2.0
"""`tcslab top`: caches live, with the keys of slabtop."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Callable, Optional

from . import compare, text
from .parse import ParseError
from .snapshot import Snapshot
from .source import SourceError

HELP = "c held  a in use  w waste  r rate  g growth  u use%  o objects  l spans  s size  n name  q quit"


@dataclasses.dataclass
class Line:
    """A cache now and what became of it since the first and the last look."""

    recent: compare.Change
    since_start: compare.Change

    def value(self, order: str) -> float:
        """What the key @order sorts by."""
        cache = self.recent.after
        assert cache
        held = cache["held_bytes"]
        return {"c": held, "a": cache.used_bytes, "w": cache.idle_bytes,
                "r": self.recent.calls_per_second, "g": self.growth, "o": cache["in_use"],
                "u": cache.used_bytes / held if held else 0, "l": cache["spans"],
                "s": cache["slot_size"]}[order]

    @property
    def growth(self) -> float:
        """Bytes in use more per second, since the first look: a leak is slow."""
        seconds = self.since_start.seconds
        return self.since_start.delta("used_bytes") / seconds if seconds > 0 else 0.0


ORDERS = {"c": "held", "a": "in use", "w": "waste", "r": "rate", "g": "growth", "u": "use%",
          "o": "objects", "l": "spans", "s": "size", "n": "name"}


def ordered(lines: list[Line], order: str) -> list[Line]:
    """By the key @order, the most first; names from the first letter."""
    if order == "n":
        return sorted(lines, key=lambda x: x.recent.name)
    return sorted(lines, key=lambda x: (-x.value(order), x.recent.name))


def measure(first: Snapshot, last: Snapshot, now: Snapshot) -> list[Line]:
    """The lines of caches that hold something."""
    start = {id(x.after): x for x in compare.changes(first, now) if x.after}
    return [Line(x, start[id(x.after)]) for x in compare.changes(last, now)
            if x.after and x.after["held_bytes"]]


def screen(first: Snapshot, last: Snapshot, now: Snapshot, order: str) -> list[str]:
    """What is shown, however long."""
    held, used = now.stats["held_bytes"], now.stats["in_use_bytes"]
    seconds = now.seconds_since(last)
    calls = sum(x.delta("calls") for x in compare.changes(last, now))
    lines = [f"held {text.size(held)} (peak {text.size(now.stats.get('peak_held_bytes', 0))})  "
             f"in use {text.size(used)} ({100 * used / held if held else 0:.1f} %)  free in heap "
             f"{text.size(now.stats['heap_free_bytes'])}  cached "
             f"{text.size(sum(now.stats[f'{x}_bytes'] for x in ('cpu_cached', 'transfer_cached')))}",
             f"calls/s {text.number(max(calls, 0) / seconds if seconds > 0 else 0)}  since "
             f"{text.duration(now.seconds_since(first))}: in use "
             f"{text.signed(text.size(used - first.stats['in_use_bytes']))}  "
             f"sorted by {ORDERS[order]}", HELP, ""]
    rows = []
    for line in ordered(measure(first, last, now), order):
        cache = line.recent.after
        assert cache
        rows.append([text.cut(cache.name, 31), text.size(cache["slot_size"]),
                     text.number(cache["in_use"]), text.size(cache["held_bytes"]),
                     text.size(cache.used_bytes), text.size(cache.idle_bytes),
                     f"{100 * line.value('u'):.0f}", text.number(line.recent.calls_per_second),
                     text.signed(text.size(line.growth))])
    return lines + text.table(["name", "size", "objects", "held", "in use", "waste", "use%",
                               "calls/s", "grows B/s"], rows)


def live(window: Any, read: Callable[[], Snapshot], delay: float, order: str) -> None:
    """Until q is pressed."""
    import curses       # only here, since a small Python is without it

    curses.use_default_colors()
    curses.curs_set(0)
    window.timeout(int(delay * 1000))
    first = last = now = read()
    problem = ""
    while True:
        height, width = window.getmaxyx()
        window.erase()
        shown = [problem] if problem else []
        shown += screen(first, last, now, order)
        title = next(y for y, line in enumerate(shown) if line.startswith("name "))
        for y, line in enumerate(shown[:height]):
            # Not addnstr(), which cannot write into the last column of the last line.
            window.insnstr(y, 0, line, width, curses.A_REVERSE if y == title else curses.A_NORMAL)
        window.refresh()
        begin = time.monotonic()
        key = window.getch()
        letter = chr(key).lower() if 0 <= key < 256 else ""
        if letter == "q":
            return
        if letter in ORDERS:
            order = letter
            continue        # what was measured is shown in another order
        if letter == " " and time.monotonic() - begin < 0.2:
            time.sleep(0.2)     # a rate needs some time
        try:
            fresh, problem = read(), ""
            last, now = now, fresh
        except (OSError, SourceError, ParseError) as error:
            problem = f"nothing can be read: {error}"


def run(read: Callable[[], Snapshot], delay: float, order: str) -> None:
    """In the terminal."""
    import curses

    curses.wrapper(live, read, delay, order)


def once(read: Callable[[], Snapshot], delay: float, order: str,
         first: Optional[Snapshot] = None) -> list[str]:
    """One screen as text, after @delay, or since a @first snapshot."""
    if first is None:
        first = read()
        time.sleep(delay)
    return screen(first, first, read(), order)
