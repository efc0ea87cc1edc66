# SPDX-License-Identifier: GPL-2.0
"""A small tree of another Debian suite, to build modules with that suite's compiler and libc."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import paths
from .packages import Archive, derived_sources, install_tools
from .progress import LabError, run, say

# Debian 13's kernel headers want gcc-14 and bring tools linked with its libc and libelf.
PACKAGES = "gcc-14,make,libelf1t64,libssl3t64,zlib1g,libzstd1,pahole,sparse"


def prepare(archive: Archive) -> Path:
    """The tree of @archive's suite; made on first use."""
    root = paths.cache("chroot") / archive.suite
    with paths.lock(root.with_suffix(".lock")):
        ready = root / ".ready"
        if ready.exists() and ready.read_text(encoding="utf-8") == PACKAGES:
            return root
        if os.geteuid():
            raise LabError("building in a tree of another suite needs root (chroot)")
        install_tools({"mmdebstrap": "mmdebstrap"})
        say(f"making a {archive.suite} tree to build in")
        shutil.rmtree(root, ignore_errors=True)
        sources = root.with_suffix(".sources")
        sources.write_text(derived_sources(archive.suite).replace("-backports", "-updates", 0),
                           encoding="utf-8")
        run(["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}",
             "--aptopt=APT::Sandbox::User \"root\"", archive.suite, str(root), str(sources)],
            f"mmdebstrap {archive.suite}")
        ready.write_text(PACKAGES, encoding="utf-8")
    return root


def command(root: Path, binds: list[Path], argv: list[str]) -> list[str]:
    """@argv inside @root, with @binds at the same paths as outside and a /proc of its own."""
    script = ['set -e; root=$1; shift', 'mount -t proc proc "$root/proc"']
    for path in binds:
        script.append(f'mkdir -p "$root{path}"; mount --bind "{path}" "$root{path}"')
    script.append('exec chroot "$root" "$@"')
    # The mounts are in a namespace of their own: they end with the command.
    return ["unshare", "--mount", "sh", "-c", "; ".join(script), "chroot", str(root), *argv]
