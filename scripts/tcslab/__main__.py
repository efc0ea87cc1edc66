# SPDX-License-Identifier: GPL-2.0
"""See who holds the memory of tcslab, what grew, what is idle; trim it, tune it, watch it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

if not sys.pycache_prefix:
    sys.dont_write_bytecode = True      # it runs as root from folders of packages
if __package__ in (None, ""):
    # Run as a folder: make it a package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    __package__ = "tcslab"

from tcslab import (compare, history, ioctl, parse, report, show, snapshot, source,  # noqa: E402
                    text, top, tune, watch)

Arguments = argparse.Namespace


def reader(arguments: Arguments) -> source.Source:
    """Where this run reads."""
    return source.choose(arguments.debugfs, arguments.device, getattr(arguments, "file", None) or "")


def print_json(data: Any) -> None:
    """For programs."""
    print(json.dumps(data, indent=1))


def do_show(arguments: Arguments) -> None:
    """who holds the memory: tiers, caches, page heap"""
    snap = reader(arguments).snapshot()
    if arguments.json:
        print_json(snap.to_json())
    else:
        print("\n".join(show.lines(snap, arguments.all)))


def do_top(arguments: Arguments) -> None:
    """the same live; c a w r g u o l s n sort, q ends"""
    read = reader(arguments).snapshot
    first = snapshot.load(arguments.since) if arguments.since else None
    if arguments.json:
        if first is None:
            first = read()
            time.sleep(arguments.delay)
        print_json(compare.diff_json(first, read()))
    elif arguments.once or first or not sys.stdout.isatty():
        print("\n".join(top.once(read, arguments.delay, arguments.sort, first)))
    else:
        top.run(read, arguments.delay, arguments.sort)


def do_diff(arguments: Arguments) -> None:
    """what became more between two saved snapshots, or since one"""
    before = snapshot.load(arguments.before)
    after = snapshot.load(arguments.after) if arguments.after else reader(arguments).snapshot()
    if arguments.json:
        print_json(compare.diff_json(before, after))
    else:
        print("\n".join(compare.diff_lines(before, after)))


def do_growth(arguments: Arguments) -> None:
    """is it growing: the trend of each cache in the history that `watch` keeps"""
    begin = 0.0
    samples = history.read(arguments.history)
    if arguments.since and samples:
        # Of a history that ended long ago, its end.
        begin = samples[-1].time - arguments.since
    samples = [x for x in samples if x.time >= begin]
    if len(samples) < 2:
        raise source.SourceError(f"{arguments.history} has {len(samples)} samples of that time; "
                                 "`tcslab watch --history` writes them")
    if arguments.json:
        print_json({"from": samples[0].time, "to": samples[-1].time, "samples": len(samples),
                    "trends": [x.to_json() for x in history.trends(samples)]})
    else:
        print("\n".join(history.growth_lines(samples)))


def do_report(arguments: Arguments) -> None:
    """a picture (SVG): held over time, occupancy by cache"""
    snap = reader(arguments).snapshot()
    samples = history.read(arguments.history) if arguments.history.exists() else []
    if arguments.since and samples:
        samples = [x for x in samples if x.time >= samples[-1].time - arguments.since]
    if arguments.json:
        print_json({"snapshot": snap.to_json(), "samples": len(samples),
                    "layers": [{"name": n, "held_bytes": c} for n, _, c in report.layers(samples)]})
    elif str(arguments.out) == "-":
        print(report.picture(snap, samples), end="")
    else:
        watch.replace(arguments.out, report.picture(snap, samples))


def do_trim(arguments: Arguments) -> None:
    """give back what nobody uses"""
    where = reader(arguments)
    before = where.snapshot().stats["held_bytes"]
    released = where.trim()
    after = where.snapshot().stats["held_bytes"]
    if arguments.json:
        print_json({"held_bytes_before": before, "held_bytes_after": after,
                    "released_bytes": released})
    else:
        print(f"held {text.size(before)} before, {text.size(after)} now: "
              f"{text.size(max(released, 0))} given back")


def do_reset(arguments: Arguments) -> None:
    """peaks begin anew"""
    where = reader(arguments)
    where.reset_peaks()
    peak = where.snapshot().stats["peak_held_bytes"]
    if arguments.json:
        print_json({"peak_held_bytes": peak})
    else:
        print(f"peaks are what is held now: {text.size(peak)}")


def do_set(arguments: Arguments) -> None:
    """parameters: show them, or NAME=VALUE"""
    tune.change(arguments.pairs, arguments.device)
    found = tune.values(arguments.device)
    if arguments.json:
        print_json({k: int(v) if v.lstrip("-").isdigit() else v for k, v in found.items()})
    else:
        print("\n".join(f"{name}={value}" for name, value in found.items()))


def do_watch(arguments: Arguments) -> None:
    """metrics into files or on loopback, and the history that growth and report read"""
    where = reader(arguments)
    outputs = watch.Outputs(arguments.textfile, arguments.openmetrics, arguments.history)
    if not any((outputs.textfile, outputs.openmetrics, outputs.history, arguments.listen is not None)):
        raise source.SourceError("watch needs --textfile, --openmetrics, --history or --listen")
    rounds = 1 if arguments.once else arguments.rounds
    if arguments.listen is None:
        watch.repeat(where.snapshot, outputs, arguments.interval, rounds)
        return
    server = watch.server(where.snapshot, arguments.listen)
    print(f"http://{watch.LOOPBACK}:{server.server_port}/metrics", flush=True)
    if any((outputs.textfile, outputs.openmetrics, outputs.history)):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        watch.repeat(where.snapshot, outputs, arguments.interval, rounds)
    else:
        server.serve_forever()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="tcslab", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="for programs")
    common.add_argument("--debugfs", default=source.DEBUGFS, metavar="DIR", help="where debugfs is")
    common.add_argument("--device", default=ioctl.DEVICE, help="read without debugfs")
    offline = argparse.ArgumentParser(add_help=False)
    offline.add_argument("--file", metavar="FILE",
                         help="a saved snapshot: JSON of show, or tail -n +1 of the files in debugfs")
    verbs = whole.add_subparsers(required=True, metavar="COMMAND")

    def verb(name: str, run: Any, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        new = verbs.add_parser(name, help=run.__doc__, description=run.__doc__,
                               parents=[common, *parents])
        new.set_defaults(run=run)
        return new

    new = verb("show", do_show, offline)
    new.add_argument("-a", "--all", action="store_true", help="caches that hold nothing, too")

    new = verb("top", do_top, offline)
    new.add_argument("-d", "--delay", type=float, default=3, metavar="SECONDS")
    new.add_argument("-s", "--sort", choices=top.ORDERS, default="c", help="the key that it begins with")
    new.add_argument("-o", "--once", action="store_true", help="one screen, then end")
    new.add_argument("--since", type=Path, metavar="FILE", help="a snapshot to compare with; once")

    new = verb("diff", do_diff)
    new.add_argument("before", type=Path, metavar="A", help="a saved snapshot")
    new.add_argument("after", type=Path, metavar="B", nargs="?", help="another one; else now")

    new = verb("growth", do_growth)
    new.add_argument("--since", type=text.seconds_of, metavar="TIME", help="the last 5m, 1h, 2d of it")
    new.add_argument("--history", type=Path, default=Path(history.FILE), metavar="FILE")

    new = verb("report", do_report, offline)
    new.add_argument("--since", type=text.seconds_of, metavar="TIME", help="the last 5m, 1h, 2d of it")
    new.add_argument("--history", type=Path, default=Path(history.FILE), metavar="FILE")
    new.add_argument("out", type=Path, metavar="OUT.svg", nargs="?", default=Path("-"))

    verb("trim", do_trim)
    verb("reset", do_reset)

    new = verb("set", do_set)
    new.add_argument("pairs", nargs="*", metavar="NAME=VALUE")

    new = verb("watch", do_watch, offline)
    new.add_argument("--textfile", type=Path, metavar="FILE.prom",
                     help="for node_exporter's textfile collector")
    new.add_argument("--openmetrics", type=Path, metavar="FILE", help="the same as OpenMetrics")
    new.add_argument("--history", type=Path, metavar="FILE", nargs="?", const=Path(history.FILE),
                     help=f"add a sample; {history.FILE}")
    new.add_argument("--listen", type=int, metavar="PORT", nargs="?", const=9965,
                     help="answer scrapes of /metrics on loopback; 9965, 0 for any")
    new.add_argument("--interval", type=text.seconds_of, default=15.0, metavar="TIME")
    new.add_argument("--once", action="store_true", help="one round, then end")
    new.add_argument("--rounds", type=int, help=argparse.SUPPRESS)
    return whole


def main() -> int:
    """Run one command."""
    arguments = parser().parse_args()
    try:
        arguments.run(arguments)
        return 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (source.SourceError, parse.ParseError, ValueError, OSError) as error:
        print(f"tcslab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


sys.exit(main())
