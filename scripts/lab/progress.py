# SPDX-License-Identifier: GPL-2.0
"""What the lab says while it works: short lines on stderr, and commands run under them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

START = time.monotonic()
MAKES = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}


class LabError(Exception):
    """The lab cannot go on; the message tells the user why and what to do."""


class Unavailable(LabError):
    """It cannot be had here: no package, no network, no right to install. Not a failure of ours."""


def say(text: str) -> None:
    """Print one progress line with the seconds since the start."""
    print(f"[{time.monotonic() - START:6.1f}] {text}", file=sys.stderr, flush=True)


class Ticker:
    """Prints a line now and then while a long step runs, so that silence never means hung."""

    def __init__(self, what: str, first: float = 5, every: float = 30):
        self.what, self.first, self.every = what, first, every
        self.begin = time.monotonic()
        self.done = threading.Event()

    def __enter__(self) -> "Ticker":
        threading.Thread(target=self._tick, daemon=True).start()
        return self

    def _tick(self) -> None:
        wait = self.first
        while not self.done.wait(wait):
            say(f"{self.what}: {time.monotonic() - self.begin:.0f} s so far")
            wait = self.every

    def __exit__(self, *_: object) -> None:
        self.done.set()


def run(command: list[str], what: str, log: Path | None = None, **kwargs: object) -> str:
    """Run @command and return its output; on failure raise with the output's tail."""
    # The options of the make that we are called from are not meant for those that we call.
    mine = {key: value for key, value in os.environ.items() if key not in MAKES}
    env = {**mine, "LC_ALL": "C", **kwargs.pop("env", {})}  # type: ignore[dict-item]
    with Ticker(what):
        done = subprocess.run(command, env=env, text=True, errors="replace", check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, **kwargs)  # type: ignore[call-overload]
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"$ {shlex.join(command)}\n{done.stdout}", encoding="utf-8")
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        where = f" (log: {log})" if log else ""
        raise LabError(f"{what} failed with status {done.returncode}{where}:\n"
                       f"$ {shlex.join(command)}\n{tail}")
    return done.stdout
