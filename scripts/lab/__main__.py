# SPDX-License-Identifier: GPL-2.0
"""The VM lab: gets kernels, builds modules against them, boots guests, reports the truth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):
    # Run as `python3 scripts/lab`: make the directory a package.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.path.remove(str(Path(__file__).resolve().parent))
    __package__ = "lab"

from lab import build, check as checks, host, kernels, session  # noqa: E402
from lab.progress import LabError, say  # noqa: E402


def vm(arguments: argparse.Namespace) -> int:
    """Run one command in a guest."""
    kernel = kernels.load(arguments.kernel)
    ready = kernels.prepare(kernel)
    modules = [] if arguments.no_build else build.modules(kernel, ready, not arguments.no_tests)
    options = session.Options(
        smp=arguments.smp, mem=arguments.mem, append=" ".join(arguments.append),
        icount=arguments.icount, modules=arguments.modules.split(",") if arguments.modules else [],
        files=[(guest, Path(host)) for host, _, guest in
               (pair.partition(":") for pair in arguments.files)])
    logs = session.log_directory(kernel, "vm")
    say(f"{kernel.name}: booting (console: {logs / 'console.log'})")
    run = session.Session(kernel, ready, modules, options, logs)
    status = session.run_command(run, " ".join(arguments.command), arguments.timeout,
                                 arguments.out, lambda line: print(line, flush=True))
    say(f"{kernel.name}: status {status}")
    return status


def check(arguments: argparse.Namespace) -> int:
    """Run the tests on the quick kernels or on those named."""
    names = arguments.kernel.split(",") if arguments.kernel else list(checks.QUICK)
    results = checks.side_by_side(names, arguments.test or "*")
    if not arguments.test:
        results.append(host.suite(names))
    return checks.summary(results)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="lab", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="verb")

    verb = verbs.add_parser("vm", help=vm.__doc__)
    verb.set_defaults(run=vm)
    verb.add_argument("--kernel", default="debian-6.12")
    verb.add_argument("--smp", type=int, default=0, help="CPUs")
    verb.add_argument("--mem", default="", help="memory, as 512M or 2G")
    verb.add_argument("--append", action="append", default=[], help="kernel parameters")
    verb.add_argument("--icount", action="store_true", help="the clock counts instructions")
    verb.add_argument("--timeout", type=float, default=300, help="seconds for the command")
    verb.add_argument("--modules", default="", help="stock modules to load, comma-separated")
    verb.add_argument("--files", nargs="+", default=[], metavar="HOST:GUEST")
    verb.add_argument("--out", type=Path, help="where to put the guest's /out")
    verb.add_argument("--no-build", action="store_true", help="boot without our modules")
    verb.add_argument("--no-tests", action="store_true", help="build without the test modules")
    verb.add_argument("command", nargs="+", help="shell command line, after --")

    verb = verbs.add_parser("check", help=check.__doc__)
    verb.set_defaults(run=check)
    verb.add_argument("--kernel", default="", help="names, comma-separated")
    verb.add_argument("--test", default="", help="only tests whose names contain or match this")
    return top


def main() -> int:
    """Run one verb."""
    arguments = parser().parse_args()
    try:
        return arguments.run(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


sys.exit(main())
