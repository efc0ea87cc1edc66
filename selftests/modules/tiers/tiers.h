/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of lower tiers share: a back tier with stubs above it. */
#ifndef TIERS_H
#define TIERS_H

#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <linux/tcslab.h>

#include "back/nodes.h"
#include "back/page_heap.h"
#include "context_test.h"
#include "middle/central.h"

static unsigned int woken, low;

static void wake(void)
{
	woken++;
}

static void stock_is_low(void)
{
	low++;
}

static const struct tcslab_page_heap_hooks heap_hooks = {
	.wake = wake, .stock_is_low = stock_is_low,
};

static bool __init begin_back(void)
{
	tcslab_nodes_init();
	return context_check(!tcslab_page_heap_init(&heap_hooks), "a back tier");
}

static void __init end_back(void)
{
	tcslab_page_heap_release_all();
	context_check(!tcslab_held_pages(), "all pages go back: %lu are held",
		      tcslab_held_pages());
	tcslab_page_heap_exit();
}

/* As caches/cache.c does it for a size without such a power of two, whose odd part is 3 or 1. */
static void __init set_geometry(struct tcslab_cache *cache, unsigned int size, unsigned int pages)
{
	cache->node = NUMA_NO_NODE;
	cache->object_size = size;
	cache->zero_size = size;
	cache->size = size;
	cache->align = sizeof(u64);
	cache->span_pages = pages;
	cache->span_objs = pages * PAGE_SIZE / size;
	cache->span_align = 1;
	cache->batch = 16;
	cache->max_capacity = 64;
	cache->recip = DIV64_U64_ROUND_UP(1ULL << TCSLAB_RECIP_SHIFT, size);
	cache->shift = __ffs(size);
	cache->inverse = size >> cache->shift == 3 ? 0xaaaaaaab : 1;
}

/* The first object of a new span. */
static inline void *grow(struct tcslab_cache *cache, int node)
{
	HLIST_HEAD(spans);
	void *obj;
	int err;

	err = tcslab_central_grow(cache, node, GFP_KERNEL, 1, &spans);
	if (err)
		return ERR_PTR(err);
	tcslab_central_add(cache, &spans, &obj, 1);
	return obj;
}

#endif /* TIERS_H */
