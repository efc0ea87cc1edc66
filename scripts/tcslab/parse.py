# SPDX-License-Identifier: GPL-2.0
"""The text of debugfs as numbers. Everything in Python that reads these files reads them here.

Documentation/abi.md says what is in them: lines are found by name, columns by title, and what is not
known yet is kept.
"""

from __future__ import annotations

import re
from typing import Union

FILES = ("stats", "classes", "caches", "page_heap", "cpu", "spans")
NEWER = ("heaps",)      # not there with modules before 0.2
Row = dict[str, Union[int, str]]


class ParseError(ValueError):
    """This is not what tcslab writes."""


def plain_name(escaped: str) -> str:
    """A cache's name from its column, where a blank is \\040."""
    return re.sub(r"\\([0-7]{3})|\\(.)", lambda m: chr(int(m[1], 8)) if m[1]
                  else {"n": "\n", "t": "\t", "s": " "}.get(m[2], m[2]), escaped)


def key_values(text: str) -> dict[str, int]:
    """The lines `name: value` of the file stats."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"-?\d+", value.strip()):
            raise ParseError(f"not a line of stats: {line!r}")
        found[name] = int(value)
    return found


def table(text: str) -> list[Row]:
    """The rows of a table by the titles of its columns; a name is the last one."""
    lines = text.splitlines()
    if not lines:
        raise ParseError("a table without a title")
    titles = lines[0].split()
    rows = []
    for line in lines[1:]:
        fields = line.split()
        if len(fields) != len(titles):
            raise ParseError(f"{len(fields)} fields below {len(titles)} titles: {line!r}")
        rows.append({title: plain_name(field) if title == "name"
                     else int(field) if re.fullmatch(r"-?\d+", field) else field
                     for title, field in zip(titles, fields)})
    return rows


def lengths(text: str) -> dict[str, int]:
    """The column free_lengths of page_heap: spans by length, as 1:3,>32:1."""
    if text == "-":
        return {}
    return {length: int(number) for length, number in
            (pair.split(":") for pair in text.split(","))}


def split_files(text: str) -> dict[str, str]:
    """What `tail -n +1 stats classes ...` printed, by file."""
    parts = re.split(r"^==> (?:\S*/)?(\S+) <==\n", text, flags=re.M)
    if len(parts) < 3:
        raise ParseError("no files: not what `tail -n +1 stats classes caches ...` prints")
    # tail puts an empty line between two files.
    return {name: re.sub(r"\n\n\Z", "\n", body) for name, body in zip(parts[1::2], parts[2::2])}
