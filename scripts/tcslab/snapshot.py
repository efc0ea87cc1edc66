# SPDX-License-Identifier: GPL-2.0
"""What tcslab held at one moment, wherever it was read; what follows from it; saving and loading."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

from . import parse

FORMAT = 1      # of the saved form; changes only if something is taken away
TIERS = ("in_use", "cpu_cached", "transfer_cached", "central_free", "tail", "heap_free")
# Columns of debugfs that have another name here, which is that of <linux/tcslab.h>.
RENAMED = {"cpu": "cpu_cached", "transfer": "transfer_cached", "central": "central_free",
           "object": "object_size", "size": "slot_size", "refusals": "limit_refusals",
           "overruns": "limit_overruns", "objs": "span_objs"}


@dataclasses.dataclass
class Cache:
    """One size class or named cache."""

    name: str
    zone: str
    node: int
    general: bool
    numbers: dict[str, int]
    serial: int = 0     # of several that are the same in all of the above

    @property
    def key(self) -> tuple[object, ...]:
        """Whose it is, in another snapshot as well: names need not be unique."""
        return (self.name, self.zone, self.node, self.general, self["slot_size"],
                self.numbers.get("created_ms", 0), self.serial)

    def __getitem__(self, name: str) -> int:
        return self.numbers.get(name, 0)

    @property
    def used_bytes(self) -> int:
        """In objects that users hold."""
        return self["in_use"] * self["slot_size"]

    @property
    def idle_bytes(self) -> int:
        """In spans, and nobody's: free objects and tails."""
        return self["held_bytes"] - self.used_bytes

    @property
    def calls(self) -> int:
        """Allocations and frees so far, about: bulk calls count once, a drain of an array as one.

        A miss enters the array twice, a call that found it busy not at all.
        """
        return max(self["entries"] - self["refills"] - self["flushes"] + self["nested"], 0)

    @property
    def failures(self) -> int:
        """Allocations that got nothing, as far as the module counts them."""
        return self["limit_refusals"] + self["no_memory"]


@dataclasses.dataclass
class Snapshot:
    """Everything at one moment; bytes are bytes, whatever the file said."""

    time: float
    source: str
    page_size: int
    stats: dict[str, int]
    caches: list[Cache]
    heaps: list[dict[str, Any]]
    cpus: list[dict[str, int]] = dataclasses.field(default_factory=list)
    spans: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    owners: list[dict[str, Any]] = dataclasses.field(default_factory=list)  # rows of heaps

    def __post_init__(self) -> None:
        seen: dict[tuple[object, ...], int] = {}
        for cache in self.caches:
            cache.serial = 0
            seen[cache.key] = seen.get(cache.key, -1) + 1
            cache.serial = seen[cache.key]

    def seconds_since(self, before: Snapshot) -> float:
        """By the module's own clock where both have it and it was not loaded anew."""
        ours, theirs = (x.stats.get("uptime_ms", 0) for x in (self, before))
        return (ours - theirs) / 1000 if ours > theirs > 0 else self.time - before.time

    def by_key(self) -> dict[tuple[object, ...], Cache]:
        """The caches by what they can be found by in another snapshot."""
        return {cache.key: cache for cache in self.caches}

    def held(self) -> list[Cache]:
        """Caches that hold memory, the largest first."""
        return sorted((x for x in self.caches if x["held_bytes"]),
                      key=lambda x: (-x["held_bytes"], x.name))

    def tiers(self) -> dict[str, int]:
        """Bytes of each tier, which are all that is held."""
        return {tier: self.stats.get(f"{tier}_bytes", 0) for tier in TIERS}

    def to_json(self) -> dict[str, Any]:
        """The saved form."""
        return {"tcslab": FORMAT, "time": self.time, "source": self.source,
                "page_size": self.page_size, "stats": self.stats,
                "caches": [{"name": x.name, "zone": x.zone, "node": x.node, "general": x.general,
                            **x.numbers, "used_bytes": x.used_bytes, "idle_bytes": x.idle_bytes,
                            "calls": x.calls} for x in self.caches],
                "heaps": self.heaps, "cpus": self.cpus, "spans": self.spans,
                "owners": self.owners}


