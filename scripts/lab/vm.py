# SPDX-License-Identifier: GPL-2.0
"""The command that runs another one in a guest, for scripts beside the lab."""

import sys

from . import paths


def command(kernel: str, what: str, *options: str) -> list[str]:
    """`lab vm` with @options for @what on @kernel."""
    return [sys.executable, str(paths.PROJECT / "scripts" / "lab"), "vm", "--kernel", kernel,
            *options, "--", what]
