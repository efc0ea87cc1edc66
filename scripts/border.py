#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""List where a module that is built with tcslab_slab.h and the kernel free each other's memory.

frees   functions that a module can have the address of (exported, or inline in a header), that free
        what they are given or something in it, and whose address somebody in the kernel's tree gives
        away: set_delayed_call(), tables of operations, call_rcu(). Mapped, or the kernel's own.
allocs  inline functions and macros of headers that call an allocator that is mapped. A module gets
        tcslab's memory from them, which is right where the module frees it, or another inline function,
        and wrong where the core does: those come before the mapping and are the kernel's.

border.txt has what is known of each, and is checked against sources at hand:

  border.py TREE...           the kernels' sources; fails when there is something new
  border.py --check TREE...   and when border.txt has what is in none of them
"""

import re
import subprocess
import sys
from pathlib import Path

KNOWN = Path(__file__).with_name("border.txt")
CORE = ("mm", "lib", "fs", "kernel", "block", "net", "crypto", "security", "ipc", "io_uring", "sound/core",
        "drivers/base", "drivers/dma-buf", "drivers/nvmem", "drivers/gpu/drm", "drivers/of", "include")
USERS = ("fs", "net", "drivers", "sound", "crypto", "block", "security", "lib", "kernel", "mm")
FREES = {"kfree", "kvfree", "kfree_sensitive", "kvfree_sensitive", "kfree_const", "kfree_bulk", "kfree_rcu",
         "kvfree_rcu", "kfree_rcu_mightsleep", "kvfree_rcu_mightsleep", "kmem_cache_free",
         "kmem_cache_free_bulk"}
# What frees by definition; the others of slab.h are of no module.
THEMSELVES = {"linux/slab.h", "linux/mempool.h"}

MAPPED = re.compile(r"""\b(k[mzc]alloc(_array)?(_node)?(_track_caller)?|kmalloc_node_track_caller|
    kv[mzc]alloc(_array)?(_node)?|kv?[mz]alloc_(obj|objs|flex)|kv?realloc(_array)?|
    kv?memdup(_array|_nul)?|kstrn?dup|kmem_cache_(z?alloc|alloc_lru|alloc_node|create)|KMEM_CACHE|
    mempool_(create|init)_(slab|kmalloc)_pool)\s*\(""", re.VERBOSE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:.*\\\n)*.*)$", re.MULTILINE)
DIRECTIVE = re.compile(r"^[ \t]*#.*(?:\\\n.*)*$", re.MULTILINE)
BRACE = re.compile(r"^(\w.*\)) \{$", re.MULTILINE)
HEAD = re.compile(r"\b(\w+)\s*\(([^;{}]*)\)[\w\s()]*\Z")
ACCESSOR = r"container_of\(|\w*dereference\w*\(|\w+_(?:locked|priv|private)\(|\w*\bto_\w+\("
ASSIGNMENT = re.compile(r"(\w+)\s*=\s*([^;=]+);")
MADE_OF = re.compile(rf"(?:{ACCESSOR}|\([\w *]+\)|[*&(\s])*(\w+)\b(?!\()")
ARGUMENT = re.compile(r"(?:^|[,)&*\s])(\w+)\s*(?:->[\w.>\[\]-]+)?\s*(?=,|$)")
CALL_RCU = re.compile(r"\bcall_rcu\w*\(\s*&(\w+)->[\w.]+,\s*(\w+)\s*\)")
WORD = re.compile(r"\w+")
EXPORT = re.compile(r"^EXPORT_\w*SYMBOL\w*\((\w+)", re.MULTILINE)


def functions(source):
    """(name, parameters, body) of each function of @source."""
    parts = BRACE.sub(r"\1\n{", DIRECTIVE.sub("", source)).split("\n{\n")
    for before, body in zip(parts, parts[1:]):
        begin = max(before.rfind(x) for x in ("\n\n", "\n}", ";", "*/")) + 1
        head = HEAD.search(before[begin:])
        if head:
            yield head[1], head[2], ("\n" + body).partition("\n}")[0]


def given(parameters, body):
    """The names in @body that are a pointer parameter or begin as something made of one."""
    names = {found[1] for x in parameters.split(",") if "*" in x
             and (found := re.search(r"(\w+)\s*(?:\[\w*\])?\s*$", x))}
    for _ in range(2):
        names |= {to for to, value in ASSIGNMENT.findall(body)
                  if (found := MADE_OF.match(value)) and found[1] in names}
    return names


def freed(parameters, body, call):
    """Whether @body gives what it is given to one of the functions that @call matches."""
    arguments = call.findall(body)
    names = given(parameters, body) if arguments else ()
    return any(name in names for x in arguments for name in ARGUMENT.findall(x))


def calls(names):
    """Matches a call of one of @names; its group are the arguments."""
    return re.compile(rf"\b(?:{'|'.join(names)})\s*\(((?:[^();]|\([^();]*\))*)\)\s*;")


def plain(text):
    """@text without comments."""
    return COMMENT.sub(lambda x: "\n" * x[0].count("\n"), text)


def sources(tree, folders):
    """(name, text) of the C files of the core; of headers those that modules see."""
    for folder in folders:
        for file in sorted((tree / folder).rglob("*.[ch]")):
            name = str(file.relative_to(tree))
            if file.suffix == ".h" and folder != "include" or file.suffix == ".c" and "test" in name:
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
            if "free" in text or MAPPED.search(text):
                yield name, text


def by_address(tree, names):
    """Those of @names whose address somebody in @tree gives away."""
    words = [f"-e{x}" for x in sorted(names)]
    found = ""
    for pattern, folders in ("*.c", USERS), ("*.h", ("include",)):
        found += subprocess.run(["grep", "-rhwF", f"--include={pattern}", *words,
                                 *(x for x in folders if (tree / x).exists())], cwd=tree, check=False,
                                capture_output=True, encoding="utf-8", errors="replace").stdout
    taken = re.compile(rf"(?:=|[(,])\s*&?({'|'.join(sorted(names))})\s*[,;)}}]|"
                       rf"^\s*({'|'.join(sorted(names))})\s*[,)]")
    return {x for line in found.splitlines() if "EXPORT_" not in line and "DEFINE_FREE" not in line
            for match in taken.finditer(line) for x in match.groups() if x}


def frees(tree):
    """{name: file} of the functions of @tree that free what they are given and go by address."""
    exported, known, texts = set(), {}, []
    for name, text in sources(tree, CORE):
        exported |= set(EXPORT.findall(text))
        for function, parameters, body in functions(text):
            if "free" in body and function not in FREES:
                body = plain(body)
                texts.append((name, function, plain(parameters), body, set(WORD.findall(body))))
    more = FREES
    while more:
        call = calls(more)
        new = {name: file for file, name, parameters, body, words in texts
               if name not in known and not words.isdisjoint(more) and freed(parameters, body, call)}
        new |= {name: file for file, name, parameters, body, words in texts
                if name not in known and not words.isdisjoint(new)
                for head, function in CALL_RCU.findall(body)
                if function in new and head in given(parameters, body)}
        known |= new
        # What frees an untyped argument is one more kfree().
        more = {name for _, name, parameters, _, _ in texts if name in new and "void *" in parameters}
    reached = {name for name, file in known.items() if name in exported or file.startswith("include/")}
    reached = by_address(tree, reached | FREES)
    return {name: known.get(name, "include/linux/slab.h") for name in reached}


def allocs(tree):
    """{name: header} of each macro and inline function of @tree that allocates."""
    found = {}
    for name, text in sources(tree, ("include",)):
        name = name.removeprefix("include/")
        if name in THEMSELVES or not MAPPED.search(text):
            continue
        text = plain(text)
        found |= {macro[1]: name for macro in MACRO.finditer(text) if MAPPED.search(macro[2])}
        found |= {x: name for x, _, body in functions(text) if MAPPED.search(body)}
    return found


def read_known():
    """{(kind, name): what is known of it} from border.txt."""
    known = {}
    for line in KNOWN.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, name, fate = line.split(maxsplit=2)
            known[kind, name] = fate
    return known


def complaints(trees, complete):
    """What is in @trees and not known; if they are @complete, also what is known and in none of them."""
    known, seen, found = read_known(), set(), []
    for tree in map(Path, trees):
        for kind, names in ("frees", frees(tree)), ("allocs", allocs(tree)):
            for name, file in sorted(names.items()):
                seen.add((kind, name))
                if (kind, name) not in known:
                    found.append(f"{kind} {name} UNKNOWN: {file} of {tree.name}")
    if complete:
        found += [f"{kind} {name}: in none of these kernels" for kind, name in sorted(set(known) - seen)]
    return found


def main(arguments):
    """Print what is to be done about border.txt; the exit status says whether that is nothing."""
    complete = arguments[:1] == ["--check"]
    trees = arguments[complete:]
    if not trees or trees[0].startswith("-"):
        print(__doc__)
        return 2
    found = complaints(trees, complete)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
