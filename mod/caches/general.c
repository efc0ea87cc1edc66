// SPDX-License-Identifier: GPL-2.0
/*
 * General allocation beyond the inline fast path: zones, nodes, large objects,
 * and the calls that are made of alloc and free
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "back/mempolicy.h"
#include "back/nodes.h"
#include "base/compat.h"
#include "base/report.h"
#include "debug/guard.h"
#include "debug/objects.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "cache.h"
#include "effort.h"
#include "free.h"
#include "low_zone.h"
#include "size_class.h"

/* ------------------------------------------------------------------ alloc */

static enum tcslab_zone gfp_to_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return TCSLAB_ZONE_DMA;
	if (gfp & __GFP_DMA32)
		return TCSLAB_ZONE_DMA32;
	return TCSLAB_ZONE_NORMAL;
}

/* NULL when there is none yet: then an object has pages of its own, as a large one. */
static struct tcslab_cache *general_cache(unsigned int class, gfp_t gfp)
{
	enum tcslab_zone zone = gfp_to_zone(gfp);

	if (likely(zone == TCSLAB_ZONE_NORMAL))
		return tcslab_general[class];
	return tcslab_low_zone_cache(zone, class, gfp);
}

/* Where a large object of nobody's choice comes from. */
static int large_node(void)
{
	return tcslab_policy_node(tcslab_cpu_cache_node(tcslab_large_cache));
}

static void *alloc_large(size_t size, gfp_t gfp, int node)
{
	unsigned long npages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct tcslab_span *span;
	void *obj;

	if (get_order(size) > MAX_PAGE_ORDER) {
		tcslab_warn(!(gfp & __GFP_NOWARN),
			    "tcslab: %zu bytes are more than the page allocator's largest block\n",
			    size);
		return NULL;
	}
	if (node == NUMA_NO_NODE) {
		node = large_node();
		gfp = tcslab_policy_gfp(gfp);
	} else {
		gfp &= ~TCSLAB_BOUND;
	}
	span = tcslab_effort_large(gfp_to_zone(gfp), npages, tcslab_span_align(size), gfp, node);
	if (!span)
		return NULL;
	obj = tcslab_span_base(span);
	if (want_init_on_alloc(gfp))
		memset(obj, 0, npages << PAGE_SHIFT);
	kmemleak_alloc(obj, size, 1, gfp);
	return obj;
}

void *tcslab_alloc_slow(size_t size, gfp_t gfp, int node)
{
	struct tcslab_cache *cache;
	unsigned int class;

	if (unlikely(!size))
		return ZERO_SIZE_PTR;
	if (tcslab_complain(gfp & (__GFP_HIGHMEM | __GFP_MOVABLE),
			    "tcslab: objects cannot be highmem or movable, gfp %#x\n",
			    (__force unsigned int)gfp))
		return NULL;
	might_alloc(gfp);
	class = tcslab_size_class(size);
	cache = class ? general_cache(class, gfp) : NULL;
	if (!cache)
		return alloc_large(size, gfp, node);
	/* The array is tried again: only the zone may have kept us from it. */
	return tcslab_cache_alloc_size(cache, size, gfp, node);
}
EXPORT_SYMBOL_GPL(tcslab_alloc_slow);

/**
 * tcslab_alloc_node() - allocate memory from a given node
 * @size: bytes
 * @gfp: as for tcslab_alloc(); with __GFP_THISNODE no other node will do
 * @node: node id, or NUMA_NO_NODE for the local one
 *
 * Context: as tcslab_alloc().
 * Return: as tcslab_alloc(); NULL also when @node is not online.
 */
void *tcslab_alloc_node(size_t size, gfp_t gfp, int node)
{
	if (node == NUMA_NO_NODE)
		return tcslab_alloc(size, gfp);
	if (!tcslab_node_is_served(node, gfp))
		return NULL;
	if (!static_branch_unlikely(&tcslab_numa_key))
		return tcslab_alloc(size, gfp);
	return tcslab_alloc_slow(size, gfp, node);
}
EXPORT_SYMBOL_GPL(tcslab_alloc_node);

/**
 * tcslab_alloc_bulk() - allocate several objects of one size, all or none
 * @size: bytes per object
 * @gfp: as for tcslab_alloc()
 * @n: number of objects
 * @objs: where to put them
 *
 * Context: as tcslab_alloc(); interrupts may be off.
 * Return: @n, or 0 when not all could be had.
 */
