# SPDX-License-Identifier: GPL-2.0
"""/dev/tcslab: the structs of <linux/tcslab.h> that have statistics, trim and tunables.

For machines where debugfs is locked down or missing. Everything is there but the CPUs, the spans by
occupancy and the lengths of free spans.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from typing import Any, Iterator, Optional

from .snapshot import Cache, Snapshot

DEVICE = "/dev/tcslab"
TYPE = 0xd3
ABI = 1
ZONES = ("normal", "dma32", "dma")
VERSION, STATS, CLASS, CACHE, HEAP, TRIM = range(6)
GET_TUNABLE, SET_TUNABLE = 12, 13

# Fields by call, in order, behind size and flags: I and i are 32 bits, Q is 64.
FIELDS = {
    VERSION: "I abi I nr_classes I nr_zones I nr_nodes Q features Q page_size Q max_class_size "
             "Q max_length",
    STATS: "Q held_bytes Q peak_held_bytes Q in_use_bytes Q large_bytes Q cpu_cached_bytes "
           "Q transfer_cached_bytes Q central_free_bytes Q tail_bytes Q heap_free_bytes "
           "Q metadata_bytes Q releasable_bytes Q scavenged_bytes Q shrunk_bytes Q entries Q refills "
           "Q flushes Q nested Q file_handles Q file_bytes Q file_quota Q limit_refusals Q no_memory "
           "Q uptime_ms",
    CLASS: "I index I zone i node I span_objs Q object_size Q slot_size Q span_bytes Q in_use "
           "Q cpu_cached Q transfer_cached Q central_free Q spans Q tail_bytes Q entries Q refills "
           "Q flushes Q nested Q limit_bytes Q limit_refusals 32s name Q held_bytes "
           "Q no_memory Q peak_held_bytes Q created_ms",
    HEAP: "I index I zone i node I pad Q held_bytes Q peak_held_bytes Q peak_used_bytes Q free_bytes "
          "Q small_bytes Q large_bytes Q longest_free_bytes Q chunks Q free_chunks Q free_spans "
          "Q small_spans Q large_spans Q grown Q released",
    TRIM: "Q released_bytes",
    GET_TUNABLE: "I id I pad Q value",
}
FIELDS[CACHE] = FIELDS[CLASS]
FIELDS[SET_TUNABLE] = FIELDS[GET_TUNABLE]
# What an older module does not know stays 0.
TUNABLES = {"release_rate": 0, "keep_bytes": 1, "cpu_budget_bytes": 3, "soft_limit_bytes": 4,
            "hard_limit_bytes": 5}


class Device:
    """The open device."""

    def __init__(self, path: str = DEVICE):
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self.version = self.call(VERSION)
        if self.version["abi"] != ABI:
            self.close()
            raise OSError(errno.EPROTO, f"{path} has ABI {self.version['abi']}, this program {ABI}")

    def close(self) -> None:
        """Close it."""
        os.close(self.fd)

    def call(self, number: int, **arguments: int) -> dict[str, Any]:
        """One call: the struct as it came back."""
        words = FIELDS[number].split()
        names = words[1::2]
        layout = struct.Struct("=II" + "".join(words[::2]))
        values = [arguments.get(name, b"" if kind == "32s" else 0)
                  for kind, name in zip(words[::2], names)]
        buffer = bytearray(layout.pack(layout.size, 0, *values))
        fcntl.ioctl(self.fd, TYPE << 8 | number, buffer)
        return dict(zip(names, layout.unpack(buffer)[2:]))

    def rows(self, number: int, **fixed: int) -> Iterator[dict[str, Any]]:
        """The answers for index 0, 1 and so on."""
        index = 0
        while True:
            try:
                yield self.call(number, index=index, **fixed)
            except OSError as error:
                if error.errno != errno.ENOENT:
                    raise
                return
            index += 1

    def cache(self, row: dict[str, Any], general: bool) -> Cache:
        """A cache from its struct."""
        numbers = {name: value for name, value in row.items() if isinstance(value, int)
                   and name not in ("index", "zone", "node")}
        name = row["name"].split(b"\0")[0].decode("utf-8", "replace")
        return Cache(name, ZONES[row["zone"]], row["node"], general, numbers)

    def snapshot(self, when: float) -> Snapshot:
        """What debugfs would say, as far as it is here."""
        stats = {name: value for name, value in self.call(STATS).items()
                 if not name.startswith("file_")}
        caches = [self.cache(row, general) for number, general in ((CLASS, True), (CACHE, False))
                  for row in self.rows(number)]
        heaps = [{**row, "zone": ZONES[row["zone"]], "free_lengths": {}} for row in self.rows(HEAP)]
        for heap in heaps:
            del heap["index"], heap["pad"]
        return Snapshot(when, DEVICE, self.version["page_size"], stats, caches, heaps)

    def trim(self) -> int:
        """Give back what nobody uses; the bytes that went."""
        return int(self.call(TRIM)["released_bytes"])

    def tunable(self, name: str, value: Optional[int] = None) -> int:
        """A tunable, which is set first if there is a @value."""
        if value is not None:
            self.call(SET_TUNABLE, id=TUNABLES[name], value=value)
        return int(self.call(GET_TUNABLE, id=TUNABLES[name])["value"])
