# SPDX-License-Identifier: GPL-2.0
"""Records the allocations of a kernel that boots and works in a guest of the lab, as a trace.

Another machine's are recorded there with capture.sh and converted here with --capture.
"""

from __future__ import annotations

import argparse
import lzma
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

if __package__ in (None, ""):
    # Run as `python3 scripts/record`: make the directory a package.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.path.remove(str(Path(__file__).resolve().parent))
    __package__ = "record"

from lab import kernels, vm  # noqa: E402
from lab.progress import LabError, say  # noqa: E402
from record import convert  # noqa: E402

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
EVENTS = ("kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node", "kfree",
          "kmem_cache_free")
# Per CPU. The kernel wants to have it before it has found all of the guest's memory.
BUFFER, MEMORY = "96M", "4G"
# Files up to this size: the guest's memory shall hold inodes rather than pages of content.
LARGEST_FILE = 32768


def source_tree(target: Path, kernel: str) -> None:
    """Archive the kernel's headers: a source tree which every machine with the lab has."""
    kdir = Path(kernels.prepare(kernels.load(kernel)).kdir)
    roots = [kdir]
    include = re.search(r"^include\s+(\S+)/Makefile", (kdir / "Makefile").read_text(encoding="utf-8"),
                        re.M)
    if include:
        roots.append(Path(include[1]))

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if not (member.isdir() or member.isfile() and member.size <= LARGEST_FILE):
            return None
        member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
        return member

    with tarfile.open(target, "w:gz") as archive:
        for root in roots:
            archive.add(root, root.name, filter=plain)


def capture(kernel: str, smp: int, target: Path) -> None:
    """Boot a guest and leave what it recorded in @target."""
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "tree.tar.gz"
        source_tree(archive, kernel)
        events = ",".join(f"kmem:{x}" for x in EVENTS)
        files = [f"{HERE / name}:record/{name}" for name in ("capture.sh", "workload.sh")]
        subprocess.run(
            vm.command(kernel, "sh /record/capture.sh /out sh /record/workload.sh "
                       "/record/tree.tar.gz",
                       "--no-build", "--smp", str(smp), "--mem", MEMORY, "--timeout", "900",
                       "--append", f"trace_event={events} trace_buf_size={BUFFER} "
                       "trace_clock=counter slab_nomerge",
                       "--files", *files, f"{archive}:record/tree.tar.gz", "--out", str(target)),
            check=True)


def main() -> int:
    """Record or convert."""
    parser = argparse.ArgumentParser(prog="record", description=__doc__)
    parser.add_argument("--kernel", default="debian-6.12", help="the lab's name of the kernel")
    parser.add_argument("--smp", type=int, default=2, help="CPUs of the guest")
    parser.add_argument("--capture", type=Path, metavar="DIR",
                        help="convert what capture.sh left in DIR instead of booting a guest")
    parser.add_argument("--output", type=Path, help="default: build/record/KERNEL.trace.xz")
    arguments = parser.parse_args()
    output = arguments.output or PROJECT / "build" / "record" / f"{arguments.kernel}.trace.xz"
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            where = arguments.capture or Path(scratch)
            if not arguments.capture:
                capture(arguments.kernel, arguments.smp, where)
            say("matching frees with allocations")
            recorded = convert.Capture(where)
            events, objects, counts = convert.follow(recorded)
            uname = (where / "uname").read_text(encoding="utf-8").strip()
    except subprocess.CalledProcessError:
        return 1
    except (LabError, OSError, ValueError) as error:
        print(f"record: {error}", file=sys.stderr)
        return 2
    trace = convert.encode(events, objects, counts, len(recorded.raw))
    # busybox knows no other check sum.
    output.write_bytes(lzma.compress(trace, check=lzma.CHECK_CRC32, preset=9))
    print(f"kernel            {uname}\n"
          f"CPUs              {len(recorded.raw)}\n"
          f"events            {len(events)}\n"
          f"objects           {len(objects)}\n"
          f"caches            {len({x.cache for x in objects if x.named})}\n"
          f"cross-CPU frees   {counts.cross_cpu}\n"
          f"live at the end   {counts.live}\n"
          f"inferred frees    {counts.inferred_frees}\n"
          f"frees of unknown  {counts.unknown_frees} (dropped)\n"
          f"lost events       {counts.lost}\n"
          f"bytes             {len(trace)}, compressed {output.stat().st_size}\n"
          f"written to        {output}")
    return 0


sys.exit(main())
