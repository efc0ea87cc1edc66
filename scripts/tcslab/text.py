# SPDX-License-Identifier: GPL-2.0
"""Numbers for people: bytes, rates, bars, and tables of at most 100 columns."""

from __future__ import annotations

import datetime
import re

WIDTH = 100
STEPS = " ▏▎▍▌▋▊▉█"
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def size(count: float) -> str:
    """Bytes with three figures or so: 12.3M; exact below 1 KiB."""
    sign, count = "-" if count < 0 else "", abs(count)
    if count < 1000:
        return f"{sign}{count:.0f}"
    for unit in "KMGT":
        count /= 1024
        if count < 999.5 or unit == "T":
            break
    return f"{sign}{count:.{2 if count < 9.995 else 1 if count < 99.95 else 0}f}{unit}"


def number(count: float) -> str:
    """A count, shortened from a million on."""
    for unit, step in (("G", 1e9), ("M", 1e6)):
        if abs(count) >= step:
            return f"{count / step:.1f}{unit}"
    return f"{count:.0f}"


def signed(text: str) -> str:
    """With a plus where something came."""
    return text if text.startswith("-") or text == "0" else f"+{text}"


def bytes_of(word: str) -> int:
    """64M as the module's parameters take it."""
    if not (found := re.fullmatch(r"(0x[0-9a-f]+|\d+)([kmgt]?)", word.lower())):
        raise ValueError(f"{word} is no number of bytes: 65536, 64K, 64M, 1G")
    return int(found[1], 0) * UNITS[found[2]]


def seconds_of(word: str) -> float:
    """90, 90s, 5m, 1h, 2d."""
    if not (found := re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", word)):
        raise ValueError(f"{word} is no time: 90s, 5m, 1h, 2d")
    return float(found[1]) * SECONDS[found[2] or "s"]


def duration(seconds: float) -> str:
    """A time in the two largest units."""
    seconds = int(seconds + 0.5)
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"),
             (seconds % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{n} {unit}" for n, unit in parts[:2] if n or unit == "s")


def moment(when: float) -> str:
    """A date and time."""
    return datetime.datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M:%S")


def bar(part: float, whole: float, width: int) -> str:
    """@part of @whole as a bar in a field of @width."""
    eighths = round(8 * width * part / whole) if whole else 0
    full, rest = divmod(min(max(eighths, 0), 8 * width), 8)
    return ("█" * full + (STEPS[rest] if rest else "")).ljust(width)


def cut(name: str, width: int) -> str:
    """@name in @width, with blanks that cannot break a line."""
    name = "".join(x if x.isprintable() else "?" for x in name)
    return name if len(name) <= width else name[:width - 1] + "~"


def table(titles: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    widths = [max(len(x) for x in column) for column in zip(titles, *rows)]
    return ["  ".join(field.ljust(width) if i == 0 else field.rjust(width)
                      for i, (field, width) in enumerate(zip(row, widths))).rstrip()
            for row in [titles, *rows]]
