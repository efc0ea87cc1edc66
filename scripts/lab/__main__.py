# SPDX-License-Identifier: GPL-2.0
"""The VM lab: gets kernels, builds modules against them, boots guests, reports the truth."""

from __future__ import annotations

import argparse
import concurrent.futures
import signal
import sys
from pathlib import Path

if __package__ in (None, ""):
    # Run as `python3 scripts/lab`: make the directory a package.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.path.remove(str(Path(__file__).resolve().parent))
    __package__ = "lab"

from lab import (build, check as checks, compare, debug, foreign, host, kernels, paths, qemu, real,  # noqa: E402
                 selftest, session, ship)
from lab.progress import LabError, say  # noqa: E402


def vm(arguments: argparse.Namespace) -> int:
    """Run one command in a guest."""
    kernel = kernels.load(arguments.kernel)
    ready = kernels.prepare(kernel)
    modules = [] if arguments.no_build else build.modules(kernel, ready, "" if arguments.no_tests else "1")
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
    """Run the tests on the quick kernels, on those named, or on all there are."""
    names = arguments.kernel.split(",") if arguments.kernel else list(checks.QUICK)
    if arguments.all:
        names = kernels.names()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        # Beside the guests.
        others = [] if arguments.test else [pool.submit(host.suite, names, arguments.all)]
        if arguments.selftest or arguments.all:
            others.append(pool.submit(selftest.suite, arguments.all))
        if arguments.all:
            others.append(pool.submit(ship.suite))
            builds = pool.submit(foreign.suite, [x for x in foreign.KERNELS if kernels.can_be_had(x)])
        results = checks.side_by_side(names, arguments.test or "*", arguments.all,
                                      "all" if arguments.all else "long" if arguments.long else "")
        results += [other.result() for other in others]
        if arguments.all:
            results += builds.result()
    if len(results) > 3:
        print(checks.table(results))
    return checks.summary(results)


def check_install(_arguments: argparse.Namespace) -> int:
    """Install, upgrade and remove tcslab as users do, in a copy of this machine."""
    return checks.summary([ship.suite()])


def build_packages(_arguments: argparse.Namespace) -> int:
    """Build the Debian packages."""
    complaints = ship.packages()
    print(*complaints, f"packages are in {paths.BUILD / 'packages'}", sep="\n")
    return 1 if complaints else 0


def real_module(arguments: argparse.Namespace) -> int:
    """Build a module of the kernel's own tree with tcslab_slab.h."""
    kernel = kernels.load(arguments.kernel)
    ready = kernels.prepare(kernel)
    found = build.modules(kernel, ready, "")
    found.extend(real.modules(kernel, ready, arguments.module, arguments.native_dup))
    print("insmod these:", *found, sep="\n")
    return 0


def check_modules(arguments: argparse.Namespace) -> int:
    """Build modules of the kernel's tree with tcslab_slab.h, and compare the versions of symbols."""
    wanted = tuple(arguments.modules.split(",")) if arguments.modules else foreign.MODULES
    return checks.summary(foreign.suite(arguments.kernel.split(","), wanted))


def compare_modules(arguments: argparse.Namespace) -> int:
    """Measure the kernel's modules on tcslab and untouched, under icount."""
    return compare.run(arguments.kernel.split(","), arguments.test)


def list_kernels(_arguments: argparse.Namespace) -> int:
    """List the kernels with their state."""
    print(kernels.listing())
    return 0


def debug_guest(arguments: argparse.Namespace) -> int:
    """Boot a guest that waits for gdb, then runs a test."""
    return debug.guest(kernels.load(arguments.kernel), arguments.test, arguments.wait)


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
    verb.add_argument("--all", action="store_true", help="every kernel that can be had")
    verb.add_argument("--long", action="store_true", help="also the tests that take long")
    verb.add_argument("--selftest", action="store_true", help="and whether the lab finds bugs")

    verb = verbs.add_parser("module", help=real_module.__doc__)
    verb.set_defaults(run=real_module)
    verb.add_argument("--kernel", default="debian-6.12")
    verb.add_argument("--native-dup", action="store_true", help="leave kmemdup() and kstrdup()")
    verb.add_argument("module", help="its path in the kernel's source, as fs/f2fs")

    verb = verbs.add_parser("modules", help=check_modules.__doc__)
    verb.set_defaults(run=check_modules)
    verb.add_argument("--kernel", default=",".join(foreign.KERNELS), help="names, comma-separated")
    verb.add_argument("modules", nargs="?", default="", help="paths, comma-separated")

    verb = verbs.add_parser("compare", help=compare_modules.__doc__)
    verb.set_defaults(run=compare_modules)
    verb.add_argument("--kernel", default="debian-6.12")
    verb.add_argument("--test", default="", help="only tests whose names contain this")

    verb = verbs.add_parser("install", help=check_install.__doc__)
    verb.set_defaults(run=check_install)

    verb = verbs.add_parser("packages", help=build_packages.__doc__)
    verb.set_defaults(run=build_packages)

    verb = verbs.add_parser("kernels", help=list_kernels.__doc__)
    verb.set_defaults(run=list_kernels)

    verb = verbs.add_parser("debug", help=debug_guest.__doc__)
    verb.set_defaults(run=debug_guest)
    verb.add_argument("--kernel", default="debian-6.12")
    verb.add_argument("--test", default="", help="a test program, by its name")
    verb.add_argument("--wait", type=int, default=60, help="seconds before the test begins")
    return top


def main() -> int:
    """Run one verb."""
    signal.signal(signal.SIGTERM, qemu.end_all)
    arguments = parser().parse_args()
    try:
        return arguments.run(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


sys.exit(main())
