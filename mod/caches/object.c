// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of a cache, one and several: what happens when the inline fast path gives up
 *
 * First what the array and the middle tier have (front/cpu_cache.c), then as much effort as
 * the caller allows (effort.c).
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "back/nodes.h"
#include "back/span.h"
#include "base/report.h"
#include "debug/guard.h"
#include "debug/hard.h"
#include "debug/objects.h"
#include "front/cpu_bulk.h"
#include "front/cpu_cache.h"
#include "front/cpu_hard.h"
#include "cache.h"
#include "effort.h"

/* ------------------------------------------------------------------ alloc */

/* What no retry can help. */
static bool refused(struct tcslab_cache *cache, gfp_t gfp)
{
	return tcslab_complain(gfp & (__GFP_HIGHMEM | __GFP_MOVABLE),
			       "tcslab: objects cannot be highmem or movable, gfp %#x\n",
			       (__force unsigned int)gfp) ||
	       tcslab_warn(!cache->zero_size && (gfp & __GFP_ZERO),
			   "tcslab: objects of cache %s keep their contents, they cannot be zeroed\n",
			   cache->name);
}

/*
 * Of @size bytes the caller asked for as many: a guarded object begins or ends there.  @caller is
 * who gets it.
 */
static noinline void *alloc_one(struct tcslab_cache *cache, size_t size, gfp_t gfp, int node,
				bool wait, unsigned long caller)
{
	void *obj, *guarded;
	int home;

	if (refused(cache, gfp))
		return NULL;
	if (cache->node != NUMA_NO_NODE) {
		node = cache->node;
		gfp |= __GFP_THISNODE;
	}
	might_alloc(gfp);
	obj = tcslab_cpu_cache_take(cache, node, &home);
	if (!obj)
		obj = tcslab_effort_object(cache, gfp, node, home, wait);
	if (!obj)
		return NULL;
	if (unlikely(cache->debug))
		tcslab_objects_alloc(cache, obj, size, gfp, caller);
	if (tcslab_is_hard(cache))
		tcslab_hard_take(cache, obj, caller);
	if (tcslab_guard_is_due() && node == NUMA_NO_NODE) {
		guarded = tcslab_guard_alloc(cache, obj, size, gfp);
		if (guarded) {
			tcslab_shadow_open(cache, obj);
			return guarded;
		}
	}
	if (unlikely(cache->debug)) {
		kmemleak_alloc(obj, cache->object_size, 1, gfp);
		return obj;
	}
	return tcslab_obj_init(cache, obj, size, gfp);
}

/* An object from the array, with hardened=1, whose key is not whole, or that has to be cleared. */
static noinline void *alloc_told(struct tcslab_cache *cache, void *obj, size_t size, gfp_t gfp,
				 unsigned long caller)
{
	tcslab_hard_take(cache, obj, caller);
	return tcslab_obj_init(cache, obj, size, gfp);
}

/* Its callers are as short as this is when all is well: what is not has a call of its own. */
static __always_inline void *alloc_slow(struct tcslab_cache *cache, size_t size, gfp_t gfp,
					int node, unsigned long caller)
{
	void *obj;

	if (tcslab_hard_is_short(cache) && node == NUMA_NO_NODE &&
	    !(gfp & (__GFP_HIGHMEM | __GFP_MOVABLE)) &&
	    (!(gfp & __GFP_ZERO) || cache->zero_size) && tcslab_cpu_pop(cache->cpu, &obj)) {
		if (!want_init_on_alloc(gfp) && tcslab_hard_open(cache, obj))
			return obj;
		return alloc_told(cache, obj, size, gfp, caller);
	}
	return alloc_one(cache, size, gfp, node, true, caller);
}

void *tcslab_cache_alloc_slow(struct tcslab_cache *cache, gfp_t gfp, int node)
{
	return alloc_slow(cache, cache->object_size, gfp, node, _RET_IP_);
}
EXPORT_SYMBOL_GPL(tcslab_cache_alloc_slow);

