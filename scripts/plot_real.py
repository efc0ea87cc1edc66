#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Draw build/real/results.json: plot_real.py RESULTS.json OUT.svg (needs python3-matplotlib)."""

import json
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402


def main(source: str, target: str) -> None:
    """Ratios of instructions and of pages, a group of bars per module, a bar per kernel."""
    with open(source, encoding="ascii") as file:
        rows = json.load(file)
    kernels = sorted({row["kernel"] for row in rows}, key=lambda name: (len(name), name))
    modules = sorted({row["module"] for row in rows})
    figure, both = pyplot.subplots(1, 2, figsize=(11, 4))
    width = 0.8 / len(kernels)
    for axes, name, title in zip(both, ("centiseconds", "pages"),
                                 ("instructions of the whole workload", "pages in caches, at most")):
        for i, kernel in enumerate(kernels):
            ratio = {row["module"]: row["tcslab"][name] / row["untouched"][name]
                     for row in rows if row["kernel"] == kernel and row["untouched"][name] > 0}
            axes.bar([x + i * width for x in range(len(modules))],
                     [ratio.get(module, 0) for module in modules], width, label=kernel)
        axes.axhline(1, color="black", linewidth=1)
        axes.set_xticks([x + 0.4 - width / 2 for x in range(len(modules))], modules,
                        rotation=40, ha="right")
        axes.set_title(f"{title}\ntcslab / untouched module (1 = the same)", fontsize=10)
    both[0].legend()
    figure.tight_layout()
    figure.savefig(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
