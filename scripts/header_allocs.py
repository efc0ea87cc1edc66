#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""List what a kernel's headers allocate in a module that is built with tcslab_slab.h.

An inline function or macro of a header that calls kmalloc() takes tcslab's there. That is right
where the module frees it, or another inline function, and wrong where the core does. Known ones are
sorted below; what is not known is to be read.

  header_allocs.py TREE...    the kernels' sources; fails when there is something new
"""

import re
import sys
from pathlib import Path

# The core frees it; native by default, because tcslab_slab.h reads these headers first.
NATIVE = {"dma_fence_chain_alloc", "genradix_alloc_node", "alloc_ts_config", "vmcore_alloc_add_range"}
# The core frees it, and the header has too much in it: -DTCSLAB_SLAB_BEFORE='<...>'.
BEFORE = {"alloc_apertures", "gameport_allocate_port", "kunit_alloc_and_get_resource",
          "kunit_alloc_resource", "tcf_exts_init", "udp_lib_init_sock"}
# A copy that is the caller's, as that of kmemdup(): look where it goes.
COPIES = {"ceph_extract_encoded_string", "memdup_sockptr", "memdup_sockptr_nul", "nla_memdup",
          "xdr_netobj_dup"}
# Freed by an inline function or macro of the same header, in whoever uses it.
PAIRS = {"__acomp_request_alloc", "__getname", "__ptr_ring_init_queue_alloc", "NODEMASK_ALLOC",
         "USB_CONFIG_STRINGS_LANG", "acpi_alloc_fwnode_static", "aead_request_alloc",
         "ahash_request_alloc", "akcipher_request_alloc", "fq_init", "io_mapping_create_wc",
         "iucv_path_alloc", "kpp_request_alloc", "ptr_ring_resize_multiple",
         "skcipher_request_alloc", "spi_message_alloc", "tc_action_net_init", "tcf_gate_get_list"}
# From a cache that they are given or that is the core's: by whose it is.
CACHES = {"alloc_inode_sb", "jbd2_alloc_handle", "jbd2_alloc_inode", "reqsk_alloc"}
# Used by the core alone, or by the module that is the core of its kind and frees it too.
CORE = {"kvm_arch_alloc_vm", "acpi_os_acquire_object", "acpi_os_allocate",
        "acpi_os_allocate_zeroed", "bpf_map_kmalloc_node", "bpf_map_kvcalloc", "bpf_map_kzalloc",
        "bpf_map_owner_alloc", "call_hid_bpf_rdesc_fixup", "kdf_test", "kvmemdup_bpfptr", "malloc",
        "netlbl_catmap_alloc", "netlbl_secattr_alloc", "netlbl_secattr_cache_alloc",
        "rdma_zalloc_obj", "sk_psock_init_link", "tcf_tunnel_info_copy", "tcp_v4_save_options",
        "xfrm_algo_aead_clone", "xfrm_algo_auth_clone", "xfrm_algo_clone", "xfrm_replay_clone"}
KNOWN = {"native": NATIVE, "native on request": BEFORE, "caller's": COPIES, "pair": PAIRS,
         "cache": CACHES, "core": CORE}

MAPPED = re.compile(r"""\b(k[mzc]alloc(_array)?(_node)?(_track_caller)?|kmalloc_node_track_caller|
    kv[mzc]alloc(_array)?(_node)?|kv?[mz]alloc_(obj|objs|flex)|kv?realloc(_array)?|
    kv?memdup(_array|_nul)?|kstrn?dup|kmem_cache_(z?alloc|alloc_lru|alloc_node|create)|KMEM_CACHE|
    mempool_(create|init)_(slab|kmalloc)_pool)\s*\(""", re.VERBOSE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:.*\\\n)*.*)$", re.MULTILINE)
DIRECTIVE = re.compile(r"^[ \t]*#.*(?:\\\n.*)*$", re.MULTILINE)
FUNCTION = re.compile(
    r"^(?:\w[\w *]*?|[ \t]*\*)?\b(\w+)\s*\(([^;{}]*)\)[\w\s]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
THEMSELVES = {"linux/slab.h", "linux/mempool.h"}


def allocators(tree):
    """(header, name) of each macro and inline function of @tree that allocates."""
    include = Path(tree) / "include"
    for file in sorted(include.rglob("*.h")):
        name = str(file.relative_to(include))
        source = file.read_text(encoding="utf-8", errors="replace")
        if name in THEMSELVES or not MAPPED.search(source):
            continue
        source = COMMENT.sub(lambda x: "\n" * x[0].count("\n"), source)
        for macro in MACRO.finditer(source):
            if MAPPED.search(macro[2]):
                yield name, macro[1]
        for function in FUNCTION.finditer(DIRECTIVE.sub("", source)):
            if MAPPED.search(function[3]):
                yield name, function[1]


def main(trees):
    """Print the list; the exit status says whether all are known."""
    if not trees or trees[0].startswith("-"):
        print(__doc__)
        return 2
    unknown = 0
    for tree in trees:
        for header, name in sorted(set(allocators(tree))):
            fate = next((x for x, names in KNOWN.items() if name in names), "UNKNOWN")
            unknown += fate == "UNKNOWN"
            print(f"{Path(tree).name}: {header}: {name}: {fate}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