void *tcslab_cache_alloc_size(struct tcslab_cache *cache, size_t size, gfp_t gfp, int node,
			      unsigned long caller)
{
	return alloc_slow(cache, size, gfp, node, caller);
}

/**
 * tcslab_cache_alloc_node() - allocate an object from a given node
 * @cache: the cache
 * @gfp: as for tcslab_cache_alloc(); with __GFP_THISNODE no other node will do
 * @node: node id, or NUMA_NO_NODE for the local one; a cache that is bound to a
 *	node ignores it
 *
 * Context: as tcslab_cache_alloc().
 * Return: as tcslab_cache_alloc(); NULL also when @node is not online.
 */
void *tcslab_cache_alloc_node(struct tcslab_cache *cache, gfp_t gfp, int node)
{
	if (node == NUMA_NO_NODE)
		return tcslab_cache_alloc(cache, gfp);
	if (!tcslab_node_is_served(node, gfp))
		return NULL;
	if (!static_branch_unlikely(&tcslab_numa_key))
		return tcslab_cache_alloc(cache, gfp);
	return tcslab_cache_alloc_slow(cache, gfp, node);
}
EXPORT_SYMBOL_GPL(tcslab_cache_alloc_node);

/* ------------------------------------------------------------------- bulk */

static noinline size_t alloc_bulk(struct tcslab_cache *cache, gfp_t gfp, size_t n,
				  void **objs)
{
	size_t got = 0, i, first = 0;
	void *guarded;

	if (refused(cache, gfp))
		return 0;
	might_alloc(gfp);
	/* One by one where each is looked at. */
	if (likely(!cache->debug))
		got = tcslab_cpu_cache_take_bulk(cache, n, objs);
	if (got < n && likely(!cache->debug))
		got += tcslab_cpu_cache_grow_bulk(cache, gfp, n - got, objs + got);
	if (tcslab_is_hard(cache))
		for (i = 0; i < got; i++)
			tcslab_hard_take(cache, objs[i], _RET_IP_);
	/* The first of them can be a guarded one, which is initialised. */
	if (got && tcslab_guard_is_due()) {
		guarded = tcslab_guard_alloc(cache, objs[0], cache->object_size, gfp);
		first = !!guarded;
		if (guarded)
			tcslab_shadow_open(cache, objs[0]);
		objs[0] = guarded ?: objs[0];
	}
	if (want_init_on_alloc(gfp) || TCSLAB_TELLS_OF_EACH)
		for (i = first; i < got; i++)
			tcslab_obj_init(cache, objs[i], cache->object_size, gfp);
	for (; got < n; got++) {
		objs[got] = alloc_one(cache, cache->object_size, gfp, NUMA_NO_NODE, false,
				      _RET_IP_);
		if (!objs[got]) {
			tcslab_cache_free_bulk(cache, got, objs);
			return 0;
		}
	}
	return n;
}

/**
 * tcslab_cache_alloc_bulk() - allocate several objects, all or none
 * @cache: the cache
 * @gfp: as for tcslab_cache_alloc()
 * @n: number of objects
 * @objs: where to put them
 *
 * Does not wait at the cache's limit or for its minimum.  __GFP_NOFAIL holds for all of
 * them, as with kmem_cache_alloc_bulk().
 *
 * Context: as tcslab_cache_alloc(); interrupts may be off.
 * Return: @n, or 0 when not all could be had.
 */
size_t tcslab_cache_alloc_bulk(struct tcslab_cache *cache, gfp_t gfp, size_t n, void **objs)
{
	/* What wants a look at each object goes the long way, and so does what is refused. */
	if (!TCSLAB_TELLS_OF_EACH && !want_init_on_alloc(gfp) &&
	    likely(!(gfp & (__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_ZERO))) &&
	    likely(tcslab_cpu_pop_bulk(cache, n, objs)))
		return n;
	return alloc_bulk(cache, gfp, n, objs);
}
EXPORT_SYMBOL_GPL(tcslab_cache_alloc_bulk);
