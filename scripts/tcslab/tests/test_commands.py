# SPDX-License-Identifier: GPL-2.0
"""Every command over what a guest wrote: f2fs at work, and nc-plain leaking 2000 objects a second."""

import http.client
import json
import os
import re
import threading
import unittest
import xml.etree.ElementTree
from pathlib import Path

import data

from tcslab import history, ioctl, metrics, snapshot, top, tune, watch

LEAK = "nc-plain"


class Commands(unittest.TestCase):
    """As somebody types them."""

    def test_show(self) -> None:
        shown = data.run("show", "--file", data.AFTER)
        self.assertLessEqual(max(map(len, shown.splitlines())), 100)
        for word in (LEAK, "f2fs", "page heap:", "in use", "full|"):
            self.assertIn(word, shown)
        # The largest first.
        snap = snapshot.load(data.AFTER)
        names = [x.name[:30] for x in snap.held()]
        self.assertEqual(sorted(names, key=lambda x: shown.index(f"\n{x} ")), names)

    def test_show_json(self) -> None:
        with data.folder() as folder:
            saved = Path(folder) / "a.json"
            saved.write_text(data.run("show", "--json", "--file", data.AFTER), "utf-8")
            again = json.loads(data.run("show", "--json", "--file", saved))
            self.assertEqual(again, json.loads(saved.read_text("utf-8")))
            leak = [x for x in again["caches"] if x["name"] == LEAK]
            self.assertEqual(leak[0]["used_bytes"], leak[0]["in_use"] * 104)
            self.assertEqual(data.run("diff", saved, saved).count("\n"), 4)

    def test_diff(self) -> None:
        shown = data.run("diff", data.BEFORE, data.AFTER)
        self.assertLessEqual(max(map(len, shown.splitlines())), 100)
        found = json.loads(data.run("diff", "--json", data.BEFORE, data.AFTER))
        leak = next(x for x in found["caches"] if x["name"] == LEAK)
        before, after = (next(c for c in snapshot.load(x).caches if c.name == LEAK)
                         for x in (data.BEFORE, data.AFTER))
        self.assertEqual(leak["in_use_delta"], after["in_use"] - before["in_use"])
        self.assertEqual(leak["allocations"] - leak["frees"], leak["in_use_delta"])
        self.assertGreater(leak["in_use_delta"], 10000)

    def test_growth(self) -> None:
        """The leak grows, and f2fs, which is at work, is told from it."""
        found = json.loads(data.run("growth", "--json", "--history", data.HISTORY))
        verdicts = {x["name"]: x["verdict"] for x in found["trends"]}
        self.assertEqual(verdicts[LEAK], "growing")
        caches = found["trends"][1:]
        self.assertEqual(caches[0]["name"], LEAK)
        shown = data.run("growth", "--since", "1m", "--history", data.HISTORY)
        self.assertRegex(shown, rf"(?m)^{LEAK} .* growing$")
        self.assertIn("0 samples", data.run("growth", "--history", "/nowhere", status=1))

    def test_verdicts(self) -> None:
        def verdict(*used: int) -> str:
            return history.Trend("x", list(used), list(used), [float(i) for i in range(len(used))]).verdict
        self.assertEqual(verdict(1, 2, 1, 3, 4, 5), "growing")
        self.assertEqual(verdict(1, 9, 1, 9, 1, 9), "no trend")
        self.assertEqual(verdict(9, 8, 7, 3, 2, 1), "shrinking")
        self.assertEqual(verdict(5, 5, 5, 5), "no trend")
        self.assertEqual(verdict(1, 2), "too few samples")

    def test_report(self) -> None:
        with data.folder() as folder:
            out = Path(folder) / "r.svg"
            data.run("report", "--file", data.AFTER, "--history", data.HISTORY, out)
            root = xml.etree.ElementTree.parse(out).getroot()
            titles = [x.text for x in root.iter() if x.tag.endswith("title")]
            self.assertTrue(any(LEAK in (x or "") for x in titles))
            self.assertTrue(any(x.tag.endswith("polygon") for x in root.iter()))
            data.run("report", "--file", data.AFTER, "--history", "/nowhere", out)
            self.assertFalse([x for x in xml.etree.ElementTree.parse(out).iter()
                              if x.tag.endswith("polygon")])

    def test_top(self) -> None:
        shown = data.run("top", "--since", data.BEFORE, "--file", data.AFTER, "--sort", "g").splitlines()
        self.assertLessEqual(max(map(len, shown)), 100)
        first = next(i for i, x in enumerate(shown) if x.startswith("name ")) + 1
        self.assertTrue(shown[first].startswith(LEAK), shown[first])
        lines = top.measure(*(snapshot.load(x) for x in (data.BEFORE, data.BEFORE, data.AFTER)))
        for order in set(top.ORDERS) - {"n"}:
            values = [x.value(order) for x in top.ordered(lines, order)]
            self.assertEqual(values, sorted(values, reverse=True), order)
        for order, field in (("w", "idle_bytes"), ("a", "used_bytes")):
            most = max(snapshot.load(data.AFTER).caches, key=lambda x: getattr(x, field))  # noqa: B023
            self.assertEqual(top.ordered(lines, order)[0].recent.after, most)
        for order, field in (("c", "held_bytes"), ("o", "in_use"), ("s", "slot_size"), ("l", "spans")):
            self.assertEqual(top.ordered(lines, order)[0].value(order),
                             max(x[field] for x in snapshot.load(data.AFTER).held()))
        names = [x.recent.name for x in top.ordered(lines, "n")]
        self.assertEqual(names, sorted(names))

    def test_not_for_files(self) -> None:
        """What works on the module needs one."""
        for words in (["trim"], ["reset"], ["show"]):
            self.assertIn("tcslab:", data.run(*words, "--debugfs", "/nowhere", "--device", "/nowhere",
                                              status=1))
        self.assertIn("watch needs", data.run("watch", "--file", data.AFTER, status=1))


