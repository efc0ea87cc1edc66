# SPDX-License-Identifier: GPL-2.0
"""The parser: what tcslab writes, what it does not, and names that are no words."""

import unittest

import data

from tcslab import metrics, parse, show, snapshot, text


class Parse(unittest.TestCase):
    """Text to numbers."""

    def test_stats(self) -> None:
        self.assertEqual(parse.key_values("held_bytes: 12\nx: -1\n"), {"held_bytes": 12, "x": -1})
        for wrong in ("held_bytes 12\n", "held_bytes: many\n", "\n"):
            with self.assertRaises(parse.ParseError):
                parse.key_values(wrong)

    def test_table(self) -> None:
        rows = parse.table("zone size new_one name\nnormal 8 3 nc\\040two\nnormal 16 4 b\\134c\n")
        self.assertEqual([x["name"] for x in rows], ["nc two", "b\\c"])
        self.assertEqual(rows[1]["new_one"], 4)
        for wrong in ("", "zone size name\nnormal 8\n", "zone size name\nnormal 8 a b\n"):
            with self.assertRaises(parse.ParseError):
                parse.table(wrong)

    def test_lengths(self) -> None:
        self.assertEqual(parse.lengths("1:3,2:1,>32:2"), {"1": 3, "2": 1, ">32": 2})
        self.assertEqual(parse.lengths("-"), {})

    def test_split_files(self) -> None:
        with self.assertRaises(parse.ParseError):
            parse.split_files("held_bytes: 12\n")
        files = parse.split_files("==> stats <==\na: 1\n\n==> /sys/x/caches <==\nname\n")
        self.assertEqual(files, {"stats": "a: 1\n", "caches": "name\n"})

    def test_bytes(self) -> None:
        self.assertEqual([text.bytes_of(x) for x in ("65536", "0x10", "64K", "1g")],
                         [65536, 16, 65536, 1 << 30])
        for wrong in ("", "-1", "1.5M", "64KB"):
            with self.assertRaises(ValueError):
                text.bytes_of(wrong)

    def test_sizes_for_people(self) -> None:
        self.assertEqual([text.size(x) for x in (0, 999, 1000, 1024, 10239, 1048575, -2048, 5 << 40)],
                         ["0", "999", "0.98K", "1.00K", "10.0K", "1.00M", "-2.00K", "5.00T"])


class Recorded(unittest.TestCase):
    """What a guest wrote, see selftests/data/README.md."""

    def test_sums(self) -> None:
        """The tiers and the caches are all that is held, but for what moved while it was read."""
        snap = snapshot.load(data.AFTER)
        self.assertEqual(snap.page_size, 4096)
        self.assertEqual(sum(snap.tiers().values()), snap.stats["held_bytes"])
        self.assertEqual(sum(x["held_bytes"] for x in snap.caches),
                         sum(x["small_bytes"] for x in snap.heaps))
        self.assertEqual(sum(x.used_bytes for x in snap.caches) + snap.stats["large_bytes"],
                         snap.stats["in_use_bytes"])
        for heap in snap.heaps:
            self.assertEqual(heap["held_bytes"],
                             heap["free_bytes"] + heap["small_bytes"] + heap["large_bytes"])

    def test_saved_and_loaded(self) -> None:
        snap = snapshot.load(data.AFTER)
        again = snapshot.from_json(snap.to_json())
        self.assertEqual(again, snap)
        with self.assertRaises(parse.ParseError):
            snapshot.from_json({"tcslab": 99})

    def test_owners(self) -> None:
        heaps = ("   objects in_use_bytes   held_bytes   peak_bytes   large classes  limit_bytes "
                 "refusals overruns no_memory name\n"
                 "3 300 4096 8192 0 1 65536 2 0 1 mine\n1 5000 8192 8192 0 1 0 0 0 0 mine\n")
        files = parse.split_files(data.AFTER.read_text("utf-8")) | {"heaps": heaps}
        snap = snapshot.from_files(files, 0, "test")
        table = show.owners(snapshot.from_json(snap.to_json()))
        self.assertEqual([x.split() for x in table[1:]],
                         [["mine", "1", "8.00K", "4.88K", "8.00K", "-", "0"],
                          ["mine", "3", "4.00K", "300", "8.00K", "64.0K", "3"]])
        scrape = metrics.render(snap, False)
        self.assertIn('tcslab_owner_held_bytes{heap="mine"} 4096\n', scrape)
        self.assertIn('tcslab_owner_held_bytes{heap="mine",number="1"} 8192\n', scrape)

    def test_what_is_missing_is_said(self) -> None:
        with self.assertRaisesRegex(parse.ParseError, "page_heap"):
            snapshot.from_files({"stats": "held_bytes: 0\n"}, 0, "x")

    def test_same_names(self) -> None:
        """Two caches of one name are two."""
        rows = "".join(f"normal -1 8 8 8 1 512 0 {n} 0 0 0 1 1 0 0 0 0 0 0 twin\n" for n in (1, 2))
        titles = ("zone node object size align pages objs tail in_use cpu transfer central spans held "
                  "tail_bytes idle_bytes entries refills flushes nested name\n")
        files = {"stats": "held_bytes: 8192\n", "classes": "name\n", "caches": titles + rows,
                 "page_heap": "held name\n2 x\n"}
        files["page_heap"] = "node zone held free_lengths\n0 normal 2 -\n"
        snap = snapshot.from_files(files, 0, "x")
        self.assertEqual(len(snap.by_key()), 2)
