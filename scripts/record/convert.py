# SPDX-License-Identifier: GPL-2.0
"""Turns a capture (raw trace buffers) into a trace that the replay module reads.

The format of a trace is described in Documentation/replay.md.
"""

from __future__ import annotations

import collections
import dataclasses
import heapq
import struct
from pathlib import Path
from typing import Iterator

from . import ringbuffer

MAGIC = b"tcslabtr"
VERSION = 1
KMALLOC = 0xFFFF
NAME_BYTES = 24
CACHE_LINE = 64
# What of the gfp flags matters to an allocator, in a trace's own bits.
GFP = {"__GFP_DIRECT_RECLAIM": 1, "__GFP_ZERO": 2, "GFP_DMA": 4, "GFP_DMA32": 8}
FREE, OTHER_CPU = 1, 2


@dataclasses.dataclass
class Event:
    """One recorded call, or a free that must have happened (@inferred)."""

    cpu: int
    free: bool
    obj: int  # the number of the allocation
    kind: tuple = ()
    inferred: bool = False


@dataclasses.dataclass
class Object:
    """An allocation: what was asked for, where, and the cache's name once a free told it."""

    named: bool
    call_site: int
    request: int
    allocated: int
    gfp: int
    cache: str = ""


@dataclasses.dataclass
class Counts:
    """What became of the recorded events."""

    unknown_frees: int = 0   # of objects older than the recording
    inferred_frees: int = 0  # bulk frees have no tracepoint: the address came again
    cross_cpu: int = 0
    lost: int = 0
    live: int = 0


class Capture:
    """A directory that capture.sh filled."""

    def __init__(self, path: Path):
        self.path = path
        self.formats = {}
        for file in sorted(path.glob("*.format")):
            parsed = ringbuffer.Format(file.read_text(encoding="ascii"))
            self.formats[parsed.id] = parsed
        self.raw = {int(x.stem[3:]): x for x in sorted(path.glob("cpu*.raw"))}
        if not self.formats or not self.raw:
            raise ValueError(f"{path} is no capture")

    def lost(self) -> int:
        """Events which the kernel dropped, by its own count."""
        total = 0
        for file in self.path.glob("cpu*.stats"):
            stats = dict(line.split(": ", 1) for line in
                         file.read_text(encoding="ascii").splitlines() if ": " in line)
            total += sum(int(stats[x]) for x in ("overrun", "commit overrun", "dropped events",
                                                 "unread"))
        return total

    def calls(self) -> Iterator[tuple[int, ringbuffer.Format, bytes]]:
        """CPU, format and data of all events in the order of time."""
        def stream(cpu: int, file: Path) -> Iterator[tuple[int, int, bytes]]:
            for when, data in ringbuffer.events(file):
                yield when, cpu, data
        for _, cpu, data in heapq.merge(*(stream(*x) for x in self.raw.items()),
                                        key=lambda x: x[0]):
            known = self.formats.get(int.from_bytes(data[:2], "little"))
            if known:
                yield cpu, known, data

    def gfp(self, known: ringbuffer.Format, value: int) -> int:
        """The bits of @value that a trace keeps."""
        return sum(bit for name, bit in GFP.items() if value & known.flags[name])


