# SPDX-License-Identifier: GPL-2.0
"""The kselftest collection: builds its programs and reads what each asks of the lab.

A test says what it needs in a comment near its top:

    # lab: timeout=900 smp=4 nodes=2 mem=2G append="isolcpus=1" modules=loop,ext4 icount=1
    # lab: kernels=debug-*,kcsan-* expect="tcslab: .* already free"
    # lab: real=fs/f2fs programs=mkfs.f2fs:f2fs-tools stock=loop when=all

`modules` are loaded at boot, `stock` ones are there to be loaded. `real` are modules of the kernel's
tree built with tcslab_slab.h, in /lib/real beside the untouched ones. `drivers` are the examples of
Documentation/examples, in /lib/drivers. `programs` name the package that has them, `scripts` are folders of scripts/, in
/scripts. A test with when=long is run with LONG=1 and by `make check-all`, one with when=all by
that alone; both when they are named. One with beside=1 runs for a time, not for an amount of work: its
guest does not wait until others have ended.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import shlex
from pathlib import Path

from . import drivers, kernels, ksft, paths, programs, real, session, sync
from .kernels import Kernel
from .packages import install_tools
from .progress import LabError, run
from .source import CROSS

# Catches hangs and nothing else; a test may ask for more.
DEFAULT_SECONDS = 300
# Debian has one <asm/> for both sizes, where only the compiler for 64 bits looks.
M32 = "-m32 -idirafter /usr/include/x86_64-linux-gnu"
KEYS = {"timeout", "smp", "nodes", "mem", "append", "modules", "icount", "kernels", "expect",
        "stock", "real", "drivers", "programs", "scripts", "when", "beside", "plug"}
MACHINE = {"smp", "nodes", "mem", "append", "modules", "icount", "beside", "plug"}
LENGTHS = ("", "long", "all")
HEADER_LINES = 30


@dataclasses.dataclass
class Entry:
    """One test program and its wishes."""

    name: str
    source: Path
    wishes: dict[str, str]

    def skipped(self, kernel: Kernel, how_long: str) -> str:
        """Why this test is not for @kernel, or not in a run of @how_long; empty when it is."""
        when = self.wishes.get("when", "")
        if kernel.source and "real" in self.wishes:
            when = "all"        # all modules of the kernel have to be built for it
        if LENGTHS.index(when) > LENGTHS.index(how_long):
            return f"takes long: {'LONG=1' if when == 'long' else 'make check-all'}, or by its name"
        globs = self.wishes.get("kernels", "*").split(",")
        if any(fnmatch.fnmatch(kernel.name, x) for x in globs):
            return ""
        return f"is for {self.wishes['kernels']}"

    def machine(self, kernel: Kernel) -> tuple[tuple[str, str], ...]:
        """The wishes that need a boot of their own; tests with equal ones share it."""
        table = {key: value for key, value in self.wishes.items() if key in MACHINE}
        if (table.get("append") == "kmemleak=off"
                and not kernels.configured(kernel, "DEBUG_KMEMLEAK")):
            del table["append"]
        return tuple(sorted((key, value) for key, value in table.items()
                            if value != str(getattr(kernel, key, ""))))

    def parts(self, key: str) -> list[str]:
        """The wish @key, which is a list: what is to be packed."""
        return self.wishes[key].split(",") if key in self.wishes else []

    def test(self, kernel: Kernel) -> session.Test:
        """What the session runs."""
        seconds = max(float(self.wishes.get("timeout", 0)), DEFAULT_SECONDS)
        return session.Test(self.name, seconds * kernel.slow, self.wishes.get("expect", ""))


def own_files(entry: Entry, kernel: Kernel) -> list[tuple[str, Path]]:
    """What the test @entry alone wants packed: modules of the kernel's tree, programs."""
    ready = kernels.prepare(kernel)
    return [*real.files(kernel, ready, entry.parts("real")),
            *drivers.files(kernel, ready, entry.parts("drivers")),
            *programs.files(entry.parts("programs")),
            *((f"scripts/{name}", paths.PROJECT / "scripts" / name) for name in entry.parts("scripts"))]


def options(entries: list[Entry], kernel: Kernel,
            files: list[tuple[str, Path]]) -> session.Options:
    """The options of a boot with @files for tests that want the same machine."""
    table = dict(entries[0].machine(kernel))
    wanted, stock = (list(dict.fromkeys(x for entry in entries for x in entry.parts(key)))
                     for key in ("real", "stock"))
    return session.Options(smp=int(table.get("smp", 0)), nodes=int(table.get("nodes", 0)),
                           mem=table.get("mem", ""), plug=table.get("plug", ""),
                           append=table.get("append", ""), files=files,
                           stock=stock + [f"{Path(name.partition('+')[0]).name}?" for name in wanted],
                           icount="icount" in table,
                           modules=table["modules"].split(",") if "modules" in table else [])


