# SPDX-License-Identifier: GPL-2.0
"""Reads raw pages of the kernel's trace ring buffer (trace_pipe_raw), as written by capture.sh."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Iterator

PAGE = 4096
HEADER = 16  # time stamp of the page, committed bytes
# Upper bits of the committed bytes: events were lost before this page.
MISSED = (1 << 31) | (1 << 30)
PADDING, TIME_EXTEND, TIME_STAMP = 29, 30, 31
DELTA_BITS = 27


class Format:
    """The fields of one event, from its `format` file."""

    def __init__(self, text: str):
        self.name = re.search(r"^name: (\w+)", text, re.M)[1]
        self.id = int(re.search(r"^ID: (\d+)", text, re.M)[1])
        self.fields = {name: (int(offset), int(size)) for name, offset, size in re.findall(
            r"field:.*?(\w+)(?:\[\])?;\s*offset:(\d+);\s*size:(\d+);", text)}
        # Names of gfp flags in the order of bits; newer kernels print shifts, older ones masks.
        self.flags = {name: 1 << int(bit) for bit, name in
                      re.findall(r'<< \((\d+)\)+, "(\w+)"', text)}
        self.flags |= {name: int(mask, 16) for mask, name in
                       re.findall(r'\)0x([0-9a-f]+)u\)+, "(\w+)"', text)}

    def number(self, data: bytes, field: str) -> int:
        """An unsigned field of the event in @data."""
        offset, size = self.fields[field]
        return int.from_bytes(data[offset:offset + size], "little")

    def string(self, data: bytes, field: str) -> str:
        """A string that the event in @data points at by __data_loc."""
        where = self.number(data, field)
        start, length = where & 0xFFFF, where >> 16
        return data[start:start + length].split(b"\0", 1)[0].decode("ascii", "replace")


def events(path: Path) -> Iterator[tuple[int, bytes]]:
    """Time and data of each event of one CPU; time None-less and rising."""
    with open(path, "rb") as stream:
        while page := stream.read(PAGE):
            if len(page) < PAGE:
                raise ValueError(f"{path}: half a page at the end")
            yield from _page(page)


def missed(path: Path) -> int:
    """Pages before which the kernel had to drop events."""
    count = 0
    with open(path, "rb") as stream:
        while page := stream.read(PAGE):
            count += bool(struct.unpack_from("<Q", page, 8)[0] & MISSED)
    return count


def _page(page: bytes) -> Iterator[tuple[int, bytes]]:
    now, commit = struct.unpack_from("<QQ", page)
    at, end = HEADER, HEADER + (commit & 0xFFFFF)
    while at < end:
        head, first = struct.unpack_from("<II", page, at) if at + 8 <= PAGE else (
            struct.unpack_from("<I", page, at)[0], 0)
        kind, delta = head & 31, head >> 5
        if kind == PADDING:
            if not delta:
                return  # the rest of the page
            now += delta
            at += 4 + first
        elif kind == TIME_EXTEND:
            now += delta + (first << DELTA_BITS)
            at += 8
        elif kind == TIME_STAMP:
            # The top 5 bits are not stored; a counter does not come so far.
            now = delta + (first << DELTA_BITS)
            at += 8
        else:
            now += delta
            # A length that does not fit the head stands behind it and counts itself.
            start = at + 4 if kind else at + 8
            length = kind * 4 if kind else first - 4
            yield now, page[start:start + length]
            at = start + (length + 3 & ~3)
