#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run the benchmark module under icount and write build/bench/results.json.

  bench.py [KERNEL...]     default: debian-6.1 debian-6.12

Every figure pairs tcslab and SLUB in one boot; the clock of the guest counts
instructions, so a figure is the same on every machine with the same compiler.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
RESULTS = TOP / "build" / "bench" / "results.json"
LINE = re.compile(r"tcslab-bench: (\S+) (\S+) (\d+) (\d+) (\d+)")
GUEST = ("insmod /lib/tcslab/tcslab.ko && insmod /lib/tcslab/tcslab_bench.ko && "
         "dmesg | grep tcslab-bench:")


def measure(kernel: str, append: str) -> list[dict]:
    """One boot of @kernel; the rows that the module printed."""
    command = [sys.executable, str(TOP / "scripts" / "lab"), "vm", "--kernel", kernel, "--icount",
               "--append", append, "--", GUEST]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = []
    for bench, unit, ours, theirs, bare in LINE.findall(out):
        ours, theirs, bare = (int(figure) / 100 for figure in (ours, theirs, bare))
        rows.append({"bench": bench, "kernel": kernel, "boot": append,
                     "metric": f"insn/{unit}", "tcslab": ours, "slub": theirs,
                     "limit": bare or None, "ratio": round(ours / theirs, 3)})
    if not rows:
        raise SystemExit(f"bench: {kernel} printed no figures")
    return rows


def main() -> None:
    """Measure, print, write."""
    rows = []
    for kernel in sys.argv[1:] or ["debian-6.1", "debian-6.12"]:
        for append in ("init_on_alloc=0", "init_on_alloc=1"):
            rows += measure(kernel, append)
    print(f"{'kernel':12} {'boot':16} {'bench':22} {'metric':10} "
          f"{'tcslab':>9} {'slub':>9} {'limit':>7} ratio")
    for row in rows:
        print(f"{row['kernel']:12} {row['boot']:16} {row['bench']:22} {row['metric']:10} "
              f"{row['tcslab']:9.2f} {row['slub']:9.2f} {row['limit'] or 0:7.2f} {row['ratio']:.3f}")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")
    print(f"written: {RESULTS.relative_to(TOP)}")


if __name__ == "__main__":
    main()
