#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Says which #include of mod/ goes up, into the inside of another folder, or round in a circle."""

import graphlib
import re
import sys
from pathlib import Path

TIERS = ("include", "base", "back", "middle", "front", "caches", "policy", "user", "slab", "mod")
HELP = "declare a hook in {0}/, as tcslab_page_heap_hooks is one, or move what needs it up"
MOD = Path(__file__).resolve().parents[1] / "mod"


def tier(file: Path) -> str:
    """The folder of @file that says what it may include."""
    return file.relative_to(MOD.parent).parts[1 if "include" in file.parts or file.parent != MOD else 0]


def includes(file: Path) -> list[tuple[int, Path]]:
    """Line and file of what @file includes of ours."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if match := re.match(r'#include (?:"([^"]+)"|<(linux/tcslab[^>]*)>)', line):
            places = [MOD / "include" / match[2]] if match[2] else [file.parent / match[1], MOD / match[1]]
            found += [(number, place) for place in places if place.exists()][:1]
    return found


def main() -> int:
    """Look at every file; how many complaints."""
    complaints, graph = [], {}
    for file in sorted(MOD.rglob("*.[ch]")):
        here, graph[file] = tier(file), [other for _, other in includes(file)]
        for number, other in includes(file):
            there, where = tier(other), f"{file.relative_to(MOD.parent)}:{number}: {other.relative_to(MOD)}"
            if TIERS.index(there) > TIERS.index(here):
                complaints.append(f"{where} is above {here}/: {HELP.format(here)}")
            elif there != here and "Inside of" in other.read_text(encoding="utf-8")[:200]:
                complaints.append(f"{where} is the inside of {there}/: use what its other headers offer")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        complaints.append("a circle: " + " -> ".join(str(x.relative_to(MOD)) for x in error.args[1]))
    print("\n".join(complaints), end="\n" if complaints else "")
    return len(complaints)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