def wishes(source: Path) -> dict[str, str]:
    """The `lab:` lines of a test's source."""
    found: dict[str, str] = {}
    with open(source, encoding="utf-8", errors="replace") as stream:
        head = [line for _, line in zip(range(HEADER_LINES), stream)]
    for line in head:
        if match := re.match(r"\s*(?:#|//|/?\*+)\s*lab:\s*(.*?)\s*(?:\*/)?$", line):
            for word in shlex.split(match.group(1)):
                key, equal, value = word.partition("=")
                if not equal or key not in KEYS:
                    raise LabError(f"{source.name}: the lab does not know {word!r}")
                if key == "when" and value not in LENGTHS:
                    raise LabError(f"{source.name}: when= is one of {' '.join(LENGTHS[1:])}")
                found[key] = value
    return found


def words(source: Path) -> set[str]:
    """The words of a test, and of the shell that it includes."""
    text = source.read_text(encoding="utf-8")
    found = set(re.findall(r"\w+", text))
    for name in re.findall(r"^\. \./(\S+)", text, re.MULTILINE):
        found |= words(source.with_name(name))
    return found


def suites(entries: list[Entry]) -> str:
    """The suites of test modules that the tests @entries name a module of."""
    found = set()
    for kbuild in paths.PROJECT.glob("selftests/modules/*/Kbuild"):
        names = re.findall(r"\b(\w+)\.o\b", kbuild.read_text(encoding="utf-8"))
        if any(words(entry.source) & set(names) for entry in entries):
            found.add(kbuild.parent.name)
    return " ".join(sorted(found)) or "none"


def install_multilib() -> None:
    """What gcc needs for -m32. The package gcc-multilib would push out compilers for Arm."""
    version = run(["gcc", "-dumpversion"], "gcc -dumpversion").strip()
    install_tools({f"/usr/lib/gcc/x86_64-linux-gnu/{version}/32/libgcc.a": f"gcc-{version}-multilib"})


def build(kernel: Kernel, folder: str = "selftests") -> tuple[Path, list[Entry]]:
    """Build the collection in @folder for @kernel: its directory and its tests."""
    install_tools({"rsync": "rsync", "gcc": "gcc", "make": "make"})
    tree = ksft.tree() / ksft.SELFTESTS
    source = kernel.build / "src"
    target = kernel.build / "kselftest" / Path(folder).name
    objects = kernel.build / "kselftest.obj" / Path(folder).name
    arguments = []
    if kernel.arch in CROSS:
        arguments = [f"CROSS_COMPILE={CROSS[kernel.arch]}", "NO_M32=1"]
    elif kernel.arch == "um":
        arguments = ["NO_M32=1"]
    elif kernel.arch == "i386":
        arguments = [f"CC=gcc {M32}", "NO_M32=1"]
    with paths.lock(kernel.build / "src.lock"):
        sync.copy(source)
        objects.mkdir(parents=True, exist_ok=True)
        # What was removed from the sources must not be run any more.
        run(["rm", "-rf", str(target)], "rm")
        if kernel.arch == "i386" or (kernel.arch == "x86_64" and any(
                "BUILD_M32" in x.read_text(encoding="utf-8")
                for x in (source / folder).glob("*_test.c"))):
            install_multilib()
        common = ["make", "-s", "-C", str(source / folder), f"KSFT={tree}", f"OUTPUT={objects}",
                  "COLLECTION=tcslab", *arguments]
        run([*common, f"INSTALL_PATH={target}", "install"], f"{kernel.name}: building tests",
            log=kernel.build / "logs" / "tests-build.log")
        names = run([*common, "emit_tests"], "listing tests").split()
    entries = []
    for line in names:
        name = line.removeprefix("tcslab:")
        stem = re.sub(r"32$", "", name)
        file = source / folder / (name if name.endswith(".sh") else f"{stem}.c")
        entries.append(Entry(name, file, wishes(file)))
    return target, entries


def files(folder: Path) -> list[tuple[str, Path]]:
    """What goes into the guest for the collection installed in @folder."""
    tree = ksft.tree() / ksft.SELFTESTS
    return [("selftests/tcslab", folder), ("selftests/kselftest", tree / "kselftest")]
