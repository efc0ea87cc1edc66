# SPDX-License-Identifier: GPL-2.0
"""Where the recorded figures are, and the command to run over them."""

import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
COMMAND = TOP / "scripts/tcslab"
FOLDER = TOP / "selftests/data/see"
BEFORE, AFTER = FOLDER / "before.txt", FOLDER / "after.txt"
HISTORY = FOLDER / "history.jsonl"
sys.path.insert(0, str(TOP / "scripts"))


def run(*arguments: object, status: int = 0) -> str:
    """What the command prints, or with a @status other than 0 what it complains about."""
    done = subprocess.run([sys.executable, "-B", str(COMMAND), *map(str, arguments)],
                          capture_output=True, text=True, check=False)
    if done.returncode != status:
        raise AssertionError(f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stderr if status else done.stdout


def folder() -> "tempfile.TemporaryDirectory[str]":
    """A place for files."""
    return tempfile.TemporaryDirectory(prefix="tcslab-test-")


def ask(command: "list[str]", stdin: Path = Path("/dev/null")) -> str:
    """What another program says, which has to succeed."""
    with open(stdin, "rb") as file:
        done = subprocess.run(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}")
    return done.stdout
