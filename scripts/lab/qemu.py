# SPDX-License-Identifier: GPL-2.0
"""Starts a guest and hands its console out line by line. Nothing else in the project does."""

from __future__ import annotations

import dataclasses
import functools
import lzma
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Iterator

from . import initramfs, paths
from .kernels import Kernel, Ready
from .packages import install_tools
from .progress import say

PACKAGES = {"x86_64": ("qemu-system-x86_64", "qemu-system-x86"),
            "i386": ("qemu-system-x86_64", "qemu-system-x86"),
            "arm64": ("qemu-system-aarch64", "qemu-system-arm")}
KVM_PROBE_SECONDS = 15
XZ = b"\xfd7zXZ\0"
RUNNING: set["Guest"] = set()
OUT_DISK = 1 << 30
MANY_CPUS = 4                # for each of the host's


@dataclasses.dataclass
class Machine:
    """What a guest is made of."""

    initrd: Path
    smp: int
    mem: str
    append: str = ""
    icount: bool = False
    out: Path | None = None      # a raw disk the guest writes a tar archive to
    gdb: bool = False
    nodes: int = 1               # NUMA nodes, the memory and the CPUs divided among them
    plug: str = ""               # room for memory of one node more, which the guest plugs in


# A virtual CPU may get no time for long while the host does other things, which is no fault of the
# kernel's: what really hangs is found by the limits of tests.
PATIENCE = "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300 workqueue.watchdog_thresh=300"


def takes_turns(kernel: Kernel, smp: int) -> bool:
    """Whether a guest's CPUs share one of the host's.

    More CPUs than there are spin for locks whose holder does not run; one that spins, or sleeps,
    leaves the rest of its turn to the others.
    """
    there = os.cpu_count() or 1
    return smp > MANY_CPUS * there or (kernel.turns and smp > there)


def megabytes(mem: str) -> int:
    """What "512M" or "2G" is."""
    return int(mem[:-1]) << {"M": 0, "G": 10}[mem[-1]]


def plug_options(machine: Machine) -> list[str]:
    """A second serial port that is QEMU's monitor: the guest itself says when memory comes."""
    if not machine.plug:
        return []
    socket = f"path=tcslab-{os.getpid()}-{machine.initrd.parent.name},abstract=on"
    return ["-numa", f"node,nodeid={machine.nodes}",
            "-chardev", f"socket,id=monitor,{socket},server=on,wait=off",
            "-mon", "chardev=monitor,mode=readline",
            "-chardev", f"socket,id=plug,{socket}", "-serial", "chardev:plug"]


