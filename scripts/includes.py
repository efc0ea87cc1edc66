#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Says which #include of mod/ goes up, into the inside of another folder, or round in a circle."""

import graphlib
import re
import sys
from pathlib import Path

TIERS = "include base back debug middle front caches policy user slab mod selftests".split()
HELP = "declare a hook in {0}/, as tcslab_page_heap_hooks is one, or move what needs it up"
TOP = Path(__file__).resolve().parents[1]
MOD = TOP / "mod"


def tier(file: Path) -> str:
    """What says which files @file may include: its folder; the drop-in's headers are slab's."""
    parts = file.relative_to(TOP).parts
    if file.name.startswith("tcslab_slab"):
        return "slab"
    return parts[1] if parts[0] == "mod" and len(parts) > 2 else parts[0]


def includes(file: Path) -> list[tuple[int, Path]]:
    """Line and file of what @file includes of ours."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s*["<]?([^">]+)', line):
            places = [folder / match[1] for folder in (file.parent, MOD, MOD / "include")]
            found += [(number, place.resolve()) for place in places if place.exists()][:1]
    return found


complaints, graph = [], {}
for source in sorted(MOD.rglob("*.[ch]")):
    here, graph[source] = tier(source), [other for _, other in includes(source)]
    for line_number, other in includes(source):
        there, where = tier(other), f"{source.relative_to(TOP)}:{line_number}: {other.relative_to(TOP)}"
        if TIERS.index(there) > TIERS.index(here):
            complaints.append(f"{where} is above {here}/: {HELP.format(here)}")
        elif there != here and "Inside of" in other.read_text(encoding="utf-8")[:200]:
            complaints.append(f"{where} is the inside of {there}/: use what its other headers offer")
try:
    graphlib.TopologicalSorter(graph).prepare()
except graphlib.CycleError as error:
    complaints.append("a circle: " + " -> ".join(str(x.relative_to(TOP)) for x in error.args[1]))
print("".join(f"{complaint}\n" for complaint in complaints), end="")
sys.exit(bool(complaints))