def from_json(data: dict[str, Any]) -> Snapshot:
    """A snapshot from its saved form."""
    if data.get("tcslab") != FORMAT:
        raise parse.ParseError("not a snapshot of tcslab, or of a newer one")
    derived = ("used_bytes", "idle_bytes", "calls")
    caches = [Cache(x["name"], x["zone"], x["node"], x["general"],
                    {k: v for k, v in x.items() if isinstance(v, int) and not isinstance(v, bool)
                     and k not in ("node", *derived)}) for x in data["caches"]]
    return Snapshot(data["time"], data["source"], data["page_size"], data["stats"], caches,
                    data["heaps"], data.get("cpus", []), data.get("spans", []),
                    data.get("owners", []))


def page_size_of(stats: dict[str, int], heaps: list[parse.Row]) -> int:
    """Bytes per page where the files come from, which need not be this machine."""
    pages = sum(int(x["held"]) for x in heaps)
    size = stats["held_bytes"] // pages if pages else 0
    # Something may have come between the reading of the two: the nearest power of two.
    nearest = 1 << (size - 1).bit_length() if size > 1 else 0
    if size and nearest - size > size - nearest // 2:
        nearest //= 2
    return nearest if nearest in (4096, 16384, 65536) else os.sysconf("SC_PAGE_SIZE")


def cache_from_row(row: parse.Row, page: int, general: bool) -> Cache:
    """A row of classes or caches."""
    numbers = {RENAMED.get(k, k): v for k, v in row.items() if isinstance(v, int) and k != "node"}
    numbers["held_bytes"] = numbers.pop("held") * page
    numbers["span_bytes"] = numbers.pop("pages") * page
    numbers.pop("idle_bytes", None)
    if "peak_held" in numbers:
        numbers["peak_held_bytes"] = numbers.pop("peak_held") * page
    numbers.setdefault("object_size", numbers["slot_size"])
    return Cache(str(row["name"]), str(row["zone"]), int(row.get("node", -1)), general, numbers)


def heap_from_row(row: parse.Row, page: int) -> dict[str, Any]:
    """A row of page_heap; what is a length there is bytes here."""
    in_pages = ("held", "free", "small", "large", "longest_free", "peak_held", "peak_used")
    heap: dict[str, Any] = {f"{k}_bytes" if k in in_pages else k:
                            int(v) * page if k in in_pages else v
                            for k, v in row.items() if k != "frag%"}
    heap["free_lengths"] = parse.lengths(str(row.get("free_lengths", "-")))
    return heap


def from_files(files: dict[str, str], when: float, source: str) -> Snapshot:
    """A snapshot from the text of the files in debugfs."""
    try:
        stats = parse.key_values(files["stats"])
        heaps = parse.table(files["page_heap"])
        page = page_size_of(stats, heaps)
        caches = [cache_from_row(row, page, general) for name, general in
                  (("classes", True), ("caches", False)) for row in parse.table(files[name])]
        return Snapshot(when, source, page, stats, caches,
                        [heap_from_row(row, page) for row in heaps],
                        [{k: int(v) for k, v in row.items()}
                         for row in parse.table(files.get("cpu", "cpu\n"))],
                        [dict(row) for row in parse.table(files.get("spans", "name\n"))],
                        [dict(row) for row in parse.table(files.get("heaps", "name\n"))])
    except KeyError as missing:
        raise parse.ParseError(f"there is no {missing}") from missing


def load(path: Path) -> Snapshot:
    """A saved snapshot: JSON of `tcslab show --json`, a copy of the folder, or tail's output."""
    if path.is_dir():
        files = {name: (path / name).read_text("utf-8") for name in parse.FILES + parse.NEWER
                 if (path / name).exists()}
        return from_files(files, (path / "stats").stat().st_mtime, str(path))
    text = path.read_text("utf-8")
    if text.lstrip().startswith("{"):
        return from_json(json.loads(text))
    stamp = re.match(r"# time: ([\d.]+)\n", text)
    return from_files(parse.split_files(text), float(stamp[1]) if stamp else path.stat().st_mtime,
                      str(path))
