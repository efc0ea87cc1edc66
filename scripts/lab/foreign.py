# SPDX-License-Identifier: GPL-2.0
"""Whether modules of the kernel's tree build with tcslab_slab.h, and keep the versions of their symbols.

The versions are compared with those of the distribution's own build, in the Module.symvers of its
headers: what stock modules were built against.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from . import build, kernels, real
from .check import Result
from .kernels import Kernel, Ready
from .ktap import Case
from .progress import LabError

KERNELS = ("debian-6.1", "debian-6.12", "debian-7.3")
# Each for something that failed once: see the comments.
MODULES = (
    "fs/ntfs3",                         # asks $(call cc-option)
    "fs/xfs",                           # -I $(srctree)/$(src)
    "fs/overlayfs", "fs/jfs",           # ../internal.h, ../nls/
    "fs/nfsd", "fs/nfs", "net/sunrpc",  # ../internal.h; many exports
    "fs/smb/client", "fs/smb/server",   # ../common/, ASN.1
    "fs/bcachefs",                      # TRACE_INCLUDE_PATH ../../fs/bcachefs
    "drivers/nvme/target",              # ../host/nvme.h
    "net/netfilter/nf_conntrack",       # CONFIG_DEBUG_INFO_BTF_MODULES; exports
    "net/netfilter/nf_tables", "net/9p", "sound/core", "net/bluetooth", "net/openvswitch",
    "fs/jbd2", "fs/fat",                # exports; names that are not their folder's
    "lib/ts_kmp", "lib/ts_bm",          # one of a large folder
    "net/dns_resolver", "crypto/hmac", "net/sched/cls_u32",
)


def symvers(file: Path) -> dict[str, str]:
    """{symbol: version} of a Module.symvers."""
    lines = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    return {line[1]: line[0] for line in lines}


def different(ready: Ready, modules: list[Path]) -> str:
    """Which of the symbols that @modules export have other versions than the kernel's own build."""
    ours = symvers(modules[0].parent / "Module.symvers")
    stock = symvers(Path(ready.kdir) / "Module.symvers")
    names = sorted(name for name, version in ours.items() if stock.get(name) != version)
    return f"{len(names)} of {len(ours)} versions differ: {' '.join(names[:5])}" if names else ""


def one(kernel: Kernel, ready: Ready, name: str) -> list[Case]:
    """The cases of the module @name."""
    try:
        modules = real.modules(kernel, ready, name)
    except LabError as error:
        text = str(error)
        why = re.search(r".*(?:error:|ERROR|No rule|no module).*", text)
        absent = "no module" in text
        return [Case(f"{name} builds", "skip" if absent else "fail", why[0] if why else text[:200])]
    cases = [Case(f"{name} builds", "pass")]
    if kernels.configured(kernel, "MODVERSIONS"):
        why = different(ready, modules)
        cases.append(Case(f"{name} keeps its versions", "fail" if why else "pass", why))
    return cases


def suite(names: list[str], wanted: tuple[str, ...] = MODULES) -> list[Result]:
    """The modules @wanted on the kernels @names: a case for each, and for its versions."""
    results = []
    for name in names:
        kernel, begin = kernels.load(name), time.monotonic()
        result = Result(f"{name}", "modules")
        results.append(result)
        try:
            ready = kernels.prepare(kernel)
            build.modules(kernel, ready, "")
            for module in wanted:
                for case in one(kernel, ready, module):
                    result.cases.append(case)
                    print(f"{'not ok' if case.outcome == 'fail' else 'ok'} {name} {case.name}"
                          f"{f' # {case.outcome}: {case.why}' if case.why else ''}", flush=True)
        except LabError as error:
            print(f"not ok {name}: {error}", flush=True)
            result.cases.append(Case(name, "fail", str(error).splitlines()[0]))
        result.seconds = time.monotonic() - begin
    return results
