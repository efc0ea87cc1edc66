# SPDX-License-Identifier: GPL-2.0
"""What became more between two snapshots."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from . import text
from .snapshot import Cache, Snapshot


@dataclasses.dataclass
class Change:
    """One cache in two snapshots, or in one of them."""

    name: str
    before: Optional[Cache]
    after: Optional[Cache]
    seconds: float

    def delta(self, name: str) -> int:
        """How much more of @name, a number or a property of caches."""
        return self._value(self.after, name) - self._value(self.before, name)

    @staticmethod
    def _value(cache: Optional[Cache], name: str) -> int:
        if cache is None:
            return 0
        return getattr(cache, name) if hasattr(cache, name) else cache[name]

    @property
    def calls_per_second(self) -> float:
        """Allocations and frees, about; see Cache.calls."""
        return max(self.delta("calls"), 0) / self.seconds if self.seconds > 0 else 0

    @property
    def allocations(self) -> int:
        """About: what was called, and exactly what of it was not freed."""
        return max((self.delta("calls") + self.delta("in_use")) // 2, 0)

    @property
    def state(self) -> str:
        """`new` and `gone` caches are worth a word."""
        return "new" if self.before is None else "gone" if self.after is None else ""

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        cache = self.after or self.before
        assert cache
        return {"name": cache.name, "zone": cache.zone, "node": cache.node,
                "general": cache.general, "state": self.state,
                "in_use_delta": self.delta("in_use"), "used_bytes_delta": self.delta("used_bytes"),
                "held_bytes_delta": self.delta("held_bytes"),
                "idle_bytes_delta": self.delta("idle_bytes"),
                "held_bytes": self.after["held_bytes"] if self.after else 0,
                "allocations": self.allocations,
                "frees": max(self.allocations - self.delta("in_use"), 0),
                "calls_per_second": round(self.calls_per_second, 3),
                "failures_delta": self.delta("failures")}


def changes(before: Snapshot, after: Snapshot) -> list[Change]:
    """Every cache of either, what grew most first."""
    old, new = before.by_key(), after.by_key()
    found = [Change((new.get(key) or old[key]).name, old.get(key), new.get(key),
                    after.seconds_since(before)) for key in {**old, **new}]
    return sorted(found, key=lambda x: (-x.delta("used_bytes"), -x.delta("held_bytes"), x.name))


def stats_delta(before: Snapshot, after: Snapshot) -> dict[str, int]:
    """How much more of each total that both have."""
    return {name: after.stats[name] - before.stats[name] for name in after.stats
            if name in before.stats}


def diff_json(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """`tcslab diff --json`."""
    return {"from": before.time, "to": after.time, "seconds": after.seconds_since(before),
            "stats": stats_delta(before, after),
            "caches": [x.to_json() for x in changes(before, after) if moved(x)]}


def moved(change: Change) -> bool:
    """Is there anything to say of it?"""
    return bool(change.state and (change.after or change.before)["held_bytes"] or    # type: ignore
                any(change.delta(x) for x in ("in_use", "held_bytes", "calls", "failures")))


def diff_lines(before: Snapshot, after: Snapshot) -> list[str]:
    """`tcslab diff`."""
    seconds = after.seconds_since(before)
    totals = stats_delta(before, after)
    lines = [f"{text.moment(before.time)} to {text.moment(after.time)}: "
             f"{text.duration(abs(seconds))}"]
    words = (("held", "held_bytes"), ("in use", "in_use_bytes"), ("free in the page heap",
                                                                 "heap_free_bytes"))
    lines.append(", ".join(f"{word} {text.signed(text.size(totals.get(name, 0)))}"
                           for word, name in words))
    rows = []
    for change in filter(moved, changes(before, after)):
        rows.append([text.cut(change.name, 31), text.signed(text.number(change.delta("in_use"))),
                     text.signed(text.size(change.delta("used_bytes"))),
                     text.signed(text.size(change.delta("held_bytes"))),
                     text.signed(text.size(change.delta("idle_bytes"))),
                     text.size(change.after["held_bytes"]) if change.after else "0",
                     text.number(change.allocations), text.number(change.calls_per_second),
                     change.state])
    large = totals.get("large_bytes", 0)
    if large:
        rows.append(["(objects of whole pages)", "-", text.signed(text.size(large)),
                     text.signed(text.size(large)), "0",
                     text.size(after.stats["large_bytes"]), "-", "-", ""])
    return lines + ["", *text.table(["name", "objects", "in use", "held", "idle", "held now",
                                     "allocs~", "calls/s~", ""], rows)]