size_t tcslab_alloc_bulk(size_t size, gfp_t gfp, size_t n, void **objs)
{
	unsigned int class = tcslab_size_class(size);
	struct tcslab_cache *cache = class ? general_cache(class, gfp) : NULL;
	size_t i;

	if (cache)
		return tcslab_cache_alloc_bulk(cache, gfp, n, objs);
	for (i = 0; i < n; i++) {
		objs[i] = tcslab_alloc_slow(size, gfp, NUMA_NO_NODE);
		if (!objs[i]) {
			tcslab_free_bulk(i, objs);
			return 0;
		}
	}
	return n;
}
EXPORT_SYMBOL_GPL(tcslab_alloc_bulk);

/* ------------------------------------------------------- sizes, realloc */

size_t tcslab_asked_size(const void *obj)
{
	struct tcslab_cache *cache;
	struct tcslab_span *span;

	if (ZERO_OR_NULL_PTR(obj))
		return 0;
	cache = tcslab_cache_of(obj);
	if (cache && cache != tcslab_large_cache && cache != &tcslab_no_cache) {
		if (unlikely(cache->debug) && tcslab_central_owns(cache, obj))
			return tcslab_objects_size(cache, obj);
		return cache->object_size;
	}
	if (tcslab_guard_cache(obj))
		return tcslab_guard_size(obj);
	span = tcslab_large_span(obj);
	if (tcslab_warn(!span, "tcslab: size of %p, which is no object of ours\n", obj))
		return 0;
	return (size_t)span->npages << PAGE_SHIFT;
}

/**
 * tcslab_usable_size() - bytes that may be written to an object
 * @obj: memory of tcslab_alloc() or of a named cache; NULL and ZERO_SIZE_PTR
 *	have none
 *
 * Context: any.
 * Return: at least what was asked for; 0, with a warning, for a pointer that is
 * no object of ours.
 */
size_t tcslab_usable_size(const void *obj)
{
	struct tcslab_cache *cache = tcslab_cache_of(obj);

	/* Who asks may use it all: with debug=, from now on. */
	if (unlikely(cache && cache->debug) && tcslab_central_owns(cache, obj))
		tcslab_objects_widen(cache, (void *)obj);
	return tcslab_asked_size(obj);
}
EXPORT_SYMBOL_GPL(tcslab_usable_size);

/**
 * tcslab_good_size() - what tcslab_usable_size() would be after an allocation
 * @size: bytes
 *
 * As kmalloc_size_roundup().
 *
 * Context: any.
 * Return: the size to ask for so that nothing is wasted; 0 for 0.
 */
size_t tcslab_good_size(size_t size)
{
	unsigned int class = tcslab_size_class(size);

	if (class)
		return tcslab_class_size(class);
	/* Sizes at the end of the address space have no multiple of a page. */
	return size > ~(size_t)0 - PAGE_SIZE ? size : PAGE_ALIGN(size);
}
EXPORT_SYMBOL_GPL(tcslab_good_size);

/**
 * tcslab_realloc() - change the size of an object, moving it if need be
 * @obj: memory of tcslab_alloc(), NULL or ZERO_SIZE_PTR
 * @size: bytes; 0 frees @obj
 * @gfp: as for tcslab_alloc(); with __GFP_ZERO, if every call for @obj had it, what was
 *	not asked for before is zero
 *
 * As krealloc().  Stays in place while the object fits, does not become
 * less than half as large, and is as aligned as one of @size.
 *
 * Context: as tcslab_alloc().
 * Return: the memory; ZERO_SIZE_PTR for @size 0; NULL, with @obj untouched, when
 * there is none.
 */
void *tcslab_realloc(const void *obj, size_t size, gfp_t gfp)
{
	size_t old = tcslab_asked_size(obj);
	void *to;

	if (!size) {
		tcslab_free(obj);
		return ZERO_SIZE_PTR;
	}
	if (ZERO_OR_NULL_PTR(obj))
		return tcslab_alloc(size, gfp);
	if (!old)
		return NULL;	/* not ours, reported */
	if (tcslab_stays_in_place(obj, old, size)) {
		/* It may grow again, in place. */
		if (want_init_on_alloc(gfp))
			memset((void *)obj + size, 0, old - size);
		return (void *)obj;
	}
	to = tcslab_alloc(size, gfp);
	if (!to)
		return NULL;
	memcpy(to, obj, min(old, size));
	tcslab_free(obj);
	return to;
}
EXPORT_SYMBOL_GPL(tcslab_realloc);

/**
 * tcslab_free_sensitive() - clear memory, then free it
 * @obj: as for tcslab_free()
 *
 * As kfree_sensitive(): the compiler cannot drop the clearing.
 *
 * Context: as tcslab_free().
 */
void tcslab_free_sensitive(const void *obj)
{
	size_t size = tcslab_asked_size(obj);

	if (size)
		memzero_explicit((void *)obj, size);
	tcslab_free(obj);
}
EXPORT_SYMBOL_GPL(tcslab_free_sensitive);