def follow(capture: Capture) -> tuple[list[Event], list[Object], Counts]:
    """Match frees with allocations by address."""
    cpus = {cpu: number for number, cpu in enumerate(sorted(capture.raw))}
    events: list[Event] = []
    objects: list[Object] = []
    homes: list[int] = []
    live: dict[int, int] = {}
    counts = Counts(lost=capture.lost())

    def free(cpu: int, obj: int, inferred: bool) -> None:
        events.append(Event(cpu, True, obj, inferred=inferred))
        counts.inferred_frees += inferred
        counts.cross_cpu += not inferred and homes[obj] != cpu

    for cpu, known, data in capture.calls():
        cpu, pointer = cpus[cpu], known.number(data, "ptr")
        if pointer < ringbuffer.PAGE:
            continue  # a failure, or an object of size 0
        if known.name in ("kfree", "kmem_cache_free"):
            obj = live.pop(pointer, None)
            if obj is None:
                counts.unknown_frees += 1
                continue
            if known.name == "kmem_cache_free" and "name" in known.fields:
                objects[obj].cache = known.string(data, "name")
            free(cpu, obj, False)
            continue
        if pointer in live:
            free(cpu, live.pop(pointer), True)
        live[pointer] = len(objects)
        events.append(Event(cpu, False, len(objects)))
        homes.append(cpu)
        objects.append(Object(known.name.startswith("kmem_cache"),
                              known.number(data, "call_site"), known.number(data, "bytes_req"),
                              known.number(data, "bytes_alloc"),
                              capture.gfp(known, known.number(data, "gfp_flags"))))
    counts.live = len(live)
    return events, objects, counts


def name_caches(objects: list[Object]) -> None:
    """Name the cache of each object that no free named: by its call site, else by its sizes."""
    by_site: dict[tuple, collections.Counter] = collections.defaultdict(collections.Counter)
    by_size: dict[tuple, set[str]] = collections.defaultdict(set)
    for obj in objects:
        if obj.named and obj.cache:
            by_site[obj.call_site, obj.request, obj.allocated][obj.cache] += 1
            by_size[obj.request, obj.allocated].add(obj.cache)
    for obj in objects:
        if not obj.named or obj.cache:
            continue
        names = by_site.get((obj.call_site, obj.request, obj.allocated))
        same = by_size.get((obj.request, obj.allocated), set())
        if names:
            obj.cache = names.most_common(1)[0][0]
        elif len(same) == 1:
            obj.cache = next(iter(same))
        else:
            obj.cache = f"unnamed-{obj.request}-{obj.allocated}"


def alignment(request: int, allocated: int) -> int:
    """The alignment that a cache was made with, as far as its padding shows it."""
    padded = allocated > (request + 7 & ~7)
    return CACHE_LINE if padded and allocated % CACHE_LINE == 0 else 0


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first, the top bit says that more follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(events: list[Event], objects: list[Object], counts: Counts, cpus: int) -> bytes:
    """The trace."""
    name_caches(objects)
    caches: dict[tuple[str, int, int], int] = {}
    kinds: dict[tuple, int] = {}
    order = collections.Counter()
    for obj in objects:
        cache = KMALLOC
        if obj.named:
            cache = caches.setdefault((obj.cache, obj.request, obj.allocated), len(caches))
        order[obj.request, obj.allocated, cache, obj.gfp] += 1
    for kind, _ in order.most_common():
        kinds[kind] = len(kinds)

    body = bytearray()
    cpu, made = 0, 0
    for event in events:
        other = OTHER_CPU if event.cpu != cpu else 0
        if event.free:
            # Ages are small numbers where object numbers would not be.
            body += varint((made - 1 - event.obj) << 2 | other | FREE)
        else:
            obj = objects[event.obj]
            where = caches[obj.cache, obj.request, obj.allocated] if obj.named else KMALLOC
            body += varint(kinds[obj.request, obj.allocated, where, obj.gfp] << 2 | other)
            made += 1
        if other:
            cpu = event.cpu
            body.append(cpu)

    out = bytearray(MAGIC)
    out += struct.pack("<8I", VERSION, cpus, len(events), made, len(caches), len(kinds),
                       counts.lost, counts.inferred_frees)
    for (name, request, allocated), _ in sorted(caches.items(), key=lambda x: x[1]):
        text = name.encode("ascii", "replace")[:NAME_BYTES - 1].ljust(NAME_BYTES, b"\0")
        out += struct.pack("<II", request, alignment(request, allocated)) + text
    for request, allocated, cache, gfp in kinds:
        out += struct.pack("<IIHH", request, allocated, cache, gfp)
    return bytes(out + body)
