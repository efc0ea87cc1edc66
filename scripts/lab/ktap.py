# SPDX-License-Identifier: GPL-2.0
"""Reads the result of one test program, as kselftest's runner prints it."""

from __future__ import annotations

import dataclasses
import re

RESULT = re.compile(r"^(ok|not ok) (\d+)(?: -)? ?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")


@dataclasses.dataclass
class Case:
    """One counted test."""

    name: str
    outcome: str          # pass, fail, skip
    why: str = ""


def read(test: str, lines: list[str]) -> list[Case]:
    """The cases in what kselftest's run_one printed for the program @test.

    The program's own lines come with "# " before them, the runner's verdict without. A program that
    prints no KTAP counts as one case by its exit status; one which does must keep to its plan.
    """
    inner = [line[2:] for line in lines if line.startswith("# ")]
    verdict = next((RESULT.match(x) for x in reversed(lines) if RESULT.match(x)), None)
    cases: list[Case] = []
    plan = None
    for line in inner:
        # Nested results (a suite's own cases) are summed up by the line of the suite.
        if (found := PLAN.match(line)) and plan is None:
            plan = int(found.group(1))
        elif found := RESULT.match(line):
            cases.append(_case(test, found))
    if not verdict:
        return [*cases, Case(test, "fail", "did not end")]
    whole = _case(test, verdict)
    whole.name = test
    if not cases:
        if plan == 0 and whole.outcome == "pass":
            whole.outcome, whole.why = "skip", whole.why or _skip_reason(inner)
        elif any(re.match(r"(TAP|KTAP) version", x) for x in inner) and whole.outcome == "pass":
            whole.outcome, whole.why = "fail", "announced KTAP but gave no result"
        if whole.outcome == "skip" and not whole.why:
            whole.why = _skip_reason(inner)
        return [whole]
    ending = f"; {whole.why}" if whole.outcome == "fail" and whole.why else ""
    if plan is None:
        cases.append(Case(test, "fail", f"no plan line{ending}"))
    elif plan != len(cases):
        cases.append(Case(test, "fail", f"planned {plan} tests, {len(cases)} reported{ending}"))
    if whole.outcome == "fail" and not any(case.outcome == "fail" for case in cases):
        cases.append(Case(test, "fail", whole.why or "failed after its last test"))
    return cases


def _case(test: str, found: re.Match[str]) -> Case:
    """The case of one result line."""
    name, _, remark = found.group(3).partition("#")
    outcome = "pass" if found.group(1) == "ok" else "fail"
    why = remark.strip()
    if re.match(r"SKIP", why, re.I):
        outcome, why = "skip", why[4:].lstrip(": ")
    elif re.match(r"(TODO|XFAIL)", why, re.I):
        outcome = "skip"
    return Case(f"{test}: {name.strip() or found.group(2)}", outcome, why)


def _skip_reason(lines: list[str]) -> str:
    """Why a program skipped everything, as it said itself."""
    for line in lines:
        if found := re.search(r"SKIP:?\s*(.*)", line, re.I):
            return found.group(1)
    return ""