def node_options(machine: Machine) -> list[str]:
    """As many nodes as @machine is to have; a machine without nodes is the plain one."""
    if machine.nodes < 2 and not machine.plug:
        return []
    argv = []
    bytes_each = (megabytes(machine.mem) << 20) // machine.nodes
    for node in range(machine.nodes):
        cpus = "".join(f",cpus={cpu}" for cpu in range(machine.smp)
                       if cpu * machine.nodes // machine.smp == node)
        argv += ["-object", f"memory-backend-ram,id=node{node},size={bytes_each}",
                 "-numa", f"node,nodeid={node},memdev=node{node}{cpus}"]
    return argv


def unpacked(image: Path) -> Path:
    """An @image of our cache, unpacked if it is xz: that would take each guest 4 s."""
    elf = image.with_name(image.name + ".elf")
    if paths.cache() not in image.parents:
        return image
    with paths.lock(image.with_name(image.name + ".lock")):
        if not elf.exists():
            packed = image.read_bytes()
            begin = packed.find(XZ)
            if begin < 0:
                return image
            new = elf.with_suffix(".new")
            new.write_bytes(lzma.LZMADecompressor().decompress(packed[begin:]))
            new.rename(elf)
    return elf


def command(kernel: Kernel, ready: Ready, machine: Machine, accel: str) -> list[str]:
    """The command line that starts @machine with @kernel."""
    if kernel.arch == "um":
        return uml_command(ready, machine)
    console = "ttyS0"
    argv = [PACKAGES[kernel.arch][0]]
    if kernel.arch == "arm64":
        argv += ["-machine", "virt", "-cpu", "max,pauth-impdef=on"]
        console = "ttyAMA0"
    elif kernel.arch == "i386":
        argv += ["-cpu", "max,lm=off"]
    elif accel == "kvm":
        argv += ["-cpu", "host"]
    else:
        # An emulated `rep stosb` goes byte by byte: kernels before 6.4 fill memory with it.
        argv += ["-cpu", "max" if machine.icount else "max,erms=off"]
    if machine.icount:
        argv += ["-accel", "tcg", "-icount", "shift=0,sleep=off"]
    elif accel == "kvm":
        argv += ["-accel", "kvm"]
    else:
        threads = "single" if takes_turns(kernel, machine.smp) else "multi"
        argv += ["-accel", f"tcg,thread={threads}"]
    append = (f"console={console} quiet panic=-1 oops=panic printk.devkmsg=on log_buf_len=4M "
              f"nokaslr {PATIENCE} {kernel.append} {machine.append}")
    mem = machine.mem
    if machine.plug:
        mem += f",slots=4,maxmem={megabytes(machine.mem) + megabytes(machine.plug)}M"
    # A socket for each node: Linux warns of CPUs that share a socket but no node.
    argv += ["-smp", f"{1 if machine.icount else machine.smp},sockets={machine.nodes}", "-m", mem, "-nodefaults",
             "-nographic", "-no-reboot", "-serial", "stdio", "-kernel",
             str(unpacked(Path(ready.image)) if kernel.arch == "x86_64" else ready.image),
             "-initrd", str(machine.initrd), "-append", " ".join(append.split()), *node_options(machine),
             *plug_options(machine)]
    if machine.out:
        argv += ["-drive", f"file={machine.out},if=none,id=out,format=raw,cache=unsafe",
                 "-device", "virtio-blk-pci,drive=out"]
    if machine.gdb:
        argv += ["-s"]
    return argv


def uml_command(ready: Ready, machine: Machine) -> list[str]:
    """User-mode Linux is a program: it needs no QEMU. SMP wants seccomp."""
    argv = [ready.image, f"mem={machine.mem}", f"initrd={machine.initrd}", "seccomp=on",
            f"ncpus={machine.smp}", "con=null", "con0=fd:0,fd:1", "console=tty0", "panic=-1",
            "oops=panic", "printk.devkmsg=on", "quiet", *PATIENCE.split(), *machine.append.split()]
    if machine.out:
        argv.append(f"ubd0={machine.out}")
    return argv


def end_all(*_: object) -> None:
    """Leave no guest behind when the lab itself is told to end."""
    for guest in list(RUNNING):
        guest.end()
    os._exit(143)


class Guest:
    """A running guest."""

    def __init__(self, kernel: Kernel, ready: Ready, machine: Machine, log: Path,
                 accel: str | None = None):
        if kernel.arch in PACKAGES:
            binary, package = PACKAGES[kernel.arch]
            install_tools({binary: package})
        if accel is None:
            accel = accelerator() if kernel.arch == "x86_64" and not machine.icount else "tcg"
        self.argv = command(kernel, ready, machine, accel)
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = open(log, "w", encoding="utf-8", errors="replace")  # pylint: disable=R1732
        # A lab that is killed takes its guests with it.
        self.process = subprocess.Popen(  # pylint: disable=R1732
            ["setpriv", "--pdeathsig", "KILL", *self.argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        RUNNING.add(self)
        self.queue: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self) -> None:
        assert self.process.stdout
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace").replace("\r", "").rstrip("\n")
            self.log.write(line + "\n")
            self.log.flush()
            self.queue.put(line)
        self.queue.put(None)

    def lines(self, deadline: "Deadline") -> Iterator[str]:
        """Console lines until the guest ends; ends it when @deadline passes (see .expired)."""
        while True:
            try:
                line = self.queue.get(timeout=max(0.0, deadline.at - time.monotonic()))
            except queue.Empty:
                if time.monotonic() < deadline.at:
                    continue
                deadline.expired = True
                return
            if line is None:
                return
            yield line

    def end(self) -> None:
        """Stop the guest, however it is."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        RUNNING.discard(self)


@dataclasses.dataclass
class Deadline:
    """The moment by which a guest must have got on; moved by those who read its lines."""

    at: float
    expired: bool = False

    def extend(self, seconds: float) -> None:
        """Give it @seconds from now."""
        self.at = time.monotonic() + seconds


@functools.cache
def accelerator() -> str:
    """kvm when a guest really boots with it, else tcg."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        say("no usable /dev/kvm: guests run under TCG")
        return "tcg"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    verdict = paths.cache("kvm") / boot
    with paths.lock(verdict.with_suffix(".lock")):
        if not verdict.exists():
            verdict.write_text("kvm" if _kvm_boots() else "tcg", encoding="ascii")
    if verdict.read_text(encoding="ascii") == "kvm":
        return "kvm"
    say("/dev/kvm is there but a guest does not boot with it: guests run under TCG")
    return "tcg"


def _kvm_boots() -> bool:
    """Whether a kernel gets to its init under KVM."""
    from . import kernels

    kernel = kernels.load("debian-6.1")
    ready = kernels.prepare(kernel)
    with tempfile.TemporaryDirectory() as scratch:
        initrd = Path(scratch) / "initrd"
        with open(initrd, "wb") as stream:
            archive = initramfs.Archive(stream)
            initramfs.busybox(archive)
            archive.data("init", b"#!/bin/sh\necho the guest is up\nreboot -f\n", 0o755)
            archive.close()
        guest = Guest(kernel, ready, Machine(initrd, 1, "512M"), Path(scratch) / "log", "kvm")
        up = any("the guest is up" in line
                 for line in guest.lines(Deadline(time.monotonic() + KVM_PROBE_SECONDS)))
        guest.end()
        return up
