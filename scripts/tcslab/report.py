# SPDX-License-Identifier: GPL-2.0
"""`tcslab report`: a picture of what was held over time, by whom, and how full it is. SVG by hand."""

from __future__ import annotations

import html
from typing import Iterator, Optional

from . import history, text
from .snapshot import Snapshot

WIDTH, LEFT, RIGHT = 960, 70, 250
PLOT = WIDTH - LEFT - RIGHT
HEIGHT = 260            # of the curves
ROW = 18                # of a bar
MOST = 8                # caches with a colour of their own
BARS = 24
# Okabe and Ito's, which people of all eyes can tell apart, and grey for the rest.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c564b")
REST, IDLE = "#bbbbbb", "#dddddd"
STYLE = ("text{font:12px sans-serif;fill:#222}.t{font-size:16px;font-weight:bold}"
         ".g{stroke:#ddd;stroke-width:1}.e{text-anchor:end}.m{text-anchor:middle}")


def words(x: float, y: float, what: str, kind: str = "") -> str:
    """Some text at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}"{f" class={kind!r}" if kind else ""}>{html.escape(what)}</text>'


def rectangle(x: float, y: float, width: float, height: float, fill: str, title: str = "") -> str:
    """A bar; what it is appears below the mouse."""
    inner = f"<title>{html.escape(title)}</title>" if title else ""
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" '
            f'fill="{fill}">{inner}</rect>')


def round_up(count: float) -> float:
    """The end of an axis: 1, 2, 3, 4, 6 or 8 of a power of two of bytes."""
    step = 1024.0
    while step * 8 < count:
        step *= 2
    return step * next(n for n in range(1, 9) if step * n >= count)


def grid(top: float, most: float, begin: float, end: float) -> Iterator[str]:
    """Lines and their numbers."""
    for i in range(5):
        y = top + HEIGHT * (1 - i / 4)
        yield f'<line class="g" x1="{LEFT}" x2="{LEFT + PLOT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield words(LEFT - 6, y + 4, text.size(most * i / 4), "e")
    for i in range(4):
        x = LEFT + PLOT * i / 3
        when = text.moment(begin + (end - begin) * i / 3)
        yield words(x, top + HEIGHT + 16, when if end - begin > 86400 else when[11:], "m")


def layers(samples: list[history.Sample]) -> list[tuple[str, str, list[int]]]:
    """Name, colour and bytes of each layer: the largest caches, other ones, the page heap."""
    names = {name for x in samples for name in x.caches}
    by_peak = sorted(names, key=lambda n: (-max(x.caches.get(n, (0, 0))[0] for x in samples), n))
    found = [(name, colour, [x.caches.get(name, (0, 0))[0] for x in samples])
             for name, colour in zip(by_peak[:MOST], COLOURS)]
    rest = by_peak[MOST:]
    if rest:
        found.append((f"{len(rest)} others", REST,
                      [sum(x.caches.get(n, (0, 0))[0] for n in rest) for x in samples]))
    found.append(("free in the page heap", IDLE, [x.stats.get("heap_free_bytes", 0) for x in samples]))
    return found


def over_time(samples: list[history.Sample], top: float) -> Iterator[str]:
    """Held bytes as layers one above the other."""
    begin, end = samples[0].time, samples[-1].time
    parts = layers(samples)
    most = round_up(max(sum(part[2][i] for part in parts) for i in range(len(samples))))
    yield words(LEFT, top - 12, "Held over time", "t")
    yield from grid(top, most, begin, end)

    def point(i: int, count: float) -> str:
        x = LEFT + PLOT * ((samples[i].time - begin) / (end - begin) if end > begin else 0)
        return f"{x:.1f},{top + HEIGHT * (1 - count / most):.1f}"

    below = [0] * len(samples)
    for name, colour, counts in parts:
        above = [a + b for a, b in zip(below, counts)]
        edge = [point(i, x) for i, x in enumerate(above)]
        edge += [point(i, below[i]) for i in reversed(range(len(samples)))]
        yield (f'<polygon points="{" ".join(edge)}" fill="{colour}"><title>{html.escape(name)}: '
               f"{text.size(counts[-1])} at the end</title></polygon>")
        below = above
    for i, (name, colour, counts) in enumerate(reversed(parts)):
        y = top + 4 + ROW * i
        yield rectangle(LEFT + PLOT + 14, y, 12, 12, colour)
        yield words(LEFT + PLOT + 32, y + 10, f"{text.cut(name, 24)}  {text.size(counts[-1])}")


def occupancy(snap: Snapshot, top: float) -> Iterator[str]:
    """Of each cache the bytes that are in use, and beside them those that are idle."""
    held = snap.held()[:BARS]
    yield words(LEFT, top - 12, "In use and idle, by cache", "t")
    most = max((x["held_bytes"] for x in held), default=1)
    for i, cache in enumerate(held):
        y, width = top + ROW * i, (PLOT - 90) / most
        used, idle = cache.used_bytes * width, cache.idle_bytes * width
        yield words(LEFT + 84, y + 12, text.cut(cache.name, 22), "e")
        yield rectangle(LEFT + 90, y + 2, used, ROW - 4, COLOURS[0],
                        f"{cache.name}: {text.size(cache.used_bytes)} in use")
        yield rectangle(LEFT + 90 + used, y + 2, idle, ROW - 4, COLOURS[1],
                        f"{cache.name}: {text.size(cache.idle_bytes)} idle")
        yield words(LEFT + 96 + used + idle, y + 12,
                    f"{text.size(cache['held_bytes'])}, "
                    f"{100 * cache.used_bytes / cache['held_bytes']:.0f} % in use")


def picture(snap: Snapshot, samples: Optional[list[history.Sample]] = None) -> str:
    """The whole report; the curves need at least two samples."""
    top, parts = 60.0, [words(LEFT, 24, f"tcslab, {text.moment(snap.time)}: "
                              f"{text.size(snap.stats['held_bytes'])} held, "
                              f"{text.size(snap.stats['in_use_bytes'])} in use", "t")]
    if samples and len(samples) > 1:
        parts += over_time(samples, top + 16)
        top += HEIGHT + 90
    else:
        top += 10
    parts += occupancy(snap, top)
    height = top + ROW * min(len(snap.held()), BARS) + 20
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {WIDTH} {height:.0f}">\n<style>{STYLE}</style>\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")
