# SPDX-License-Identifier: GPL-2.0
"""Runs the collection on kernels and counts."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import fnmatch
import functools
import re
import time
from pathlib import Path
from typing import Iterator

from . import build, collection, kernels, qemu, session
from .kernels import Kernel
from .ktap import Case
from .progress import LabError, Unavailable, say
from .slots import Slots, width

QUICK = ("debian-6.1", "debian-6.12")


@dataclasses.dataclass
class Result:
    """What one suite gave on one kernel."""

    kernel: str
    suite: str
    cases: list[Case] = dataclasses.field(default_factory=list)
    programs: dict[str, list[Case]] = dataclasses.field(default_factory=dict)
    seconds: float = 0

    def count(self, outcome: str) -> int:
        """How many cases ended so."""
        return sum(case.outcome == outcome for case in self.cases)


def kselftest(kernel: Kernel, slots: Slots, pattern: str = "*",
              how_long: str = "") -> Result:
    """Run the tests whose names match @pattern on @kernel, as few boots as their wishes allow.

    A boot waits for its CPUs of @slots. Tests whose when= is longer than @how_long are left out, unless
    they are named.
    """
    result, begin = Result(kernel.name, "kselftest"), time.monotonic()
    ready = kernels.prepare(kernel)
    if not kernel.boots:
        build.modules(kernel, ready)
        result.cases.append(Case("modules build", "pass"))
        print(f"ok {kernel.name} modules build", flush=True)
        result.seconds = time.monotonic() - begin
        return result
    folder, entries = collection.build(kernel)
    def matches(entry: collection.Entry, x: str) -> bool:
        return fnmatch.fnmatch(entry.name, x) or x in entry.name
    for x in pattern.split(","):
        if not any(matches(entry, x) for entry in entries):
            raise LabError(f"{kernel.name}: no test matches {x!r}")
    groups: dict[tuple[tuple[str, str], ...], list[collection.Entry]] = {}
    entries = [entry for entry in entries if any(matches(entry, x) for x in pattern.split(","))]
    modules = build.modules(kernel, ready, "1" if pattern == "*" else collection.suites(entries))
    for entry in entries:
        if why := entry.skipped(kernel, how_long if pattern == "*" else "all"):
            result.cases.append(Case(entry.name, "skip", why))
            result.programs[entry.name] = result.cases[-1:]
        else:
            groups.setdefault(entry.machine(kernel), []).append(entry)

    def boot(wanted: list[collection.Entry]) -> None:
        members, files = [], dict(collection.files(folder))
        for entry in wanted:
            try:
                files |= dict(collection.own_files(entry, kernel))
                members.append(entry)
            except LabError as error:
                print(f"not ok {kernel.name} {entry.name}: {error}", flush=True)
                case = Case(entry.name, "fail", str(error).splitlines()[0])
                result.cases.append(case)
                result.programs[entry.name] = [case]
        if not members:
            return
        options = collection.options(members, kernel, list(files.items()))
        cpus = options.smp or kernel.smp
        with slots.taken(1 if qemu.takes_turns(kernel, cpus) else cpus,
                         "beside" in members[0].wishes):
            for outcome in boots(kernel, ready, modules, options,
                                 [member.test(kernel) for member in members]):
                result.cases += outcome.cases
                result.programs[outcome.test.name] = outcome.cases
    # Those with most tests first, so that no processor is idle in the end.
    queue = sorted(groups.values(), key=len, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(max(len(queue), 1)) as pool:
        for done in [pool.submit(boot, members) for members in queue]:
            done.result()
    result.seconds = time.monotonic() - begin
    return result


def boots(kernel: Kernel, ready: kernels.Ready, modules: list[Path], options: session.Options,
          todo: list[session.Test]) -> Iterator[session.Outcome]:
    """Run the tests @todo in one boot, or in as many as it takes when guests die."""
    while todo:
        logs = session.log_directory(kernel, "check")
        run = session.Session(kernel, ready, modules, options, logs)
        say(f"{kernel.name}: {len(todo)} test program(s) (console: {logs / 'console.log'})")
        chances = sum(test.again for test in todo)
        outcomes = session.run_tests(run, todo, functools.partial(report, kernel))
        yield from outcomes
        done = {outcome.test.name for outcome in outcomes}
        if not done and chances == sum(test.again for test in todo):
            raise LabError(f"{kernel.name}: no test ran (console: {logs / 'console.log'})")
        # A guest that died took the rest with it: they get a fresh one.
        todo = [test for test in todo if test.name not in done]


def report(kernel: Kernel, outcome: session.Outcome) -> None:
    """Print one test program's line, and for a failure what is needed to look into it."""
    counts = {x: sum(case.outcome == x for case in outcome.cases) for x in ("pass", "fail", "skip")}
    text = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    lines = [f"{'not ok' if counts['fail'] else 'ok'} {kernel.name} {outcome.test.name}: {text} "
             f"({outcome.seconds:.0f} s)"]
    for case in outcome.cases:
        if case.outcome == "fail":
            lines.append(f"    {case.name}{f': {case.why}' if case.why else ''}")
    if counts["fail"]:
        lines += [f"    | {line}" for line in outcome.excerpt]
        which = f"KERNEL={kernel.name}"
        if kernel.name == "host" and kernel.ready:
            which = f"KDIR={kernel.ready.kdir} VMLINUZ={kernel.ready.image}"
        lines.append(f"    again: make check {which} TEST={outcome.test.name}")
        lines.append(f"    in gdb: make debug KERNEL={kernel.name}")
    print("\n".join(lines), flush=True)