class Tunables(unittest.TestCase):
    """`set` on a folder like that in sysfs."""

    def test_set(self) -> None:
        with data.folder() as folder:
            for name, mode in (("soft_limit_bytes", 0o600), ("checks", 0o400)):
                file = Path(folder) / name
                file.write_text("0\n", "ascii")
                file.chmod(mode)
            self.assertEqual(tune.values("", folder), {"soft_limit_bytes": "0"})
            tune.change(["soft_limit_bytes=64M"], "", folder)
            self.assertEqual(tune.values("", folder), {"soft_limit_bytes": str(64 << 20)})
            for wrong in ("soft_limit_bytes", "checks=1", "nothing=1", "soft_limit_bytes=much"):
                with self.assertRaises((ValueError, OSError, watch.SourceError)):
                    tune.change(["soft_limit_bytes=0", wrong], "", folder)
            self.assertEqual(tune.values("", folder), {"soft_limit_bytes": str(64 << 20)})


class Watch(unittest.TestCase):
    """Metrics."""

    def test_prometheus_takes_them(self) -> None:
        """promtool's lint of the text format; its parser of OpenMetrics."""
        promtool = os.environ.get("PROMTOOL")
        if not promtool:
            self.skipTest("PROMTOOL names no promtool")
        snap = snapshot.load(data.AFTER)
        with data.folder() as folder:
            text, blocks = Path(folder) / "m", Path(folder) / "blocks"
            text.write_text(metrics.render(snap, False), "utf-8")
            self.assertEqual(data.ask([promtool, "check", "metrics"], text), "")
            lines = metrics.render(snap, True).splitlines()
            text.write_text("\n".join(x if x.startswith("#") else f"{x} {snap.time:.3f}"
                                      for x in lines) + "\n", "utf-8")
            data.ask([promtool, "tsdb", "create-blocks-from", "openmetrics", str(text), str(blocks)])
            self.assertTrue(list(blocks.glob("*/meta.json")))
            fleet = data.TOP / "scripts/fleet"
            data.ask([promtool, "check", "rules", str(fleet / "tcslab-rules.yml")])
            data.ask([promtool, "test", "rules", str(fleet / "tcslab-rules-test.yml")])

    def test_no_series_twice(self) -> None:
        for openmetrics in (False, True):
            lines = metrics.render(snapshot.load(data.AFTER), openmetrics).splitlines()
            series = [x.rsplit(" ", 1)[0] for x in lines if not x.startswith("#")]
            self.assertEqual(len(set(series)), len(series))
            self.assertEqual(lines[-1] == "# EOF", openmetrics)

    def test_rules_and_dashboard_name_what_there_is(self) -> None:
        text = metrics.render(snapshot.load(data.AFTER), False)
        there = set(re.findall(r"^# TYPE (\S+)", text, re.M))
        # Only newer modules count them.
        there |= {"tcslab_cache_failures_total"}
        fleet = data.TOP / "scripts/fleet"
        rules = (fleet / "tcslab-rules.yml").read_text("utf-8")
        records = set(re.findall(r"record: (\S+)", rules))
        board = (fleet / "tcslab-dashboard.json").read_text("utf-8")
        json.loads(board)
        for name in re.findall(r"[\w:]*\btcslab_[\w:]+", rules + board):
            self.assertIn(name, there | records)

    def test_files(self) -> None:
        with data.folder() as folder:
            prom, lines = Path(folder) / "t.prom", Path(folder) / "sub/h.jsonl"
            for _ in range(3):
                data.run("watch", "--once", "--textfile", prom, "--history", lines, "--file", data.AFTER)
            self.assertIn(f'tcslab_cache_held_bytes{{cache="{LEAK}"', prom.read_text("utf-8"))
            self.assertEqual(len(history.read(lines)), 3)
            self.assertEqual(os.listdir(folder), ["t.prom", "sub"] if os.listdir(folder)[0] == "t.prom"
                             else ["sub", "t.prom"])

    def test_a_reader_sees_one_or_the_other(self) -> None:
        """Never half a file, though it is written all the time."""
        with data.folder() as folder:
            path, done = Path(folder) / "t", threading.Event()
            watch.replace(path, "a" * 100000)

            def writer() -> None:
                for i in range(60):
                    watch.replace(path, "ab"[i % 2] * 100000)
                done.set()

            thread = threading.Thread(target=writer)
            thread.start()
            while not done.is_set():
                seen = path.read_text("ascii")
                self.assertEqual((len(seen), len(set(seen))), (100000, 1))
            thread.join()

    def test_gone(self) -> None:
        """Without the module there are no old figures."""
        with data.folder() as folder:
            path = Path(folder) / "t.prom"
            path.write_text("old", "ascii")
            answers = [OSError("no module"), snapshot.load(data.AFTER), OSError("no module")]

            def read() -> snapshot.Snapshot:
                answer = answers.pop(0) if answers else KeyboardInterrupt()
                seen.append(path.exists())
                if isinstance(answer, BaseException):
                    raise answer
                return answer

            seen: list[bool] = []
            with self.assertRaises(KeyboardInterrupt):
                watch.repeat(read, watch.Outputs(path), 0)
            self.assertEqual(seen, [True, False, True, False])

    def test_listen(self) -> None:
        server = watch.server(lambda: snapshot.load(data.AFTER), 0)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            self.assertEqual(server.server_address[0], "127.0.0.1")
            for accept, kind in (("", "text/plain"), ("application/openmetrics-text", "application/openm")):
                link = http.client.HTTPConnection(*server.server_address[:2])
                link.request("GET", "/metrics", headers={"Accept": accept})
                answer = link.getresponse()
                self.assertEqual(answer.status, 200)
                self.assertTrue(answer.headers["Content-Type"].startswith(kind))
                self.assertIn(b"tcslab_held_bytes", answer.read())
                link.request("GET", "/other")
                self.assertEqual(link.getresponse().status, 404)
                link.close()
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def test_history_is_bounded_and_survives_a_crash(self) -> None:
        with data.folder() as folder:
            path, new = Path(folder) / "h", history.sample(snapshot.load(data.AFTER))
            most, history.MOST_BYTES = history.MOST_BYTES, 5000
            try:
                for _ in range(20):
                    history.append(path, new)
            finally:
                history.MOST_BYTES = most
            self.assertLess(sum(x.stat().st_size for x in Path(folder).iterdir()), 20000)
            whole = len(history.read(path))
            with open(path, "a", encoding="ascii") as file:
                file.write('{"time": 1')
            self.assertEqual(len(history.read(path)), whole)


