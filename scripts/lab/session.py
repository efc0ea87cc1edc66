# SPDX-License-Identifier: GPL-2.0
"""One boot of a guest: packs its file system, follows its console, judges what it saw."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import sys
import tarfile
import time
from pathlib import Path
from typing import Callable, Iterator

from . import build, initramfs, ktap, paths, qemu, reports, source
from .kernels import Kernel, Ready
from .progress import LabError, say

# Drivers of the disk that carries /out; from-source kernels have them built in.
DISK_MODULES = ["virtio_pci", "virtio_blk"]
# All limits here only catch hangs: a machine with other work must not make a test fail.
BOOT_SECONDS = 240
# Above a test's own limit, which kselftest enforces in the guest, before the guest counts as hung.
GRACE_SECONDS = 60
KEPT_LOGS = 40
# QEMU's multi-threaded TCG now and then runs a guest into an int3 that another CPU has just
# patched away. Before init there is nothing of ours in the guest, so it may try again.
BOOTS = 3


@dataclasses.dataclass
class Options:
    """What a boot is asked for beyond its kernel."""

    smp: int = 0
    mem: str = ""
    nodes: int = 0
    plug: str = ""
    append: str = ""
    icount: bool = False
    modules: list[str] = dataclasses.field(default_factory=list)
    stock: list[str] = dataclasses.field(default_factory=list)   # packed, but not loaded
    files: list[tuple[str, Path]] = dataclasses.field(default_factory=list)
    gdb: bool = False


@dataclasses.dataclass
class Test:
    """A test program to run in a guest."""

    name: str
    seconds: float
    expect: str = ""
    grace: float = GRACE_SECONDS
    again: int = 1         # how often a death by the emulator's own fault is no death


def log_directory(kernel: Kernel, what: str) -> Path:
    """A new directory for one run's logs; the oldest ones go."""
    root = kernel.build / "logs"
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{re.sub(r'[^A-Za-z0-9_.-]', '_', what)}-{os.getpid()}"
    with paths.lock(root / "lock"):
        serial = sum(x.name.startswith(name) for x in root.iterdir())
        path = root / f"{name}.{serial}"
        path.mkdir()
        runs = sorted(x for x in root.iterdir() if x.is_dir() and not x.is_symlink())
        for old in runs[:-KEPT_LOGS]:
            shutil.rmtree(old, ignore_errors=True)
        latest = root / "latest"
        latest.unlink(missing_ok=True)
        latest.symlink_to(path.name)
    return path


class Session:
    """Prepares and follows one boot. Its files are in `logs`."""

    def __init__(self, kernel: Kernel, ready: Ready, modules: list[Path], options: Options,
                 logs: Path):
        self.kernel, self.ready, self.modules = kernel, ready, modules
        self.options, self.logs = options, logs
        self.lines: list[str] = []
        self.guest: qemu.Guest | None = None
        self.boots = 0

    def pack(self, job: dict[str, bytes]) -> Path:
        """Write the guest's file system; @job holds the files of /lab."""
        path = self.logs / "initrd"
        with open(path, "wb") as stream:
            archive = initramfs.Archive(stream)
            initramfs.busybox(archive, self.kernel.arch)
            initramfs.guest(archive)
            for module in self.modules:
                archive.file(f"lib/tcslab/{module.name}", build.stripped(self.kernel, module))
            wanted = self.options.modules + self.options.stock
            tree = (source.stock_modules(self.kernel, self.ready) if wanted
                    else self.ready.modules)
            if tree:
                initramfs.stock_modules(archive, Path(tree), DISK_MODULES + wanted)
            for name, file in self.options.files:
                archive.file(name, file)
            job["modules"] = "\n".join(self.options.modules).encode()
            job["kernel"] = self.kernel.name.encode()
            for name, data in job.items():
                archive.data(f"lab/{name}", data)
            archive.close()
        return path

    def start(self, job: dict[str, bytes]) -> None:
        """Boot."""
        if self.boots:
            (self.logs / "console.log").rename(self.logs / f"console.{self.boots}.log")
        self.boots += 1
        self.lines.clear()
        out = self.logs / "out.tar"
        with open(out, "wb") as stream:
            stream.truncate(qemu.OUT_DISK)
        smp = self.options.smp or self.kernel.smp
        machine = qemu.Machine(
            initrd=self.pack(job), smp=smp, mem=self.options.mem or self.kernel.mem,
            # A test that asks for one CPU gets one node, wherever it runs.
            nodes=self.options.nodes or min(self.kernel.nodes, smp), plug=self.options.plug,
            append=self.options.append, icount=self.options.icount, out=out, gdb=self.options.gdb)
        self.guest = qemu.Guest(self.kernel, self.ready, machine, self.logs / "console.log")

    def follow(self, deadline: qemu.Deadline) -> Iterator[str]:
        """The console's lines without time stamps."""
        assert self.guest
        for line in self.guest.lines(deadline):
            line = reports.bare(line)
            self.lines.append(line)
            yield line

    def finish(self, target: Path | None = None) -> None:
        """End the guest, unpack what it left in /out to @target, drop the big files."""
        if self.guest:
            self.guest.end()
        (self.logs / "initrd").unlink(missing_ok=True)
        out = self.logs / "out.tar"
        if "lab: out saved" in self.lines and target:
            target.mkdir(parents=True, exist_ok=True)
            with tarfile.open(out, "r:") as archive:
                archive.extractall(target)
        out.unlink(missing_ok=True)


