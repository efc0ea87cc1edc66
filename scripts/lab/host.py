# SPDX-License-Identifier: GPL-2.0
"""Checks that need no guest: generated files, style, sparse, and the model of the fast path."""

from __future__ import annotations

import functools
import graphlib
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import build, kernels, ksft, paths
from .check import Result
from .ktap import Case
from .packages import Archive, host_suite, install_tools
from .progress import LabError

TOOLS = {"shellcheck": "shellcheck", "perl": "perl", "spin": "spin",
         "gcc": "gcc", "git": "git", "pyflakes3": "pyflakes3"}
C_FILES = ("mod/**/*.c", "mod/**/*.h", "selftests/*.c", "selftests/*.h",
           "selftests/modules/**/*.c", "selftests/modules/**/*.h", "selftests/lab/*.c",
           "Documentation/examples/**/*.c")
SHELL_FILES = ("scripts/**/*.sh", "selftests/**/*.sh", "selftests/*.inc", ".ci/run")
PYTHON_FILES = ("scripts/**/*.py",)


def files(patterns: tuple[str, ...]) -> list[str]:
    """The project's files that match, without those that a build left."""
    return sorted({str(path.relative_to(paths.PROJECT)) for pattern in patterns
                   for path in paths.PROJECT.glob(pattern) if not path.name.endswith(".mod.c")})


def of_changed(what: str, names: list[str], check: Callable[[list[str]], str]) -> str:
    """What @check says of those files @names in which it has not found nothing already."""
    file = paths.BUILD / "clean" / what
    known = file.read_text(encoding="ascii").split() if file.exists() else []
    keys = {name: hashlib.sha256(name.encode() + (paths.PROJECT / name).read_bytes()).hexdigest()
            for name in names}
    changed = [name for name, key in keys.items() if key not in known]
    complaints = check(changed) if changed else ""
    if not complaints:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(keys.values()), encoding="ascii")
    return complaints


def output(command: list[str], env: dict[str, str] | None = None) -> str:
    """What @command complains about; nothing when it succeeds."""
    done = subprocess.run(command, cwd=paths.PROJECT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env=env)
    return done.stdout if done.returncode else ""


def checkpatch() -> str:
    """checkpatch --strict over the C files.

    Ignored: what only code for several kernels needs (compat.h), macros that must be macros, and a
    BUG() where the kernel has one for the same (usercopy.c).
    """
    command = ["perl", str(ksft.tree() / "scripts/checkpatch.pl"), "--no-tree", "--strict", "--terse",
               "--no-summary", "--ignore", "LINUX_VERSION_CODE,CONSTANT_COMPARISON,MACRO_ARG_REUSE,AVOID_BUG",
               "--file"]
    return of_changed(ksft.tree().name, files(C_FILES), lambda names: output([*command, *names]))


def size_classes() -> str:
    """The generated table is what the generator makes, within the limits of the design."""
    return output([sys.executable, "scripts/gen_size_classes.py", "--check",
                   "mod/include/linux/tcslab_size_classes.h"])


def abi() -> str:
    """The name in the generated header stands for the headers as they are."""
    return output([sys.executable, "scripts/gen_abi.py", "--check", "mod/include/linux/tcslab_abi.h"])


def includes() -> str:
    """No #include of mod/ goes up, into the inside of another folder, or round in a circle."""
    return output([sys.executable, "scripts/includes.py"])


def shellcheck() -> str:
    """shellcheck over the shell files."""
    return output(["shellcheck", "-x", *files(SHELL_FILES)])


def python() -> str:
    """pyflakes over the Python files."""
    return output(["pyflakes3", *files(PYTHON_FILES)])


def model() -> str:
    """The model of the per-CPU section and its known-wrong variants."""
    return of_changed("model", files(("selftests/model/*",)),
                      lambda _: output(["sh", "selftests/model/model.sh"]))


