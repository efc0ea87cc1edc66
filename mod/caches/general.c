// SPDX-License-Identifier: GPL-2.0
/*
 * General allocation beyond the inline fast path: zones, nodes, and the calls that are made
 * of alloc and free
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "back/nodes.h"
#include "base/compat.h"
#include "base/report.h"
#include "debug/guard.h"
#include "debug/hard.h"
#include "debug/objects.h"
#include "debug/shadow.h"
#include "middle/central.h"
#include "cache.h"
#include "free.h"
#include "large.h"
#include "low_zone.h"
#include "size_class.h"

/* ------------------------------------------------------------------ alloc */

/* NULL when there is none yet: then an object has pages of its own, as a large one. */
static struct tcslab_cache *general_cache(unsigned int class, gfp_t gfp)
{
	enum tcslab_zone zone = tcslab_gfp_zone(gfp);

	if (likely(zone == TCSLAB_ZONE_NORMAL))
		return tcslab_general[class];
	return tcslab_low_zone_cache(zone, class, gfp);
}

void *tcslab_alloc_slow(size_t size, gfp_t gfp, int node)
{
	struct tcslab_cache *cache;
	unsigned int class;

	/* With hardened=1 every call comes here: the usual ones are not to be held up. */
	if (static_branch_unlikely(&tcslab_hard_key) && tcslab_gfp_is_plain(gfp)) {
		class = tcslab_size_class(size);
		if (likely(class))
			return tcslab_cache_alloc_size(tcslab_general[class], size, gfp, node,
						       _RET_IP_);
	}
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
		return tcslab_large_alloc(size, gfp, node, NULL);
	/* The array is tried again: only the zone may have kept us from it. */
	return tcslab_cache_alloc_size(cache, size, gfp, node, _RET_IP_);
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

/* ------------------------------------------------------------------- sizes */

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

void tcslab_resized(const void *obj, size_t size)
{
	struct tcslab_cache *cache = tcslab_cache_of(obj);

	if (!TCSLAB_HAS_SHADOW || !cache || cache == &tcslab_no_cache)
		return;
	if (cache == tcslab_large_cache) {
		tcslab_shadow_open_pages(obj, size);
		tcslab_shadow_fit_pages(obj, size, tcslab_asked_size(obj));
	} else {
		tcslab_shadow_open(cache, (void *)obj);
		tcslab_shadow_fit(cache, (void *)obj, size);
	}
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
	size_t size;

	/* Who asks may use it all: with debug=, and for KASAN, from now on. */
	if (unlikely(cache && cache->debug) && tcslab_central_owns(cache, obj))
		tcslab_objects_widen(cache, (void *)obj);
	size = tcslab_asked_size(obj);
	if (size && tcslab_shadow_check(obj))
		tcslab_shadow_open_pages(obj, size);
	return size;
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
 * tcslab_free_sensitive() - clear memory, then free it
 * @obj: as for tcslab_free()
 *
 * As kfree_sensitive(): the compiler cannot drop the clearing.
 *
 * Context: as tcslab_free().
 */
void tcslab_free_sensitive(const void *obj)
{
	size_t size = tcslab_shadow_size(obj, tcslab_asked_size(obj));

	if (size)
		memzero_explicit((void *)obj, size);
	tcslab_free(obj);
}
EXPORT_SYMBOL_GPL(tcslab_free_sensitive);
