# SPDX-License-Identifier: GPL-2.0
"""A snapshot as metrics, in Prometheus' text format or in OpenMetrics.

The two differ in how a counter is announced and in the last line. node_exporter's textfile collector
reads the first.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Iterator, Union

from .snapshot import TIERS, Cache, Snapshot

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Labels = dict[str, str]
Value = Union[int, float]


@dataclasses.dataclass
class Family:
    """One metric with all its samples."""

    name: str           # without _total
    kind: str           # gauge or counter
    help: str
    unit: str = ""
    samples: list[tuple[Labels, Value]] = dataclasses.field(default_factory=list)


# Of the file stats: name, kind, line, help.
TOTALS = (
    ("tcslab_held_bytes", "gauge", "held_bytes", "Memory taken from the kernel."),
    ("tcslab_held_peak_bytes", "gauge", "peak_held_bytes", "The most that was held."),
    ("tcslab_large_bytes", "gauge", "large_bytes", "In use in objects of whole pages."),
    ("tcslab_releasable_bytes", "gauge", "releasable_bytes", "What a trim would give back at once."),
    ("tcslab_metadata_bytes", "gauge", "metadata_bytes", "What describes the memory, not part of it."),
    ("tcslab_rcu_waiting_bytes", "gauge", "rcu_bytes", "In use, waiting for a grace period."),
    ("tcslab_array_entries", "counter", "entries", "Times that per-CPU arrays were entered."),
    ("tcslab_array_refills", "counter", "refills", "Batches that per-CPU arrays fetched."),
    ("tcslab_array_flushes", "counter", "flushes", "Batches that per-CPU arrays gave back."),
    ("tcslab_array_nested", "counter", "nested", "Calls that found an array busy or closed."),
    ("tcslab_scavenged_bytes", "counter", "scavenged_bytes", "Given back in the background."),
    ("tcslab_shrunk_bytes", "counter", "shrunk_bytes", "Given back under memory pressure."),
    ("tcslab_hard_limit_refusals", "counter", "limit_refusals",
     "Allocations that hard_limit_bytes refused."),
    ("tcslab_guard_reports", "counter", "guard_reports", "Mistakes with guarded objects."),
)
# Of each cache that holds memory or has been used.
PER_CACHE: tuple[tuple[str, str, str, Callable[[Cache], int]], ...] = (
    ("tcslab_cache_held_bytes", "gauge", "Memory in the cache's spans.", lambda x: x["held_bytes"]),
    ("tcslab_cache_in_use_bytes", "gauge", "In objects that users hold.", lambda x: x.used_bytes),
    ("tcslab_cache_in_use_objects", "gauge", "Objects that users hold.", lambda x: x["in_use"]),
    ("tcslab_cache_limit_bytes", "gauge", "The cache's limit, 0 for none.",
     lambda x: x["limit_bytes"]),
    ("tcslab_cache_calls", "counter", "Allocations and frees, about: bulk calls count once.",
     lambda x: x.calls),
)
REASONS = {"limit": "limit_refusals", "memory": "no_memory"}
PER_HEAP = (
    ("tcslab_heap_held_bytes", "gauge", "held_bytes", "In chunks of the page heap."),
    ("tcslab_heap_free_bytes", "gauge", "free_bytes", "Free in the page heap."),
    ("tcslab_heap_longest_free_bytes", "gauge", "longest_free_bytes", "The longest free span."),
    ("tcslab_heap_chunks_grown", "counter", "grown", "Chunks taken from the kernel."),
    ("tcslab_heap_chunks_released", "counter", "released", "Chunks given back."),
)


PER_OWNER = (
    ("tcslab_owner_held_bytes", "gauge", "held_bytes", "In spans and large objects of the owner's heap."),
    ("tcslab_owner_in_use_bytes", "gauge", "in_use_bytes", "In objects of the owner's heap."),
    ("tcslab_owner_in_use_objects", "gauge", "objects", "Objects of the owner's heap."),
    ("tcslab_owner_limit_bytes", "gauge", "limit_bytes", "The heap's limit, 0 for none."),
)


def unit_of(name: str) -> str:
    """The unit at the end of a name, where there is one."""
    last = name.rsplit("_", 1)[-1]
    return last if last in ("bytes", "seconds") else ""


def cache_labels(cache: Cache) -> Labels:
    """What tells a cache from others; `number` only where all else is the same."""
    labels = {"cache": cache.name, "zone": cache.zone, "kind": "class" if cache.general else "named"}
    if cache.node >= 0:
        labels["node"] = str(cache.node)
    if cache.serial:
        labels["number"] = str(cache.serial)
    return labels


def families(snap: Snapshot) -> Iterator[Family]:
    """All metrics of a snapshot."""
    for name, kind, line, text in TOTALS:
        if line in snap.stats:
            yield Family(name, kind, text, unit_of(name), [({}, snap.stats[line])])
    if "uptime_ms" in snap.stats:
        yield Family("tcslab_uptime_seconds", "gauge", "Since the module was loaded.", "seconds",
                     [({}, snap.stats["uptime_ms"] / 1000)])
    tiers = Family("tcslab_tier_bytes", "gauge", "What is held, by tier: together all of it.", "bytes")
    tiers.samples = [({"tier": tier}, snap.tiers()[tier]) for tier in TIERS]
    yield tiers
    wanted = []
    for cache in snap.caches:
        if not (cache["held_bytes"] or cache["entries"] or cache.failures or not cache.general):
            continue
        # Caches may differ in what is no label, as the size: no two series may have the same ones.
        labels = cache_labels(cache)
        number = sum(x == labels for x, _ in wanted)
        while any(x == labels for x, _ in wanted):
            number += 1
            labels = {**labels, "number": str(number)}
        wanted.append((labels, cache))
    for name, kind, text, value in PER_CACHE:
        yield Family(name, kind, text, unit_of(name), [(labels, value(x)) for labels, x in wanted])
    yield Family("tcslab_cache_failures", "counter", "Allocations that got nothing, by reason.", "",
                 [({**labels, "reason": reason}, x.numbers[field]) for labels, x in wanted
                  for reason, field in REASONS.items() if field in x.numbers])
    for name, kind, field, text in PER_HEAP:
        yield Family(name, kind, text, unit_of(name),
                     [({"node": str(x["node"]), "zone": x["zone"]}, x[field])
                      for x in snap.heaps if x["held_bytes"] or x["grown"]])
    seen: dict[str, int] = {}
    names = []
    for owner in snap.owners:
        name = str(owner["name"])
        names.append({"heap": name} | ({"number": str(seen[name])} if name in seen else {}))
        seen[name] = seen.get(name, 0) + 1
    for name, kind, field, text in PER_OWNER:
        yield Family(name, kind, text, unit_of(name),
                     [(labels, x[field]) for labels, x in zip(names, snap.owners)])
    yield Family("tcslab_snapshot_timestamp_seconds", "gauge", "When these were read.", "seconds",
                 [({}, round(snap.time, 3))])


def escaped(value: str) -> str:
    """A label's value."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def render(snap: Snapshot, openmetrics: bool) -> str:
    """The text of a scrape."""
    lines = []
    for family in families(snap):
        if not family.samples:
            continue
        counter = family.kind == "counter"
        name = f"{family.name}_total" if counter else family.name
        shown = family.name if openmetrics else name
        lines.append(f"# HELP {shown} {family.help}")
        lines.append(f"# TYPE {shown} {family.kind}")
        if openmetrics and family.unit:
            lines.append(f"# UNIT {shown} {family.unit}")
        for labels, value in family.samples:
            inside = ",".join(f'{k}="{escaped(v)}"' for k, v in labels.items())
            lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")
    return "\n".join(lines + ["# EOF"] * openmetrics) + "\n"
