#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""How much memory tcslab and SLUB hold for the same loads, in one boot.

  memory.py [KERNEL...]          default: debian-6.12; writes build/bench/memory.json
  memory.py --plot CURVE OUT     the picture of a curve that the first form wrote
                                 (needs python3-matplotlib)

The rows are those of scripts/bench.py, with the metric `pages` or `basis points`. The pages
held over time go to build/bench/memory-curve-KERNEL.txt: `allocator milliseconds pages live`.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from lab import vm

TOP = Path(__file__).resolve().parent.parent
OUT = TOP / "build" / "bench"
ROW = re.compile(r"# ([\w-]+): tcslab (\d+) slub (\d+)\s*$")
CURVE = re.compile(r"# curve (tcslab|slub) (\d+) (-?\d+) (\d+)\s*$")
MODES = ("waste", "sparse", "idle", "curve")
GUEST = """
insmod /lib/tcslab/tcslab.ko
for mode in %s; do
	dmesg -c >/dev/null
	insmod /lib/tcslab/tcslab_memory.ko mode=$mode && rmmod tcslab_memory
	dmesg | sed -n 's/.*tcslab-context: //p'
done
insmod /lib/tcslab/tcslab_replay.ko
cd /sys/kernel/debug/tcslab_replay
unxz -c /boot.trace.xz >trace && echo pages >run
for part in kmalloc all; do
	ours=$(sed -n "s/^${part}_tcslab_peak_pages //p" result)
	theirs=$(sed -n "s/^${part}_slub_peak_pages //p" result)
	echo "# replay-$part-peak-pages: tcslab $ours slub $theirs"
done
"""


def measure(kernel: str) -> list[dict]:
    """One boot of @kernel; its rows. The curve goes into a file."""
    append = "init_on_alloc=0"
    command = vm.command(kernel, GUEST % " ".join(MODES), "--append", append, "--mem", "2G",
                         "--timeout", "900",
                         "--files", f"{TOP}/selftests/data/boot-6.12.trace.xz:boot.trace.xz")
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    rows, curve = [], []
    for line in out.splitlines():
        if match := CURVE.search(line):
            curve.append(" ".join(match.groups()))
        elif match := ROW.search(line):
            bench, ours, theirs = match[1], int(match[2]), int(match[3])
            metric = "basis points" if bench.endswith("basis-points") else "pages"
            rows.append({"bench": bench, "kernel": kernel, "boot": append, "metric": metric,
                         "tcslab": ours, "slub": theirs, "limit": None,
                         "ratio": round(ours / theirs, 3) if theirs else None})
    if not rows:
        raise SystemExit(f"memory: {kernel} printed no figures")
    (OUT / f"memory-curve-{kernel}.txt").write_text("\n".join(curve) + "\n", encoding="ascii")
    return rows


def plot(source: str, target: str) -> None:
    """Pages held over time, and what was asked for."""
    import matplotlib  # pylint: disable=import-outside-toplevel
    matplotlib.use("svg")
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel
    points: dict[str, list[tuple[int, int, int]]] = {}
    with open(source, encoding="ascii") as file:
        for line in file:
            name, when, pages, live = line.split()
            points.setdefault(name, []).append((int(when), int(pages), int(live)))
    figure, axes = pyplot.subplots(figsize=(8, 4))
    for name, color in (("slub", "tab:orange"), ("tcslab", "tab:blue")):
        axes.plot([when / 1000 for when, _, _ in points[name]],
                  [pages / 256 for _, pages, _ in points[name]], color=color,
                  label={"slub": "SLUB"}.get(name, name))
    axes.plot([when / 1000 for when, _, _ in points["tcslab"]],
              [live / 256 for _, _, live in points["tcslab"]], color="gray", linestyle=":",
              label="asked for and not freed")
    axes.set_xlabel("seconds: load, nine of ten freed at random, idle, demand")
    axes.set_ylabel("MiB held")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.tight_layout()
    figure.savefig(target)


def main() -> None:
    """Measure and print, or draw."""
    if sys.argv[1:2] == ["--plot"]:
        plot(*sys.argv[2:4])
        return
    OUT.mkdir(parents=True, exist_ok=True)
    rows = []
    for kernel in sys.argv[1:] or ["debian-6.12"]:
        rows += measure(kernel)
    for row in rows:
        print(f"{row['kernel']:12} {row['bench']:34} {row['metric']:12} "
              f"{row['tcslab']:9} {row['slub']:9} {row['ratio']}")
    (OUT / "memory.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")
    print(f"written: {(OUT / 'memory.json').relative_to(TOP)}")


if __name__ == "__main__":
    main()