def promises() -> str:
    """The tests and cases that Documentation/promises.md names exist."""
    folder = paths.PROJECT / "selftests"
    sources = "".join((paths.PROJECT / name).read_text(encoding="utf-8")
                      for name in files(("selftests/*.sh", "selftests/*.inc", "selftests/*.c",
                                         "selftests/modules/**/*.[ch]")))
    complaints = []
    text = (paths.PROJECT / "Documentation/promises.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("| "):
            continue
        cells = [cell.strip() for cell in line.replace("\\|", "/").strip("|").split("|")]
        complaints += [f"{cells[0]}: there is no selftests/{name}"
                       for name in re.findall(r"`([\w/]+\.(?:sh|c))`", " ".join(cells[1:]))
                       if not (folder / name).exists()]
        if len(cells) == 3 and cells[2] not in ("-", "case") and cells[2] not in sources:
            complaints.append(f"{cells[0]}: no test says '{cells[2]}'")
    return "\n".join(complaints)


def where() -> str:
    """The functions that Documentation/where.md leads through are where it says."""
    text = (paths.PROJECT / "Documentation/where.md").read_text(encoding="utf-8")
    steps = re.findall(r"^    (\S+\.[ch]) +(\w+) ", text, re.M)
    return "\n".join(f"where.md: there is no {name}() in mod/{file}" for file, name in steps
                     if not re.search(rf"^[^#\s/*].*\b{name}\(", (paths.PROJECT / "mod" / file)
                                      .read_text(encoding="utf-8"), re.M))


def versions() -> str:
    """dkms, the module and the Debian packages are of one version, which the changelog has."""
    wanted = re.findall(r'^PACKAGE_VERSION="(.*)"', (paths.PROJECT / "dkms.conf").read_text("utf-8"), re.M)[0]
    places = {"mod/include/linux/tcslab_version.h": rf'TCSLAB_VERSION\s+"{wanted}"',
              "scripts/packaging/debian/changelog": rf"\Atcslab \({wanted}\)",
              "Documentation/changelog.md": rf"\n## {wanted}\n"}
    return "\n".join(f"{name} is not of version {wanted}, as dkms.conf is" for name, pattern in places.items()
                     if not re.search(pattern, (paths.PROJECT / name).read_text("utf-8")))


def probes() -> str:
    """tcslab_slab.h is nothing where the compiler is asked for its options, and no driver in the kernel has it."""
    command = ["gcc", "-D__KERNEL__", "-Imod/include", "-include", "linux/tcslab_slab.h", "-Werror", "-x", "c"]
    complaints = output([*command, "-c", "/dev/null", "-o", "/dev/null"])
    if "only a module can use" not in output([*command, "-DKBUILD_BASENAME=x", "-E", "/dev/null"]):
        complaints += "a file that is in the kernel can be built with tcslab_slab.h"
    return complaints


def border() -> str:
    """What the kernels whose sources are at hand free and allocate for modules is in border.txt."""
    trees = {tree.name.partition("_")[0]: tree for tree in
             sorted(paths.cache("sources").glob("linux-source-*/Makefile"), key=os.path.getmtime)
             for tree in (tree.parent,)}
    complete = ["--check"] if len(trees) == len(build.CHECKED) else []
    names = "+".join(tree.name.removeprefix("linux-source-") for tree in trees.values())
    return of_changed(f"border-{names}", ["scripts/border.py", "scripts/border.txt"], lambda _: output(
        [sys.executable, "scripts/border.py", *complete, *map(str, trees.values())])) if trees else ""


def promtool() -> Path:
    """Prometheus' own checker; unpacked, not installed, since its package starts a server."""
    root = paths.cache("programs") / "prometheus"
    with paths.lock(root.with_suffix(".lock")):
        binary = root / "usr/bin/promtool"
        if not binary.exists():
            archive = Archive(host_suite())
            archive.refresh()
            archive.unpack("prometheus", archive.version("prometheus"), root)
        return binary


def tool() -> str:
    """The command tcslab over recorded figures; its metrics and the rules as promtool sees them."""
    env = {**os.environ, "PROMTOOL": str(promtool())}
    return output([sys.executable, "-B", "-m", "unittest", "discover", "-s", "scripts/tcslab/tests"], env)


CHECKS: dict[str, Callable[[], str]] = {
    "size-classes": size_classes, "abi": abi, "includes": includes, "checkpatch": checkpatch,
    "shellcheck": shellcheck, "python": python, "promises": promises, "where": where,
    "versions": versions, "border": border, "probes": probes, "tool": tool,
    "model": model}


def sparse(name: str) -> str:
    """What sparse and W=1 say of our files as the kernel @name compiles them."""
    kernel = kernels.load(name)
    build.modules(kernel, kernels.prepare(kernel))
    return (kernel.build / "src" / build.COMPLAINTS).read_text(encoding="utf-8")


# Calls back, each with its reason at the head of the file that is called.
BACKWARDS = (("park", "central"), ("guard_report", "guard"))


def symbols(name: str) -> str:
    """What an object of a lower folder of mod/ takes from a higher one, and circles in a folder."""
    kernel = kernels.load(name)
    build.modules(kernel, kernels.prepare(kernel))
    text = (paths.PROJECT / "scripts/includes.py").read_text(encoding="utf-8")
    tiers = re.findall(r'TIERS = "([^"]+)"', text)[0].split()
    defined, used = {}, []
    for file in sorted((kernel.build / "src/mod").glob("*/*.o")):
        source = paths.PROJECT / "mod" / file.parent.name / file.with_suffix(".c").name
        if not source.exists():     # it has moved, the object stayed
            continue
        table = subprocess.run(["nm", file], capture_output=True, text=True, check=True).stdout
        for kind, symbol in re.findall(r"([A-Za-z]) (\w+)$", table, re.M):
            if kind == "U":
                used.append((file, symbol))
            elif kind.isupper():
                defined[symbol] = file
    complaints = [f"{file.parent.name}/{file.name} takes {symbol} from "
                  f"{defined[symbol].parent.name}/{defined[symbol].name}: see scripts/includes.py"
                  for file, symbol in used if symbol in defined
                  and tiers.index(defined[symbol].parent.name) > tiers.index(file.parent.name)]
    graph: dict[str, set[str]] = {}
    for file, symbol in used:
        there = defined.get(symbol)
        if there and there != file and there.parent == file.parent and \
                (file.stem, there.stem) not in BACKWARDS:
            graph.setdefault(str(file), set()).add(str(there))
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        complaints.append("a circle of symbols: " +
                          " takes from ".join(Path(x).stem for x in reversed(error.args[1])))
    return "\n".join(complaints)


def suite(names: list[str], optional: bool = False) -> Result:
    """All of them, one case each, and sparse on those of the kernels @names where it can run.

    With @optional not on a kernel that cannot be had: that is said where its tests are.
    """
    install_tools(TOOLS)
    result, begin = Result("host", "style"), time.monotonic()
    checks = CHECKS | {f"sparse-{name}": functools.partial(sparse, name) for name in names
                       if name in build.CHECKED and (not optional or kernels.can_be_had(name))}
    if "debian-6.12" in names:
        checks["symbols"] = functools.partial(symbols, "debian-6.12")
    for name, check in checks.items():
        try:
            complaints = check().strip().splitlines()
        except LabError as error:
            complaints = str(error).splitlines()
        result.cases.append(Case(name, "fail" if complaints else "pass",
                                 complaints[0] if complaints else ""))
        print(f"{'not ok' if complaints else 'ok'} host {name}", flush=True)
        for line in complaints[:20]:
            print(f"    | {line}")
    result.seconds = time.monotonic() - begin
    return result
