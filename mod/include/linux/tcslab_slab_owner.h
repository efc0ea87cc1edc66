/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who a module's memory counts for: with -DTCSLAB_SLAB_HEAP a heap of its own
 *
 * Included by <linux/tcslab_slab_api.h> alone.
 */
#ifndef _LINUX_TCSLAB_SLAB_OWNER_H
#define _LINUX_TCSLAB_SLAB_OWNER_H

#include <linux/export.h>
#include <linux/init.h>

#include <linux/tcslab_heap.h>

/**
 * struct tcslab_slab_owner - a module that has a heap
 * @heap: its heap, written once; until there is one it is tcslab_no_heap
 * @module: whose name the heap has, and with whom it ends
 * @elsewhere: allocations that the heap did not serve and does not know of yet
 */
struct tcslab_slab_owner {
	struct tcslab_heap *heap;
	const struct module *module;
	atomic_long_t elsewhere;
};

#ifdef TCSLAB_SLAB_HEAP
/* One for all files of the module, which is what the linker makes of weak ones. */
extern struct tcslab_slab_owner tcslab_slab_owner;
struct tcslab_slab_owner tcslab_slab_owner __weak = {
	.heap = &tcslab_no_heap,
	.module = THIS_MODULE,
};

#define TCSLAB_SLAB_OWNER	(&tcslab_slab_owner)
#else
#define TCSLAB_SLAB_OWNER	NULL
#endif

#endif /* _LINUX_TCSLAB_SLAB_OWNER_H */
