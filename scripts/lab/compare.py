# SPDX-License-Identifier: GPL-2.0
"""The kernel's modules at the same work on tcslab and untouched: instructions and pages.

Both in boots of the same kind, one CPU, under icount: what is not idle of the guest's time is
instructions, one a nanosecond, to the clock's 10 ms. Pages are those of slabs, tcslab's and per CPU above what
they were before tcslab and the module were loaded, seen every 20 ms of that clock: the most, the mean, and
the curve.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from . import build, collection, kernels, paths, session
from .kernels import Kernel
from .progress import LabError, say

RESULTS = paths.BUILD / "real" / "results.json"
VARIANTS = {"tcslab": "plain", "untouched": "untouched"}
SECONDS = 3000


def one(kernel: Kernel, modules: list[Path], options: session.Options, entry: collection.Entry,
        what: str) -> dict[str, int | list[int]]:
    """Run the test @entry in the variant @what; the figures that it printed."""
    logs = session.log_directory(kernel, f"compare-{entry.name}")
    say(f"{kernel.name}: {entry.name} {what} (console: {logs / 'console.log'})")
    lines: list[str] = []
    status = session.run_command(
        session.Session(kernel, kernels.prepare(kernel), modules, options, logs),
        f"cd /selftests/tcslab && REAL={VARIANTS[what]} ./{entry.name}", SECONDS, None, lines.append)
    found = dict(re.findall(r"# real: (\w+) ([-\d ]+)", "\n".join(lines)))
    bad = [line for line in lines if line.startswith("not ok")]
    if status or bad or not found:
        raise LabError(f"{kernel.name}: {entry.name} {what}: {bad or 'no figures'}")
    return {name: [int(x) for x in value.split()] if name == "curve" else int(value)
            for name, value in found.items()}


def run(names: list[str], pattern: str) -> int:
    """Measure on the kernels @names the tests whose names contain @pattern; the exit status."""
    rows = json.loads(RESULTS.read_text(encoding="ascii")) if RESULTS.exists() else []
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        kernel = kernels.load(name)
        modules = build.modules(kernel, kernels.prepare(kernel))
        folder, entries = collection.build(kernel)
        for entry in entries:
            if not entry.name.startswith("real_") or pattern not in entry.name:
                continue
            module = entry.name.removeprefix("real_").removesuffix(".sh")
            options = collection.options([entry], kernel, [*collection.files(folder),
                                                           *collection.own_files(entry, kernel)])
            options.icount = True
            figures = {what: one(kernel, modules, options, entry, what) for what in VARIANTS}
            rows = [row for row in rows if (row["kernel"], row["module"]) != (name, module)]
            rows.append({"kernel": name, "module": module, **figures})
            RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")
            print(text(rows[-1]), flush=True)
    return 0


def text(row: dict) -> str:
    """A row of the table in Documentation: a centisecond is 10 million instructions."""
    ours, theirs = row["tcslab"], row["untouched"]
    cells = [f"{ours[name] / unit:.{digits}f} / {theirs[name] / unit:.{digits}f} = "
             f"{ours[name] / max(theirs[name], 1):.3f}"
             for name, unit, digits in (("centiseconds", 100, 2), ("pages", 1, 0), ("mean", 1, 0))]
    return f"| {row['kernel']} | {row['module']} | {' | '.join(cells)} |"
