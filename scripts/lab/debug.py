# SPDX-License-Identifier: GPL-2.0
"""A guest for gdb: tcslab loaded at a known place, time to set breakpoints, then a test."""

from __future__ import annotations

from pathlib import Path

from . import build, collection, kernels, session
from .kernels import Kernel
from .progress import say

# The guest stands still while gdb has stopped it: the wait does not run on.
COMMAND = """insmod /lib/tcslab/tcslab.ko
cd /sys/module/tcslab/sections
for section in .text .data .bss .rodata; do
	[ ! -f $section ] || echo "section $section $(cat $section)"
done
sleep {wait}
[ -z '{test}' ] || { cd /selftests/tcslab && ./{test}; }
"""


def guest(kernel: Kernel, test: str, wait: int) -> int:
    """Boot @kernel, say how to attach gdb, wait, run @test."""
    ready = kernels.prepare(kernel)
    # Kernels built here have no debug information: that would double their time.
    modules = build.modules(kernel, ready, "1", *(["KCFLAGS=-g"] if kernel.source else []))
    folder, _ = collection.build(kernel)
    module = next(x for x in modules if x.name == "tcslab.ko")
    options = session.Options(files=collection.files(folder), gdb=True, append="nokaslr")
    logs = session.log_directory(kernel, "debug")
    run = session.Session(kernel, ready, modules, options, logs)
    places: dict[str, str] = {}

    def echo(line: str) -> None:
        if line.startswith("section "):
            _, name, address = line.split()
            places[name] = address
            if name == ".bss" or (name == ".rodata" and ".bss" not in places):
                attach()
        else:
            print(line, flush=True)

    def attach() -> None:
        vmlinux = Path(ready.kdir) / "vmlinux"
        symbols = str(vmlinux) if kernel.source and vmlinux.exists() else ""
        sections = "".join(f" -s {x} {y}" for x, y in places.items() if x != ".text")
        say(f"{wait} s until the test begins; attach with")
        print(f"gdb {symbols} -ex 'target remote :1234' -ex 'add-symbol-file {module} "
              f"{places['.text']}{sections}'", flush=True)

    command = COMMAND.replace("{wait}", str(wait)).replace("{test}", test)
    return session.run_command(run, command, wait + 3600, None, echo)