class Structs(unittest.TestCase):
    """The layout of <linux/tcslab.h> as the program has it."""

    def test_fields(self) -> None:
        header = (data.TOP / "mod/include/uapi/linux/tcslab.h").read_text("utf-8")
        kinds = {"__u32": "I", "__s32": "i", "__aligned_u64": "Q", "char": "32s"}
        names = {ioctl.VERSION: "version", ioctl.STATS: "stats", ioctl.CLASS: "cache",
                 ioctl.CACHE: "cache", ioctl.HEAP: "heap", ioctl.TRIM: "trim",
                 ioctl.GET_TUNABLE: "tunable"}
        for call, name in names.items():
            body = re.search(rf"^struct tcslab_ioc_{name} {{\n(.*?)^}};", header, re.M | re.S)
            assert body
            fields = re.findall(r"^\t(\w+) (\w+)(?:\[\w+\])?;", body[1], re.M)
            self.assertEqual(fields[:2], [("__u32", "size"), ("__u32", "flags")])
            self.assertEqual(ioctl.FIELDS[call].split(),
                             [x for kind, field in fields[2:] for x in (kinds[kind], field)], name)
        for name, number in (("VERSION", 0), ("STATS", 1), ("CLASS_STATS", 2), ("CACHE_STATS", 3),
                             ("HEAP_STATS", 4), ("TRIM", 5), ("GET_TUNABLE", 12), ("SET_TUNABLE", 13)):
            self.assertRegex(header, rf"TCSLAB_IOC_{name}\s+_IO\(TCSLAB_IOC_TYPE, {number}\)")
        for name, number in ioctl.TUNABLES.items():
            macro = name.removesuffix("_bytes").upper() if name != "keep_bytes" else "KEEP_BYTES"
            self.assertRegex(header, rf"TCSLAB_TUNABLE_{macro}\s+{number}\b")