def kernel_lines(lines: list[str]) -> list[str]:
    """The lines which the kernel itself said."""
    return [line for line in lines if not line.startswith(("lab> ", "lab+ ", "lab: "))]


def output(lines: list[str]) -> list[str]:
    """The lines which programs said, long ones put together again."""
    whole, part = [], ""
    for line in lines:
        if line.startswith("lab+ "):
            part += line[5:]
        elif line.startswith("lab> ") or line == "lab>":
            whole.append(part + line[5:])
            part = ""
    return whole


def run_command(session: Session, command: str, seconds: float, out: Path | None,
                echo: Callable[[str], None] = print) -> int:
    """Run a shell command line in a guest; its status, or 1 when the kernel complained."""
    session.start({"command": command.encode() + b"\n"})
    deadline = qemu.Deadline(time.monotonic() + BOOT_SECONDS * session.kernel.slow + seconds)
    status, before, part, started = None, 0, "", 0
    try:
        for line in session.follow(deadline):
            if line == "lab: command begins":
                deadline.extend(seconds)
                started = len(session.lines)
            elif line.startswith("lab+ "):
                part += line[5:]
            elif line.startswith("lab>"):
                echo(part + line[5:])
                part = ""
            elif found := re.match(r"lab: command ends status=(\d+) taint=(\d+)", line):
                status, before = int(found.group(1)), int(found.group(2))
                deadline.extend(BOOT_SECONDS * session.kernel.slow)
            elif line == "lab: done":
                break
    finally:
        session.finish(out)
    console = session.logs / "console.log"
    complaints = reports.find(kernel_lines(session.lines[started:]), session.kernel.ignore)
    for report in complaints:
        print("\n".join(report.lines), file=sys.stderr)
    if status is None:
        tail = "\n".join(session.lines[-15:])
        why = f"no end within {seconds:.0f} s" if deadline.expired else "the guest died"
        print(f"{tail}\nlab: {why} (console: {console})", file=sys.stderr)
        return 1
    if complaints:
        print(f"lab: {len(complaints)} kernel report(s) (console: {console})", file=sys.stderr)
        return status or 1
    lost = reports.new_taint(0, before)
    if lost:
        print(f"lab: the kernel is tainted: {', '.join(lost)} (console: {console})", file=sys.stderr)
        return status or 1
    return status


@dataclasses.dataclass
class Outcome:
    """What became of one test program."""

    test: Test
    cases: list[ktap.Case]
    excerpt: list[str]
    seconds: float = 0


