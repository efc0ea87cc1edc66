# SPDX-License-Identifier: GPL-2.0
"""What was held over time: a line a sample in a file of bounded size, and whether something grows.

`tcslab watch --history` writes it, `growth` and `report` read it. A sample has of each cache that holds
memory only what these two ask for.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, Iterable, Optional

from . import text
from .parse import ParseError
from .snapshot import Cache, Snapshot

FILE = "/var/lib/tcslab/history.jsonl"
MOST_BYTES = 32 << 20       # then the file becomes FILE.1, and that one goes
STATS = ("held_bytes", "in_use_bytes", "large_bytes", "cpu_cached_bytes", "transfer_cached_bytes",
         "central_free_bytes", "tail_bytes", "heap_free_bytes", "peak_held_bytes")


@dataclasses.dataclass
class Sample:
    """One line: totals, and of caches bytes held and in use."""

    time: float
    stats: dict[str, int]
    caches: dict[str, tuple[int, int]]


def label(cache: Cache) -> str:
    """A name for a cache that is the same in every sample."""
    words = [cache.name]
    if cache.node >= 0:
        words.append(f"node {cache.node}")
    if cache.zone != "normal" and not cache.general:
        words.append(cache.zone)
    if cache.serial:
        words.append(f"number {cache.serial + 1}")
    return words[0] if len(words) == 1 else f"{words[0]} ({', '.join(words[1:])})"


def sample(snap: Snapshot) -> Sample:
    """The part of a snapshot that is kept."""
    caches: dict[str, tuple[int, int]] = {}
    for cache in snap.caches:
        if not cache["held_bytes"]:
            continue
        held, used = caches.get(label(cache), (0, 0))
        caches[label(cache)] = (held + cache["held_bytes"], used + cache.used_bytes)
    stats = {name: snap.stats[name] for name in STATS if name in snap.stats}
    if stats.get("large_bytes"):
        caches["(objects of whole pages)"] = (stats["large_bytes"], stats["large_bytes"])
    return Sample(snap.time, stats, caches)


def append(path: Path, new: Sample) -> None:
    """Add a sample to the file, which is begun anew when it is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > MOST_BYTES:
        os.replace(path, f"{path}.1")
    line = json.dumps({"time": round(new.time, 3), "stats": new.stats, "caches": new.caches},
                      separators=(",", ":"))
    with open(path, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def _lines(path: Path) -> Iterable[str]:
    for name in (Path(f"{path}.1"), path):
        if name.exists():
            with open(name, encoding="utf-8") as file:
                yield from file


def read(path: Path, since: float = 0) -> list[Sample]:
    """The samples from @since on; a line that was cut by a crash is left out."""
    found = []
    for line in _lines(path):
        try:
            data = json.loads(line)
            if data["time"] >= since:
                caches = {k: (int(v[0]), int(v[1])) for k, v in data["caches"].items()}
                found.append(Sample(data["time"], data["stats"], caches))
        except (ValueError, KeyError, TypeError):
            if line.endswith("\n"):
                raise ParseError(f"{path}: not a line of history: {line[:60]!r}") from None
    return sorted(found, key=lambda x: x.time)


@dataclasses.dataclass
class Trend:
    """One cache, or everything, over the samples."""

    name: str
    used: list[int]
    held: list[int]
    times: list[float]

    @property
    def grown(self) -> int:
        """Bytes in use more than at first."""
        return self.used[-1] - self.used[0]

    @property
    def per_hour(self) -> float:
        """The slope of the line that fits best, in bytes per hour."""
        mean_t, mean_y = (sum(x) / len(x) for x in (self.times, self.used))
        below = sum((t - mean_t) ** 2 for t in self.times)
        above = sum((t - mean_t) * (y - mean_y) for t, y in zip(self.times, self.used))
        return 3600 * above / below if below else 0.0

    @property
    def verdict(self) -> str:
        """growing: the least of the last third is above the most of the first."""
        third = len(self.used) // 3
        if not third:
            return "too few samples"
        first, last = self.used[:third], self.used[-third:]
        if min(last) > max(first):
            return "growing"
        return "shrinking" if max(last) < min(first) else "no trend"

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"name": self.name, "used_bytes": self.used[-1], "held_bytes": self.held[-1],
                "grown_bytes": self.grown, "bytes_per_hour": round(self.per_hour),
                "verdict": self.verdict}


def trends(samples: list[Sample]) -> list[Trend]:
    """Everything together first, then the caches, what grows fastest first."""
    times = [x.time for x in samples]
    total = Trend("(everything)", [x.stats.get("in_use_bytes", 0) for x in samples],
                  [x.stats["held_bytes"] for x in samples], times)
    names = {name for x in samples for name in x.caches}
    found = [Trend(name, [x.caches.get(name, (0, 0))[1] for x in samples],
                   [x.caches.get(name, (0, 0))[0] for x in samples], times) for name in names]
    return [total, *sorted(found, key=lambda x: (-x.per_hour, x.name))]


def growth_lines(samples: list[Sample], most: Optional[int] = 20) -> list[str]:
    """`tcslab growth`: is it growing, and what."""
    found = trends(samples)
    rows = [[text.cut(x.name, 36), text.size(x.used[-1]), text.signed(text.size(x.grown)),
             text.signed(text.size(x.per_hour)), x.verdict]
            for x in found[:1] + [x for x in found[1:] if x.grown or x.verdict == "growing"][:most]]
    return [f"{len(samples)} samples, {text.moment(samples[0].time)} to "
            f"{text.moment(samples[-1].time)}", "",
            *text.table(["name", "in use", "grown", "per hour", "verdict"], rows)]
