# SPDX-License-Identifier: GPL-2.0
"""`tcslab show`: who holds the memory, what of it is idle, and how the page heap looks."""

from __future__ import annotations

from typing import Any

from . import text
from .snapshot import Cache, Snapshot

TIER_NAMES = {"in_use": "in use", "cpu_cached": "free, in per-CPU arrays",
              "transfer_cached": "free, in transfer caches", "central_free": "free, in spans",
              "tail": "ends of spans", "heap_free": "free, in the page heap"}
HEAP_WIDTH = 64
MARKS = (("small_bytes", "█", "spans of caches"), ("large_bytes", "▓", "large objects"),
         ("free_bytes", "·", "free"))


def tiers(snap: Snapshot) -> list[str]:
    """What is held, by tier."""
    held = snap.stats["held_bytes"]
    lines = [f"held {text.size(held)} (peak {text.size(snap.stats.get('peak_held_bytes', 0))}), "
             f"and {text.size(snap.stats.get('metadata_bytes', 0))} to describe it"]
    for tier, count in snap.tiers().items():
        share = 100 * count / held if held else 0
        lines.append(f"  {TIER_NAMES[tier]:24} {text.size(count):>8} {share:5.1f} %  "
                     f"{text.bar(count, held, 40)}".rstrip())
    extra = [("large objects", "large_bytes"), ("a trim would give back at once", "releasable_bytes"),
             ("waits for a grace period", "rcu_bytes")]
    lines += [f"  {name}: {text.size(snap.stats[key])}" for name, key in extra if snap.stats.get(key)]
    return lines


def kind(cache: Cache) -> str:
    """Whose it is, in a word."""
    return "class" if cache.general else "cache"


def cache_row(cache: Cache) -> list[str]:
    """One cache in the table."""
    share = 100 * cache.used_bytes / cache["held_bytes"] if cache["held_bytes"] else 0
    return [text.cut(cache.name, 31), kind(cache), text.size(cache["slot_size"]),
            text.number(cache["in_use"]), text.size(cache["held_bytes"]),
            text.size(cache.used_bytes), text.size(cache.idle_bytes), f"{share:.0f}",
            text.number(cache.failures)]


def caches(snap: Snapshot, everything: bool = False) -> list[str]:
    """The table of caches, the largest first."""
    wanted = snap.held()
    if everything:
        wanted += sorted((x for x in snap.caches if not x["held_bytes"]), key=lambda x: x.name)
    rows = [cache_row(x) for x in wanted]
    large = snap.stats.get("large_bytes", 0)
    if large:
        rows.append(["(objects of whole pages)", "large", "-", "-", text.size(large),
                     text.size(large), "0", "100", "-"])
    return text.table(["name", "kind", "size", "objects", "held", "in use", "idle", "use%",
                       "failed"], rows)


def owners(snap: Snapshot) -> list[str]:
    """Heaps of owners, the largest first: all of their general memory, whatever its size."""
    rows = [[text.cut(str(x["name"]), 31), text.number(x["objects"]), text.size(x["held_bytes"]),
             text.size(x["in_use_bytes"]), text.size(x["peak_bytes"]),
             text.size(x["limit_bytes"]) if x["limit_bytes"] else "-",
             text.number(x["refusals"] + x["no_memory"])]
            for x in sorted(snap.owners, key=lambda x: -x["held_bytes"])]
    return text.table(["heap of", "objects", "held", "in use", "peak", "limit", "failed"],
                      rows) if rows else []


def heap_picture(heap: dict[str, Any], width: int = HEAP_WIDTH) -> str:
    """The pages of one heap in proportion: in spans of caches, large, free."""
    held = heap["held_bytes"]
    picture, done = "", 0
    for name, mark, _ in MARKS:
        done += heap[name]
        picture += mark * (round(width * done / held) - len(picture) if held else 0)
    return picture.ljust(width)


def heaps(snap: Snapshot) -> list[str]:
    """The page heaps that hold something, each with a picture."""
    lines = ["page heap: " + "  ".join(f"{mark} {name}" for _, mark, name in MARKS)]
    for heap in snap.heaps:
        if not heap["held_bytes"]:
            continue
        free, longest = heap["free_bytes"], heap["longest_free_bytes"]
        lines.append(f"  node {heap['node']} {heap['zone']:6} [{heap_picture(heap)}] "
                     f"{text.size(heap['held_bytes'])}")
        lines.append(f"    {heap['chunks']} chunks, {heap['free_chunks']} of them free; "
                     f"{text.size(free)} free in {heap['free_spans']} spans, the longest "
                     f"{text.size(longest)}")
        if heap["free_lengths"]:
            lines += free_lengths(heap["free_lengths"])
    return lines


def free_lengths(lengths: dict[str, int]) -> list[str]:
    """Free spans by their length, some beside each other."""
    words = [f"{n} of {length.replace('>', 'more than ')}" for length, n in lengths.items()]
    lines, line = [], "    free spans, by pages:"
    for word in words:
        if len(line) + len(word) + 2 > text.WIDTH:
            lines.append(line)
            line = "     "
        line += f"  {word}"
    return [*lines, line]


def occupancy(snap: Snapshot, most: int = 12) -> list[str]:
    """How full the spans of the largest caches are: full, by free objects, empty."""
    if not snap.spans:
        return []
    steps = [x for x in snap.spans[0] if x not in ("zone", "size", "objs", "spans", "name")]
    lines = ["spans by how many of their objects are free (a mark is a tenth of the cache's spans):"]
    by_bytes = sorted(snap.spans, key=lambda x: -x["spans"] * x["objs"] * x["size"])
    for row in by_bytes[:most]:
        marks = "".join(f"{_mark(row[step], row['spans'])}" for step in steps)
        lines.append(f"  {text.cut(row['name'], 31):31} {text.number(row['spans']):>8} spans  "
                     f"full|{marks}|empty")
    return lines


def _mark(count: int, whole: int) -> str:
    """A digit from 0 to 9, * for more than nine tenths, a blank for none."""
    if not count:
        return " "
    tenths = 10 * count // whole
    return "*" if tenths > 9 else str(tenths)


def lines(snap: Snapshot, everything: bool = False) -> list[str]:
    """All of it."""
    parts = [[f"tcslab at {text.moment(snap.time)}, from {snap.source}"], tiers(snap),
             owners(snap), caches(snap, everything), heaps(snap), occupancy(snap)]
    out: list[str] = []
    for part in parts:
        out += [*part, ""] if part else []
    return out[:-1]