def run_tests(session: Session, tests: list[Test],
              tell: Callable[[Outcome], None] = lambda _: None) -> list[Outcome]:
    """Run @tests in one boot, @tell what comes out as soon as it is known.

    When the guest dies or hangs, the rest is not in the result; nor is, once, a test during which
    the emulator failed.
    """
    listing = "".join(f"{test.name} {test.seconds:.0f}\n" for test in tests)
    session.start({"tests": listing.encode()})
    # What hangs in here is tried again: no kernel is so slow that this is short.
    deadline = qemu.Deadline(time.monotonic() + BOOT_SECONDS)
    outcomes: list[Outcome] = []
    by_name = {test.name: test for test in tests}
    current: Test | None = None
    begin, since, taint, finished = 0, 0.0, None, False
    ended = 0
    starts: list[tuple[int, str]] = []      # jiffies at which tests began
    leaks = 0
    try:
        for line in session.follow(deadline):
            if found := re.match(r"lab: test (\S+) begins jiffies=(\d*)", line):
                afterwards(session, ended, outcomes, tell)
                current, begin = by_name[found.group(1)], len(session.lines)
                starts.append((int(found.group(2) or 0), current.name))
                since = time.monotonic()
                deadline.extend(current.seconds + current.grace * session.kernel.slow)
            elif (found := re.match(r"lab: test (\S+) ends taint=(\d+)", line)) and current:
                lines = session.lines[begin:]
                outcomes.append(judge(current, lines, taint or 0, int(found.group(2)),
                                      session.kernel.ignore))
                outcomes[-1].seconds = time.monotonic() - since
                tell(outcomes[-1])
                taint, current, ended = int(found.group(2)), None, len(session.lines)
                deadline.extend(BOOT_SECONDS * session.kernel.slow)
            elif found := re.match(r"lab: up .* taint=(\d+)", line):
                taint = int(found.group(1))
            elif line == "lab: leaks begin":
                leaks = len(session.lines)
            elif line == "lab: done":
                finished = True
                break
    finally:
        session.finish()
    if not current:
        afterwards(session, ended, outcomes, tell)
    if leaks:
        for outcome in blame(session.lines[leaks:], starts, {x.test.name: x for x in outcomes}):
            tell(outcome)
    if outcomes and not current and not finished:
        why = f"the guest {'hung' if deadline.expired else 'died'} afterwards"
        blamed = Outcome(outcomes[-1].test, [ktap.Case(outcomes[-1].test.name, "fail", why)],
                         session.lines[-20:])
        outcomes[-1].cases += blamed.cases
        tell(blamed)
    elif current and current.again and not deadline.expired and (
            flags := reports.impossible_flags(kernel_lines(session.lines[begin:]))):
        current.again -= 1
        say(f"{session.kernel.name}: {current.name} died with flags {flags:#x}, which no CPU has: once more, "
            f"for the emulator's fault (console: {session.logs / 'console.log'})")
    elif current:
        why = (f"no end within {current.seconds:.0f} s, the guest hung" if deadline.expired
               else "the guest died")
        outcome = judge(current, session.lines[begin:], 0, 0, session.kernel.ignore)
        outcome.cases = [x for x in outcome.cases if x.why != "did not end"]
        outcome.cases.append(ktap.Case(current.name, "fail", why))
        outcomes.append(outcome)
        tell(outcome)
    elif not outcomes and not finished:
        if session.boots < BOOTS:
            say(f"{session.kernel.name}: the guest did not reach its init, once more")
            return run_tests(session, tests, tell)
        tail = "\n".join(session.lines[-20:])
        raise LabError(f"{session.kernel.name}: the guest did not reach its init "
                       f"(console: {session.logs / 'console.log'})\n{tail}")
    return outcomes


def afterwards(session: Session, since: int, outcomes: list[Outcome],
               tell: Callable[[Outcome], None]) -> None:
    """Count what the kernel reported from line @since on as a failure of the last test."""
    if not outcomes:
        return
    test = outcomes[-1].test
    for report in reports.find(kernel_lines(session.lines[since:]), session.kernel.ignore):
        if reports.of_leak(report):
            continue    # which test's it is says blame()
        if test.expect and report.matches(test.expect):
            continue
        case = ktap.Case(test.name, "fail", f"afterwards: {report.head}")
        outcomes[-1].cases.append(case)
        tell(Outcome(test, [case], report.lines))


def blame(lines: list[str], starts: list[tuple[int, str]],
          outcomes: dict[str, Outcome]) -> Iterator[Outcome]:
    """Count each leak in @lines as a failure of the test during which it was allocated."""
    for report in reports.leaks(kernel_lines(lines)):
        when = next((int(x) for x in re.findall(r"jiffies (\d+)", "\n".join(report.lines))), 0)
        # What is older than all tests was seen now: it is the first one's.
        name = [name for start, name in starts if start <= when][-1:] or [starts[0][1]]
        case = ktap.Case(name[0], "fail", f"leak: {report.head}")
        outcomes[name[0]].cases.append(case)
        yield Outcome(outcomes[name[0]].test, [case], report.lines)


def judge(test: Test, lines: list[str], before: int, after: int,
          ignore: tuple[str, ...] = ()) -> Outcome:
    """The cases of @test from its part of the console, kernel reports counted as failures."""
    cases = ktap.read(test.name, output(lines))
    found = reports.find(kernel_lines(lines), ignore)
    wanted = [x for x in found if test.expect and x.matches(test.expect)]
    excerpt: list[str] = []
    for report in found:
        if report not in wanted:
            cases.append(ktap.Case(test.name, "fail", report.head))
            excerpt += report.lines
    if test.expect and not wanted and not all(x.outcome == "skip" for x in cases):
        cases.append(ktap.Case(test.name, "fail", f"the kernel did not report {test.expect!r}"))
    lost = reports.new_taint(before, after)
    if lost and not found:
        cases.append(ktap.Case(test.name, "fail", f"kernel tainted without a report: {lost}"))
    if not excerpt and any(x.outcome == "fail" for x in cases):
        excerpt = [x for x in output(lines) if not re.match(r"# ok ", x)][-30:]
    return Outcome(test, cases, excerpt)
