#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Draw build/bench/results.json: plot.py RESULTS.json OUT.svg (needs python3-matplotlib)."""

import json
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402


def main(source: str, target: str) -> None:
    """Ratios of all benches, a group of bars each, a bar per kernel."""
    with open(source, encoding="ascii") as file:
        rows = [row for row in json.load(file) if row["boot"] == "init_on_alloc=0"]
    kernels = sorted({row["kernel"] for row in rows}, key=lambda name: (len(name), name))
    benches = list(dict.fromkeys(row["bench"] for row in rows))
    figure, axes = pyplot.subplots(figsize=(10, 4.5))
    width = 0.8 / len(kernels)
    for i, kernel in enumerate(kernels):
        ratio = {row["bench"]: row["ratio"] for row in rows if row["kernel"] == kernel}
        axes.bar([x + i * width for x in range(len(benches))],
                 [ratio.get(bench, 0) for bench in benches], width, label=kernel)
    axes.axhline(1, color="black", linewidth=1)
    axes.set_xticks([x + 0.4 - width / 2 for x in range(len(benches))], benches,
                    rotation=40, ha="right")
    axes.set_ylabel("instructions, tcslab / SLUB (1 = SLUB)")
    axes.set_title("Exact instruction counts under icount, same boot, init_on_alloc=0")
    axes.legend()
    figure.tight_layout()
    figure.savefig(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
