#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measure tcslab against SLUB and write build/bench/results.json.

  bench.py [KERNEL...]          default: debian-6.1 debian-6.12 debian-7.3 uml-7.3
  bench.py --only PART          pairs, replay, curves, sizes or scaling; may be repeated (default: all)
  bench.py --golden [KERNEL...] only count, and write selftests/data/golden/VERSION

Debian's kernels run under icount, where the clock counts instructions: a figure is the
same on every machine with the same compiler. User-mode Linux runs on the host's own
CPUs, so that there the figures are cycles. Every row pairs tcslab and SLUB in one boot.
Rows of a kernel that is not measured this time are kept.
"""

import argparse
import datetime
import json
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

from lab import vm

TOP = Path(__file__).resolve().parent.parent
RESULTS = TOP / "build" / "bench" / "results.json"
GOLDEN = TOP / "selftests" / "data" / "golden"
TRACE = TOP / "selftests" / "data" / "boot-6.12.trace.xz"
KERNELS = ("debian-6.1", "debian-6.12", "debian-7.3", "uml-7.3")
PARTS = ("pairs", "replay", "curves", "sizes", "scaling")
BOOTS = ("init_on_alloc=0", "init_on_alloc=1")
LINE = re.compile(r"tcslab-bench: (\S+) (pair|obj) (\d+) (\d+) (\d+)")
COMPILER = re.compile(r"tcslab-bench: compiler (.+)")
# Of these the counts are kept: the inline paths and the bulk calls.
FAST = re.compile(r"named-|general-|sized-|bulk-")
TCMALLOC = Path("/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4")


def guest(kernel: str, command: str, *options: str) -> str:
    """What @command printed in a guest."""
    done = subprocess.run(vm.command(kernel, command, "--mem", "2G", "--timeout", "1200", *options),
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {kernel}: {command} failed\n{done.stdout[-2000:]}")
    return done.stdout


def is_uml(kernel: str) -> bool:
    """Whether @kernel runs on the host's CPUs; others run under icount."""
    return kernel.startswith("uml")


def machine(kernel: str, boot: str) -> list[str]:
    """How @kernel is to be booted."""
    return ["--append", boot, *(["--smp", "2"] if is_uml(kernel) else ["--icount"])]


def run_module(kernel: str, boot: str, benches: str, *options: str) -> str:
    """What the bench module said about @benches."""
    return guest(kernel, f"insmod /lib/tcslab/tcslab.ko && insmod /lib/tcslab/tcslab_bench.ko "
                 f"run={benches}; dmesg | grep tcslab-bench:", *options or machine(kernel, boot))


def row(bench: str, kernel: str, boot: str, metric: str, ours: float, theirs: float,
        limit: float | None = None) -> dict:
    """One row of the results."""
    return {"bench": bench, "kernel": kernel, "boot": boot, "metric": metric, "tcslab": ours,
            "slub": theirs, "limit": limit, "ratio": round(ours / theirs, 3) if theirs else None}


def rows_of(output: str, kernel: str, boot: str, clock: str) -> list[dict]:
    """The rows that the module printed."""
    rows = []
    for bench, unit, *figures in LINE.findall(output):
        ours, theirs, bare = (int(figure) / 100 for figure in figures)
        rows.append(row(bench, kernel, boot, f"{clock}/{unit}", ours, theirs, bare or None))
    if not rows:
        raise SystemExit(f"bench: {kernel} printed no figures\n{output[-2000:]}")
    return rows


def pairs(kernel: str) -> Iterator[list[dict]]:
    """The rows of one kernel that come from the bench module, boot by boot."""
    if is_uml(kernel):
        rows = rows_of(run_module(kernel, BOOTS[0], "pairs,bulk,bursts,cross,hammer"), kernel,
                       BOOTS[0], "cycles")
        yield rows + tcmalloc(rows)
        return
    for boot in BOOTS:
        yield rows_of(run_module(kernel, boot, "pairs,bulk,bursts"), kernel, boot, "insn")


def tcmalloc(rows: list[dict]) -> list[dict]:
    """gperftools' malloc and free, measured in user space beside the named pair of @rows."""
    compiler = shutil.which("gcc")
    if not TCMALLOC.exists():
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends",
                        "libtcmalloc-minimal4"], stdout=subprocess.DEVNULL, check=False)
    if not compiler or not TCMALLOC.exists():
        print("bench: no gcc or no libtcmalloc-minimal4: no row of gperftools", file=sys.stderr)
        return []
    program = RESULTS.parent / "malloc_cycles"
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-O2", "-fno-builtin", "-o", program,
                    TOP / "scripts" / "malloc_cycles.c", TCMALLOC], check=True)
    out = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    named = {x["bench"]: x for x in rows}
    added = []
    for burst, cycles in re.findall(r"(\d+) (\d+\.\d+)", out):
        beside = named[f"named-{burst}"]
        added.append({**beside, "bench": f"named-{burst}-gperftools", "limit": float(cycles)})
    return added


