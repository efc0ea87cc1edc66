# SPDX-License-Identifier: GPL-2.0
"""Builds the packages, and installs tcslab as users do in a copy of this machine that is thrown away."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from . import kernels, paths
from .check import Result
from .ktap import Case
from .packages import install_tools
from .progress import LabError, Unavailable, run, say

TOOLS = {"dkms": "dkms", "depmod": "kmod", "make": "make", "gcc": "gcc", "ccache": "ccache", "pahole": "pahole"}
KERNELS = ("debian-6.1", "debian-6.12")
BUILD = {"dpkg-buildpackage": "dpkg-dev", "dh": "debhelper", "dh_dkms": "dh-dkms", "lintian": "lintian",
         "mandoc": "mandoc", "cmark-gfm": "cmark-gfm", "perl": "perl"}


def command(script: str, *arguments: str) -> list[str]:
    """@script in a tree that has all of this machine and keeps nothing, with the cache bound in."""
    cache = paths.cache()
    setup = ["set -e", 'tree=$(mktemp -d)', 'mount -t tmpfs tmpfs "$tree"',
             'mkdir "$tree/upper" "$tree/work" "$tree/root"',
             'mount -t overlay -o lowerdir=/,upperdir="$tree/upper",workdir="$tree/work" overlay "$tree/root"',
             'mount -t proc proc "$tree/root/proc"', 'mount --bind /dev "$tree/root/dev"',
             'mount -t tmpfs tmpfs "$tree/root/tmp"']
    for path in (cache, paths.PROJECT):
        setup.append(f'mkdir -p "$tree/root{path}"; mount --bind "{path}" "$tree/root{path}"')
    # Mounts are of this process alone, and end with it; the folder that they were on is left.
    setup.append('(chroot "$tree/root" sh -c "$@") || status=$?; umount -l "$tree"; rmdir "$tree"; '
                 'exit ${status:-0}')
    return ["unshare", "--mount", "sh", "-c", "; ".join(setup), "ship", script, "ship", *arguments]


def prepared() -> tuple[str, list[str]]:
    """Shell commands that give the tree its kernels, and their releases."""
    lines, releases = [], []
    for name in KERNELS:
        ready = kernels.prepare(kernels.load(name))
        folder = f"/lib/modules/{ready.release}"
        lines += [f"mkdir -p {folder}", f"ln -sfn {ready.kdir} {folder}/build",
                  f"touch {folder}/modules.order {folder}/modules.builtin"]
        releases.append(ready.release)
    return "\n".join(lines), releases


def packages() -> list[str]:
    """Build the Debian packages in build/packages; what lintian says of them, a line each."""
    install_tools(BUILD)
    # Of the headers that a builder would have installed.
    ready = kernels.prepare(kernels.load(KERNELS[1]))
    out = paths.BUILD / "packages"
    for old in out.glob("*.changes"):
        old.unlink()
    # The names of what they need are those of a builder's machine; the lab has it all.
    run(["sh", "scripts/packaging/packages.sh", str(out), "-d"], "building packages", cwd=paths.PROJECT,
        env={"KERNEL_DOC": f"{ready.kdir}/scripts/kernel-doc"}, log=out.parent / "packages.log")
    changes = next(out.glob("*.changes"))
    done = subprocess.run(["lintian", "--allow-root", "-EvIL", "+pedantic", str(changes)],
                          capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if re.match(r"[A-Z]: ", line) and line[0] != "N"]


def package_case() -> Case:
    """The packages build, and lintian has nothing to say."""
    try:
        complaints = packages()
    except LabError as error:
        complaints = str(error).splitlines()
    for line in complaints:
        print(f"    | {line}")
    return Case("packages, lintian", "fail" if complaints else "pass",
                complaints[0] if complaints else "")


def suite() -> Result:
    """Every step of scripts/packaging/check.sh is a case."""
    result = Result("host", "install")
    try:
        if os.geteuid():
            raise Unavailable("installing in a copy of the machine needs root (unshare, overlay)")
        if subprocess.run(command("true"), capture_output=True, check=False).returncode:
            raise Unavailable("there can be no overlay over this machine's file system")
        install_tools(TOOLS)
        case = package_case()
        result.cases.append(case)
        print(f"{'not ok' if case.why else 'ok'} host packages, lintian", flush=True)
        setup, releases = prepared()
        sources = paths.BUILD / "ship"
        sources.mkdir(parents=True, exist_ok=True)
        # Debian's headers know ccache; the same sources are compiled again and again.
        script = f"""{setup}
export DEBIAN_KERNEL_USE_CCACHE=1 CCACHE_DIR={paths.cache("ccache")} CCACHE_MAXSIZE=200M
exec sh {paths.PROJECT}/scripts/packaging/check.sh "$@"
"""
        project = export(sources / "project")
        say("installing, upgrading and removing tcslab in a copy of this machine")
        done = subprocess.run(command(script, str(project), *releases), capture_output=True, text=True,
                              check=False)
        cases(result, done.stdout)
        if done.returncode or not result.cases:
            raise LabError(f"scripts/packaging/check.sh ended with {done.returncode}: {done.stderr[-500:]}")
    except LabError as error:
        outcome = "skip" if isinstance(error, Unavailable) else "fail"
        result.cases.append(Case("install", outcome, str(error).splitlines()[0]))
        print(f"{'skipped:' if outcome == 'skip' else 'not ok'} host install: {error}", flush=True)
    return result


def export(target: Path) -> Path:
    """A copy of the project's sources as a user has them, at @target."""
    tops = ["Kbuild", "Makefile", "README.md", "dkms.conf", "COPYING", "mod", "scripts", "Documentation"]
    subprocess.run(["rm", "-rf", str(target)], check=True)
    target.mkdir(parents=True)
    subprocess.run(["cp", "-r", *tops, str(target)], cwd=paths.PROJECT, check=True)
    return target


def cases(result: Result, text: str) -> None:
    """Add what the script's output @text says to @result, and print it."""
    for line in text.splitlines():
        found = re.match(r"(not )?ok (.*)", line)
        if found:
            result.cases.append(Case(found[2], "fail" if found[1] else "pass"))
            print(f"{found[1] or ''}ok host install: {found[2]}", flush=True)
        else:
            print(line)
