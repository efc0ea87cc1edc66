# SPDX-License-Identifier: GPL-2.0
"""Plants one bug of each kind in guests: the lab passes when it calls each a failure."""

from __future__ import annotations

import dataclasses
import re
import time

from . import build, kernels, ksft, paths, session
from .check import Result
from .ktap import Case
from .progress import LabError, say


@dataclasses.dataclass
class Plant:
    """A bug, the kernel that can tell, and what the lab has to say of it."""

    what: str
    kernel: str
    verdict: str
    seconds: float = 300
    grace: float = session.GRACE_SECONDS


# Those that leave the guest alive share a boot; an oops and a hang end theirs.
BOOTS = (
    (Plant("failure", "debug-7.3", "what does not"),
     Plant("no-plan", "debug-7.3", "no plan line"),
     Plant("warning", "debug-7.3", "WARNING: .*plant_warning"),
     Plant("lock-inversion", "debug-7.3", "possible circular locking"),
     Plant("leak", "debug-7.3", "unreferenced object"),
     Plant("use-after-free", "debug-7.3", "KASAN: .*use-after-free"),
     # The last one: it comes when no test runs any more.
     Plant("late", "debug-7.3", "afterwards: WARNING: .*warn_late")),
    (Plant("oops", "debug-7.3", "NULL pointer|null-ptr|Oops"),),
    (Plant("hang", "debian-6.12", "the guest hung", 5, 20),),
    (Plant("data-race", "kcsan-7.3", "KCSAN: data-race in race"),),
)
PROGRAM = paths.PROJECT / "selftests/lab/plant.sh"


def caught(plant: Plant, outcome: session.Outcome) -> bool:
    """Whether @outcome has a failure that is the planted one."""
    return any(case.outcome == "fail" and re.search(plant.verdict, f"{case.name} {case.why}")
               for case in outcome.cases)


def boot(plants: tuple[Plant, ...]) -> list[Case]:
    """Commit @plants in one guest."""
    kernel = kernels.load(plants[0].kernel)
    ready = kernels.prepare(kernel)
    names = {f"plant-{plant.what}.sh": plant for plant in plants}
    runner = ksft.tree() / ksft.SELFTESTS / "kselftest"
    options = session.Options(files=[("selftests/kselftest", runner),
                                     *((f"selftests/tcslab/{name}", PROGRAM) for name in names)])
    logs = session.log_directory(kernel, "selftest")
    say(f"{kernel.name}: {len(plants)} planted bug(s) (console: {logs / 'console.log'})")
    run = session.Session(kernel, ready, build.modules(kernel, ready), options, logs)
    outcomes = session.run_tests(run, [session.Test(name, plant.seconds, grace=plant.grace)
                                       for name, plant in names.items()])
    seen = {outcome.test.name: outcome for outcome in outcomes}
    cases = []
    for name, plant in names.items():
        good = name in seen and caught(plant, seen[name])
        cases.append(Case(f"caught: {plant.what}", "pass" if good else "fail",
                          "" if good else f"the lab did not say {plant.verdict!r}"))
    return cases


def suite(optional: bool = False) -> Result:
    """All of them; with @optional those whose kernel cannot be had are skipped."""
    result, begin = Result("lab", "selftest"), time.monotonic()
    for plants in BOOTS:
        kernel = plants[0].kernel
        if optional and not kernels.can_be_had(kernel):
            cases = [Case(f"caught: {x.what}", "skip", f"needs {kernel}") for x in plants]
        else:
            try:
                cases = boot(plants)
            except LabError as error:
                cases = [Case(f"caught: {x.what}", "fail", str(error)) for x in plants]
        for case in cases:
            print(f"{'not ok' if case.outcome == 'fail' else 'ok'} lab {case.name}"
                  f"{f': {case.why}' if case.why else ''}", flush=True)
        result.cases += cases
    result.seconds = time.monotonic() - begin
    return result
