# SPDX-License-Identifier: GPL-2.0
"""Recognises what a kernel reports about bugs in the lines of its log."""

from __future__ import annotations

import dataclasses
import re

# The first line of each kind of report.
HEADS = re.compile(r"""
    WARNING:\s | BUG:\s | BUG\s\S+\s\(.*\):\s | kernel\ BUG\ at | Kernel\ BUG\ at
  | \bOops\b | general\ protection\ fault | Unable\ to\ handle\ kernel | Internal\ error:
  | Kernel\ panic | UBSAN:\s | kernel\ memory\ leak | unreferenced\ object
  | kmemleak:\ \d+\ new\ suspected | memory\ leak\ detector\ disabled
  | INFO:\ task\ .*\ blocked | INFO:\ trying\ to\ register
  | INFO:\ rcu\S*\ .*(stall|detected) | rcu:\ INFO: | list_(add|del)\ corruption
  | DEBUG_LOCKS_WARN_ON | refcount_t: | NMI\ watchdog: | ODEBUG: | stack\ guard\ page
  | printk\ messages\ dropped | Segmentation\ fault\ in\ kernel | memory\ corruption
""", re.X)
# Said at boot by machines without the hardware or by old kernels; nothing of ours.
HARMLESS = re.compile(r"NMI watchdog: (Enabled|Perf)|"
                      r"Spectre|MDS|Speculative|x86/cpu|TAA:|MMIO Stale")
STAMP = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")
# A WARN(), which says where; not what lockdep and the sanitizers find.
WARN = re.compile(r"WARNING: (CPU: \d+ PID: \d+ at |\S+ at |at )")
# A fault that kills its task, in a test that plants it.
FAULT = re.compile(r"BUG: unable to handle page fault")
# BUG() in a task, which dies of it.
DEATH = re.compile(r"kernel BUG at \S+")
# An access that KASAN reports, in a test that plants it; the line says in which function.
ACCESS = re.compile(r"BUG: KASAN: \S+ in ")
# Taint bits that only a report sets: bad page, died, warned, soft lockup.
TAINT = {5: "bad page", 7: "oops", 9: "warning", 14: "soft lockup"}
EXCERPT = 40


@dataclasses.dataclass
class Report:
    """One report: its first line and some of what follows."""

    head: str
    lines: list[str]
    end: int = 0           # index of the line after it

    def matches(self, expression: str) -> bool:
        """Whether a test means this report that expects a WARN(), a BUG() or KASAN's where @expression says.

        A page fault says where in a later line.
        """
        if any(x.search(self.head) for x in (WARN, DEATH, ACCESS)):
            return bool(re.search(expression, self.head))
        return bool(FAULT.search(self.head)) and any(
            re.search(expression, line) for line in self.lines if "RIP: " in line)


def bare(line: str) -> str:
    """A line of the console without the kernel's time stamp."""
    return STAMP.sub("", line.rstrip("\r\n"), count=1)


def find(lines: list[str], ignore: tuple[str, ...] = ()) -> list[Report]:
    """The reports among the kernel's own @lines, but for those that @ignore matches."""
    found: list[Report] = []
    for number, line in enumerate(lines):
        if not HEADS.search(line) or HARMLESS.search(line):
            continue
        # A report has several lines which look like a first one (the BUG and its Oops, the
        # banner and the rule below it): they are one as long as they follow closely.
        if found and number < found[-1].end:
            continue
        end = _end(lines, number)
        found.append(Report(line, lines[number:min(end, number + EXCERPT)], end))
    return [x for x in found if not any(re.search(y, x.head) for y in ignore)]


def of_leak(report: Report) -> bool:
    """Whether @report is kmemleak's, see leaks()."""
    return bool(re.search(r"unreferenced object|kmemleak: \d+ new suspected", report.head))


def leaks(lines: list[str]) -> list[Report]:
    """kmemleak's reports: one each for what follows a first line."""
    found: list[Report] = []
    for line in lines:
        if line.startswith("unreferenced object"):
            found.append(Report(line, []))
        if found and len(found[-1].lines) < EXCERPT:
            found[-1].lines.append(line)
    return found


def impossible_flags(lines: list[str]) -> int:
    """The flags of an x86 CPU in a dump of registers among @lines that no CPU can have, else 0.

    Bits 22 to 31 read as 0 on every CPU, and on a real one no program can set them. QEMU's multi-threaded
    TCG now and then takes flags from a translation that another CPU has just patched away.
    """
    for line in lines:
        if found := re.match(r"RSP: 00(?:10|18):\S+ +EFLAGS: ([0-9a-f]{8})$", line):
            if (flags := int(found.group(1), 16)) >> 22:
                return flags
    return 0


def _end(lines: list[str], start: int) -> int:
    """One past the last line of the report which begins at @start."""
    for number in range(start + 1, min(len(lines), start + 200)):
        if re.search(r"end trace|^={20,}$|^-{20,}\[ cut here", lines[number]) and number > start + 2:
            return number + 1
    return min(len(lines), start + 200)


def new_taint(before: int, after: int) -> list[str]:
    """The names of the bits set in @after that were not in @before."""
    return [name for bit, name in TAINT.items() if after >> bit & 1 and not before >> bit & 1]
