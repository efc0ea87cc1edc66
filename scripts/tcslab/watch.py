# SPDX-License-Identifier: GPL-2.0
"""`tcslab watch`: statistics again and again, into files, or whenever somebody asks on loopback."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Optional

from . import history, metrics
from .parse import ParseError
from .snapshot import Snapshot
from .source import SourceError

LOOPBACK = "127.0.0.1"
# What may go wrong for a time: the module is unloaded, and loaded again.
PASSING = (OSError, SourceError, ParseError)


@dataclasses.dataclass
class Outputs:
    """Where to."""

    textfile: Optional[Path] = None
    openmetrics: Optional[Path] = None
    history: Optional[Path] = None


def replace(path: Path, content: str) -> None:
    """Write a file so that whoever reads it sees the old one or the new one, whole."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent or Path("."))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write(snap: Snapshot, outputs: Outputs) -> None:
    """One round."""
    if outputs.textfile:
        replace(outputs.textfile, metrics.render(snap, False))
    if outputs.openmetrics:
        replace(outputs.openmetrics, metrics.render(snap, True))
    if outputs.history:
        history.append(outputs.history, history.sample(snap))


def repeat(read: Callable[[], Snapshot], outputs: Outputs, interval: float,
           rounds: Optional[int] = None) -> None:
    """Write all @interval seconds, @rounds times or for ever.

    When nothing can be read the metrics go away: old figures would look like a machine at rest.
    """
    failing, begin, number = "", time.monotonic(), 0
    while rounds is None or number < rounds:
        if number:
            time.sleep(max(begin + number * interval - time.monotonic(), 0))
        number += 1
        try:
            write(read(), outputs)
            failing = ""
        except PASSING as error:
            if rounds is not None:
                raise
            if str(error) != failing:
                print(f"tcslab: {error}", file=sys.stderr, flush=True)
            failing = str(error)
            for path in (outputs.textfile, outputs.openmetrics):
                if path:
                    path.unlink(missing_ok=True)


def server(read: Callable[[], Snapshot], port: int) -> Any:
    """A ThreadingHTTPServer of /metrics on loopback; port 0 is any free one."""
    import http.server      # only here, since it is half of the time that a command takes

    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers GET /metrics in the format that is asked for."""

        def do_GET(self) -> None:   # noqa: N802
            """The one page that there is."""
            if self.path.split("?")[0] != "/metrics":
                self.send_error(404, "there is /metrics")
                return
            openmetrics = "application/openmetrics-text" in self.headers.get("Accept", "")
            try:
                body = metrics.render(read(), openmetrics).encode()
            except PASSING as error:
                self.send_error(503, "no statistics", str(error))
                return
            self.send_response(200)
            self.send_header("Content-Type", metrics.OPENMETRICS if openmetrics else metrics.TEXT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Scrapes are not worth a line each."""

    return http.server.ThreadingHTTPServer((LOOPBACK, port), Handler)
