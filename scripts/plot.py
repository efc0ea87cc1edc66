#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Draw build/bench/results.json and put it into Documentation/ (needs python3-matplotlib).

  plot.py      write Documentation/results/*.svg and results.json, and the table in
               Documentation/benchmarks.md between its two markers
"""

import json
import re
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

TOP = Path(__file__).resolve().parent.parent
SOURCE = TOP / "build" / "bench" / "results.json"
PAGE = TOP / "Documentation" / "benchmarks.md"
TARGET = TOP / "Documentation" / "results"
BOOT = "init_on_alloc=0"
CURVES = (("curve-burst-", "objects in a burst"), ("curve-size-", "bytes of an object"),
          ("curve-cpus-", "CPUs under TCG (the shape only)"))
BEGIN, END = "<!-- table: scripts/plot.py -->\n", "<!-- end of table -->\n"


def bars(rows: list[dict], title: str) -> None:
    """Ratios of all benches, a group of bars each, a bar per kernel."""
    rows = [x for x in rows if x["boot"] == BOOT and not x["bench"].startswith(("curve-", "size-"))
            and x["ratio"] is not None]
    kernels = sorted({x["kernel"] for x in rows}, key=lambda name: (len(name), name))
    benches = list(dict.fromkeys(x["bench"] for x in rows))
    figure, axes = pyplot.subplots(figsize=(14, 5))
    width = 0.8 / len(kernels)
    for i, kernel in enumerate(kernels):
        ratio = {x["bench"]: x["ratio"] for x in rows if x["kernel"] == kernel}
        axes.bar([x + i * width for x in range(len(benches))],
                 [ratio.get(bench, 0) for bench in benches], width, label=kernel)
    axes.axhline(1, color="black", linewidth=1)
    axes.set_xticks([x + 0.4 - width / 2 for x in range(len(benches))], benches,
                    rotation=50, ha="right", fontsize=8)
    axes.set_ylabel("tcslab / SLUB (1 = SLUB)")
    axes.set_title(f"tcslab against SLUB, same boot, {BOOT}\n{title}", fontsize=9)
    axes.legend()
    figure.tight_layout()
    figure.savefig(TARGET / "ratios.svg")


def curves(rows: list[dict], title: str) -> None:
    """Cost against work: a figure for each kind of curve, both allocators."""
    rows = [x for x in rows if x["bench"].startswith("curve-")]
    if not rows:
        return
    figure, all_axes = pyplot.subplots(1, len(CURVES), figsize=(14, 4))
    for axes, (prefix, label) in zip(all_axes, CURVES):
        for kernel in sorted({x["kernel"] for x in rows if x["bench"].startswith(prefix)}):
            points = sorted((int(x["bench"].removeprefix(prefix)), x["tcslab"], x["slub"])
                            for x in rows if x["kernel"] == kernel and x["bench"].startswith(prefix))
            metric = next(x["metric"] for x in rows
                          if x["kernel"] == kernel and x["bench"].startswith(prefix))
            for column, name in ((1, "tcslab"), (2, "SLUB")):
                axes.plot([x[0] for x in points], [x[column] for x in points], marker=".",
                          label=f"{name}, {kernel}, {metric}")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel(label)
        axes.legend(fontsize=6)
    figure.suptitle(title, fontsize=9)
    figure.tight_layout()
    figure.savefig(TARGET / "curves.svg")


def table(rows: list[dict]) -> str:
    """The rows that a reader compares, in Markdown."""
    lines = ["| bench | kernel | boot | metric | tcslab | SLUB | limit | ratio |",
             "|---|---|---|---|---|---|---|---|"]
    for x in rows:
        if not x["bench"].startswith(("curve-", "size-")):
            limit = f"{x['limit']:.2f}" if x["limit"] else ""
            ratio = f"{x['ratio']:.3f}" if x["ratio"] is not None else ""
            lines.append(f"| {x['bench']} | {x['kernel']} | {x['boot']} | {x['metric']} | "
                         f"{x['tcslab']:.2f} | {x['slub']:.2f} | {limit} | {ratio} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write everything."""
    rows = json.loads(SOURCE.read_text(encoding="ascii"))
    order = {x["kernel"]: len(x["kernel"]) for x in rows}
    rows.sort(key=lambda x: (order[x["kernel"]], x["kernel"], x["boot"]))
    stamp = sorted({(x["date"], x["machine"]) for x in rows})[-1]
    title = f"{stamp[0]}, {stamp[1]}, make bench"
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "results.json").write_text(
        "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", encoding="ascii")
    bars(rows, title)
    curves(rows, title)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(re.escape(BEGIN) + ".*?" + re.escape(END),
                           lambda _: BEGIN + table(rows) + END, text, flags=re.S),
                    encoding="utf-8")


if __name__ == "__main__":
    main()