def side_by_side(names: list[str], pattern: str, optional: bool = False,
                 how_long: str = "") -> list[Result]:
    """The collection on several kernels, as wide as the machine is.

    A kernel that is not available is a failure, or with @optional a skip with its reason.
    """
    slots = Slots()

    def one(name: str) -> Result:
        result = Result(name, "kselftest")
        try:
            kernel = kernels.load(name)
            kernels.prepare(kernel)
        except LabError as error:
            skip = optional and isinstance(error, Unavailable)
            print(f"{'skipped:' if skip else 'not ok'} {name}: {error}", flush=True)
            result.cases.append(Case(name, "skip" if skip else "fail", str(error).splitlines()[0]))
            return result
        try:
            return kselftest(kernel, slots, pattern, how_long)
        except LabError as error:
            print(f"not ok {name}: {error}", flush=True)
            result.cases.append(Case(name, "fail", str(error).splitlines()[0]))
            return result
    def cost(name: str) -> float:
        """What takes longest begins first: kernels that have to be built, slow ones."""
        kernel = kernels.load(name)
        return kernel.slow * (10 if kernel.source and not kernels.known(kernel) else 1)
    queue = sorted(names, key=cost, reverse=True)
    # Large guests and small ones, to run beside each other; others are built meanwhile.
    queue = [queue.pop(-(i % 2)) for i in range(len(queue))]
    with concurrent.futures.ThreadPoolExecutor(2 * width()) as pool:
        done = {name: pool.submit(one, name) for name in queue}
        return [done[name].result() for name in names]


def table(results: list[Result]) -> str:
    """Kernels by suites: a number is what passed, with ! what failed, s what was skipped."""
    def suite(program: str) -> str:
        return re.split(r"[_.]", program)[0]

    def cell(cases: list[Case]) -> str:
        failed, passed = (sum(x.outcome == y for x in cases) for y in ("fail", "pass"))
        return f"{failed}!" if failed else str(passed) if passed else "s" if cases else "-"
    columns = sorted({suite(x) for result in results for x in result.programs})
    lines = [f"{'':15}" + "".join(f"{x:>{max(len(x), 4) + 1}}" for x in columns) + "   time"]
    for result in results:
        cells = [[case for name, cases in result.programs.items() if suite(name) == column
                  for case in cases] for column in columns]
        row = "".join(f"{cell(x):>{max(len(y), 4) + 1}}" for x, y in zip(cells, columns))
        if not result.programs:
            row = f" {result.count('pass')} passed, {result.count('fail')} failed, " \
                  f"{result.count('skip')} skipped"
        lines.append(f"{result.kernel:15}{row} {result.seconds:5.0f} s")
    return "\n".join(lines)


def summary(results: list[Result]) -> int:
    """Print the skipped tests with their reasons and the last line; the exit status."""
    for result in results:
        for case in result.cases:
            if case.outcome == "skip":
                print(f"skipped: {result.kernel} {case.name}: {case.why or 'no reason given'}")
    passed, failed, skipped = (sum(result.count(x) for result in results)
                               for x in ("pass", "fail", "skip"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or not passed else 0