def replay(kernel: str) -> Iterator[list[dict]]:
    """Time, longest calls and pages of the recorded trace."""
    clock = "cycles" if is_uml(kernel) else "insn"
    out = guest(kernel, 'sh /replay.sh /trace.xz "time 5" "longest 3" pages', "--files",
                f"{TOP}/scripts/record/replay.sh:replay.sh", f"{TRACE}:trace.xz",
                *machine(kernel, BOOTS[0]))
    found = {name: int(value) for name, value in re.findall(r"^(\w+):? (\d+)$", out, re.M)}
    events = found["events"]
    net = {x: found[f"{x}_cycles"] - found["empty_cycles"] for x in ("tcslab", "slub")}
    rows = [row("replay-time", kernel, BOOTS[0], f"{clock}/event",
                round(net["tcslab"] / events, 2), round(net["slub"] / events, 2))]
    for call in ("alloc", "free"):
        rows.append(row(f"replay-longest-{call}", kernel, BOOTS[0], clock,
                        *(found[f"{x}_longest_{call}"] - found[f"empty_longest_{call}"]
                          for x in ("tcslab", "slub"))))
    for part in ("all", "kmalloc"):
        for what in ("peak", "end"):
            rows.append(row(f"pages-{part}-{what}", kernel, BOOTS[0], "pages",
                            *(found[f"{part}_{x}_{what}_pages"] for x in ("tcslab", "slub"))))
    yield rows


def curves(kernel: str) -> Iterator[list[dict]]:
    """Cost against the number and the size of objects."""
    clock = "cycles" if is_uml(kernel) else "insn"
    yield rows_of(run_module(kernel, BOOTS[0], "curves"), kernel, BOOTS[0], clock)


def sizes(kernel: str) -> Iterator[list[dict]]:
    """Size by number of objects, bulk by size, and all with the budget used up."""
    if not is_uml(kernel):
        for benches in ("sizes,bulk-sizes,used", "numbers"):
            yield rows_of(run_module(kernel, BOOTS[0], benches), kernel, BOOTS[0], "insn")


def scaling(kernel: str) -> Iterator[list[dict]]:
    """Cost against the number of CPUs; under TCG, so only the shape means something."""
    if not is_uml(kernel):
        yield rows_of(run_module(kernel, BOOTS[0], "scaling", "--smp", "8", "--append", BOOTS[0]),
                      kernel, BOOTS[0], "tsc")


def golden(kernel: str) -> None:
    """Write the counts that `make check` compares with, of one node and of two."""
    for suffix, boot in (("", BOOTS[0]), ("-two-nodes", f"{BOOTS[0]} numa=fake=2")):
        out = run_module(kernel, boot, "pairs,bulk")
        lines = [f"compiler {COMPILER.findall(out)[0]}"]
        lines += [f"{x['bench']} {round(x['tcslab'] * 100)}"
                  for x in rows_of(out, kernel, boot, "insn") if FAST.match(x["bench"])]
        GOLDEN.mkdir(parents=True, exist_ok=True)
        target = GOLDEN / f"{kernel.removeprefix('debian-')}{suffix}"
        target.write_text("\n".join(lines) + "\n", encoding="ascii")
        print(f"written: {target.relative_to(TOP)}")


def show(rows: list[dict]) -> None:
    """Print a table."""
    print(f"{'kernel':12} {'boot':16} {'bench':26} {'metric':12} "
          f"{'tcslab':>10} {'slub':>10} {'limit':>8} ratio")
    for x in rows:
        print(f"{x['kernel']:12} {x['boot']:16} {x['bench']:26} {x['metric']:12} "
              f"{x['tcslab']:10.2f} {x['slub']:10.2f} {x['limit'] or 0:8.2f} {x['ratio']}")


def save(kernel: str, rows: list[dict]) -> None:
    """Put @rows in the place of those that they repeat."""
    stamp = {"date": f"{datetime.date.today()}", "machine": platform.processor() or cpu()}
    old = json.loads(RESULTS.read_text(encoding="ascii")) if RESULTS.exists() else []
    again = {(x["bench"], x["kernel"], x["boot"]) for x in rows}
    kept = [x for x in old if (x["bench"], x["kernel"], x["boot"]) not in again]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    rows = kept + [{**x, **stamp} for x in rows]
    RESULTS.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n", encoding="ascii")
    print(f"written: {RESULTS.relative_to(TOP)} ({kernel})")


def cpu() -> str:
    """The model of this machine's CPU."""
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="ascii"))
    return found.group(1) if found else platform.machine()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernels", nargs="*", metavar="KERNEL")
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--golden", action="store_true")
    arguments = parser.parse_args()
    kernels = [x for name in arguments.kernels for x in name.split(",")] or KERNELS
    for kernel in kernels:
        if arguments.golden:
            if not is_uml(kernel):
                golden(kernel)
            continue
        for part in arguments.only or PARTS:
            # The shapes are the same on all kernels: two clocks will do.
            if part in ("curves", "sizes", "scaling") and kernel not in ("debian-6.12", "uml-7.3"):
                continue
            for rows in globals()[part](kernel):
                show(rows)
                save(kernel, rows)


if __name__ == "__main__":
    main()
