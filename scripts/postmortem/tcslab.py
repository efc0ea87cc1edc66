# SPDX-License-Identifier: GPL-2.0
"""What tcslab held in a dump, or holds in the kernel that runs, and whose an address is.

    drgn -c DUMP -s VMLINUX -s TCSLAB.KO scripts/postmortem/tcslab.py [ADDRESS ...]

The files need debug information; that of the module is in the one that was built (dkms keeps it unless
the kernel's configuration strips modules). Nothing is locked: of a kernel that runs, what moves meanwhile
may be seen twice or not at all.
"""

from __future__ import annotations

import sys
from typing import Iterator, Optional

from drgn import FaultError, Object, Program, cast, get_default_prog
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import page_to_pfn, page_to_virt, virt_to_page
from drgn.helpers.linux.percpu import per_cpu_ptr

COOKIE = -0x5eef3a13 & (1 << 64) - 1      # as in <linux/tcslab.h>
RECIP_SHIFT = 40
FREE, SMALL, LARGE = range(3)


def caches(prog: Program) -> Iterator[Object]:
    """All but the one of large objects."""
    yield from list_for_each_entry("struct tcslab_cache",
                                   prog["tcslab_cache_list"].address_of_(), "list")


def arrays(prog: Program, cache: Object) -> Iterator[tuple[int, Object]]:
    """The array of each CPU."""
    for cpu in for_each_possible_cpu(prog):
        yield cpu, per_cpu_ptr(cache.cpu, cpu)


def in_array(array: Object) -> int:
    """Objects in it, hidden or not."""
    hidden = array.hidden.value_()
    return hidden - 1 if hidden else array.count.value_()


def nodes(prog: Program, cache: Object) -> Iterator[Object]:
    """The central lists of each node."""
    for node in range(prog["nr_node_ids"].value_() if "nr_node_ids" in prog else 1):
        yield cache.central[node]


def totals(prog: Program, cache: Object) -> dict[str, int]:
    """What debugfs shows of a cache; objects beside the arrays, for other nodes, count as in use."""
    sums = {"cpu": sum(in_array(array) for _, array in arrays(prog, cache)),
            "transfer": 0, "central": 0, "spans": 0, "pages": 0, "objects": 0}
    for central in nodes(prog, cache):
        for name, field in (("transfer", "nr_transfer"), ("central", "nr_free"), ("spans", "nr_spans"),
                            ("pages", "nr_pages"), ("objects", "nr_objs")):
            sums[name] += getattr(central, field).value_()
    sums["in_use"] = sums["objects"] - sums["cpu"] - sums["transfer"] - sums["central"]
    return sums


def list_caches(prog: Program) -> None:
    """A table, the largest first."""
    page = prog["PAGE_SIZE"].value_()
    rows = sorted(((totals(prog, x), x) for x in caches(prog)), key=lambda row: -row[0]["pages"])
    print("  size     in_use   held_KiB   used_KiB        cpu   transfer    central name")
    for sums, cache in rows:
        if sums["pages"]:
            size = cache.size.value_()
            print(f"{size:6} {sums['in_use']:10} {sums['pages'] * page // 1024:10} "
                  f"{sums['in_use'] * size // 1024:10} {sums['cpu']:10} {sums['transfer']:10} "
                  f"{sums['central']:10} {cache.name.string_().decode(errors='replace')}")


def is_ours(prog: Program, page: Object, cache: Object) -> bool:
    """Does the page say so, and do we know the cache?"""
    known = [x.value_() for x in caches(prog)]
    known += [prog["tcslab_large_cache"].value_(), prog["tcslab_no_cache"].address_]
    return page.lru.prev.value_() == COOKIE and cache.value_() in known


def free_bit(span: Object, index: int) -> bool:
    """Is the object free in its span?"""
    return bool(span.free_bits[index // 64].value_() >> (index % 64) & 1)


def waiting_place(prog: Program, cache: Object, address: int) -> Optional[str]:
    """Where a free object lies that is out of its span, if it is free."""
    for cpu, array in arrays(prog, cache):
        if any(array.objs[i].value_() == address for i in range(in_array(array))):
            return f"free, in the array of CPU {cpu}"
    for node, central in enumerate(nodes(prog, cache)):
        if any(central.transfer[i].value_() == address for i in range(central.nr_transfer.value_())):
            return f"free, in the transfer cache of node {node}"
    return None


def around(prog: Program, page: Object) -> Optional[Object]:
    """The span of the large object that the page is inside of; a free one says nothing there."""
    for back in range(1, 1 << 18):
        cache = cast("struct tcslab_cache *", (page - back).private)
        if (page - back).lru.prev.value_() != COOKIE:
            return None
        if cache.value_() == prog["tcslab_large_cache"].value_():
            span = cast("struct tcslab_span *", (page - back).lru.next)
            return span if span.npages.value_() > back else None
        if cache.value_() != prog["tcslab_no_cache"].address_:
            return None
    return None


def large(prog: Program, span: Object) -> str:
    """What is said of a large object."""
    return (f"a large object of {span.npages.value_()} pages at "
            f"{page_to_virt(span.page).value_():#x}, in use")


def owner(prog: Program, address: int) -> str:
    """Whose an address is, in a sentence."""
    try:
        page = virt_to_page(prog, address)
        cache = cast("struct tcslab_cache *", page.private)
        ours = is_ours(prog, page, cache)
    except FaultError:
        ours = False
    if not ours:
        return "not tcslab's"
    if cache.value_() == prog["tcslab_no_cache"].address_:
        span = around(prog, page)
        return large(prog, span) if span else "tcslab's, in a free span"
    span = cast("struct tcslab_span *", page.lru.next)
    first = (address & ~(prog["PAGE_SIZE"].value_() - 1)) - (
        page_to_pfn(page).value_() - page_to_pfn(span.page).value_()) * prog["PAGE_SIZE"].value_()
    if span.state.value_() == LARGE:
        return large(prog, span)
    size = cache.size.value_()
    index = ((address - first) * cache.recip.value_()) >> RECIP_SHIFT
    start = first + index * size
    if start + size > first + span.npages.value_() * prog["PAGE_SIZE"].value_():
        return f"the tail of a span of {cache.name.string_().decode()}"
    state = "free, in its span" if free_bit(span, index) else \
        waiting_place(prog, cache, start) or "in use"
    return (f"{cache.name.string_().decode(errors='replace')}: object at {start:#x} of {size} bytes, "
            f"{address - start} bytes into it; {state}")


if __name__ == "__main__":
    program = get_default_prog()
    if len(sys.argv) < 2:
        list_caches(program)
    for word in sys.argv[1:]:
        print(f"{int(word, 16):#x}: {owner(program, int(word, 16))}")
