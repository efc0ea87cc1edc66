# SPDX-License-Identifier: GPL-2.0
"""kselftest's own runner, headers and checkpatch, taken from the kernel's source package."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import paths
from .packages import Archive, host_suite, install_tools
from .progress import LabError, run, say

SOURCE = "linux-source-6.12"
SELFTESTS = "tools/testing/selftests"
WANTED = [f"{SELFTESTS}/lib.mk", f"{SELFTESTS}/kselftest*.h", f"{SELFTESTS}/kselftest/*",
          f"{SELFTESTS}/run_kselftest.sh", f"{SELFTESTS}/gen_kselftest_tar.sh",
          "tools/scripts/*", "scripts/Makefile.*", "scripts/subarch.include", "scripts/checkpatch.pl",
          "scripts/spelling.txt", "scripts/const_structs.checkpatch", "Makefile"]


def tree() -> Path:
    """The parts of the kernel's source that testing needs; fetched on first use."""
    current = paths.cache("sources") / "kselftest.current"
    archive = Archive(host_suite())
    with paths.lock(current.with_suffix(".lock")):
        if archive.fresh_since(current):
            home = Path(current.read_text(encoding="utf-8"))
            if home.exists():
                return home
        try:
            archive.refresh()
            version = archive.version(SOURCE)
        except LabError:
            if current.exists():
                say("apt cannot tell the newest kernel source, using the cached kselftest")
                return Path(current.read_text(encoding="utf-8"))
            raise
        home = paths.cache("sources") / f"kselftest-{version}"
        if not home.exists():
            install_tools({"xz": "xz-utils"})
            scratch = paths.cache("sources", "kselftest.unpack")
            say(f"kselftest: from {SOURCE} {version}")
            archive.unpack(SOURCE, version, scratch)
            run(["tar", "-xf", str(scratch / f"usr/src/{SOURCE}.tar.xz"), "-C", str(scratch),
                 "--wildcards", *(f"{SOURCE}/{path}" for path in WANTED)], "unpacking kselftest")
            (scratch / SOURCE).rename(home)
            shutil.rmtree(scratch)
        current.write_text(str(home), encoding="utf-8")
        return home
