// SPDX-License-Identifier: GPL-2.0
/* The same calls of two allocators; see tcslab_exhaust.h */
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/version.h>

#include <linux/tcslab_heap.h>
#include "base/compat.h"
#include "context_test.h"
#include "tcslab_exhaust.h"

#define LIMIT_BYTES	SZ_256K

static const char * const names[EXHAUST_NR_KINDS] = {
	[EXHAUST_PLAIN] = "exhaust-plain",
	[EXHAUST_CONSTRUCTED] = "exhaust-ctor",
	[EXHAUST_TYPESAFE] = "exhaust-typesafe",
	[EXHAUST_LIMITED] = "exhaust-limited",
	[EXHAUST_WAITED] = "exhaust-waited",
	[EXHAUST_MINIMUM] = "exhaust-minimum",
	[EXHAUST_RESERVE] = "exhaust-reserve",
};

static void construct(void *mem)
{
	*(unsigned long *)mem = EXHAUST_CONSTRUCT;
}

/* Where an rcu_head can be: the pattern is not looked at any more. */
struct dying {
	unsigned long constructed;
	struct rcu_head rcu;
};

/* ----------------------------------------------------------------- tcslab */

static struct tcslab_cache *caches[EXHAUST_NR_KINDS];
static struct tcslab_reserve *reserve;
static struct tcslab_heap *heap;

static bool tcslab_close(void)
{
	bool whole = !tcslab_heap_destroy(heap);
	int kind;

	heap = NULL;
	tcslab_reserve_destroy(reserve);
	reserve = NULL;
	for (kind = EXHAUST_PLAIN; kind < EXHAUST_NR_KINDS; kind++) {
		if (tcslab_cache_destroy(caches[kind]))
			whole = false;
		caches[kind] = NULL;
	}
	return whole;
}

static bool tcslab_open(void)
{
	int kind;

	for (kind = EXHAUST_PLAIN; kind < EXHAUST_NR_KINDS; kind++) {
		struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(EXHAUST_OBJECT_SIZE);

		if (kind == EXHAUST_CONSTRUCTED)
			args.ctor = construct;
		if (kind == EXHAUST_TYPESAFE)
			args.flags = TCSLAB_TYPESAFE_BY_RCU;
		if (kind == EXHAUST_LIMITED || kind == EXHAUST_WAITED)
			args.limit_bytes = LIMIT_BYTES;
		if (kind == EXHAUST_WAITED)
			args.flags = TCSLAB_LIMIT_WAIT;
		if (kind == EXHAUST_MINIMUM)
			args.min_objects = EXHAUST_PROMISED;
		caches[kind] = tcslab_cache_create(names[kind], &args);
		if (IS_ERR(caches[kind]))
			goto fail;
	}
	reserve = tcslab_reserve_create(caches[EXHAUST_RESERVE], EXHAUST_PROMISED, GFP_KERNEL);
	if (IS_ERR(reserve)) {
		reserve = NULL;
		goto fail;
	}
	heap = tcslab_heap_create("exhaust", NULL);
	if (!IS_ERR(heap))
		return true;
	heap = NULL;
fail:
	if (kind < EXHAUST_NR_KINDS)
		caches[kind] = NULL;
	tcslab_close();
	return false;
}

static void *tcslab_one(enum exhaust_kind kind, size_t size, gfp_t gfp)
{
	switch (kind) {
	case EXHAUST_GENERAL:
		return tcslab_alloc(size, gfp);
	case EXHAUST_ZEROED:
		return size % 2 ? tcslab_zalloc(size, gfp) : tcslab_calloc(size / 2, 2, gfp);
	case EXHAUST_NODE:
		return tcslab_alloc_node(size, gfp, numa_mem_id());
	case EXHAUST_LOW:
		return tcslab_alloc(size, gfp | (size % 2 ? GFP_DMA : GFP_DMA32));
	case EXHAUST_HEAP:
		return tcslab_heap_alloc(heap, size, gfp);
	case EXHAUST_PLAIN:
		return tcslab_cache_alloc_node(caches[kind], gfp,
					       size % 2 ? numa_mem_id() : NUMA_NO_NODE);
	case EXHAUST_RESERVE:
		return tcslab_reserve_alloc(reserve);
	default:
		return tcslab_cache_alloc(caches[kind], gfp);
	}
}

static void tcslab_back(enum exhaust_kind kind, void *mem)
{
	if (kind == EXHAUST_RESERVE)
		tcslab_reserve_free(reserve, mem);
	else if (kind >= EXHAUST_PLAIN)
		tcslab_cache_free(caches[kind], mem);
	else if (kind == EXHAUST_ZEROED)
		tcslab_free_sensitive(mem);
	else
		tcslab_free(mem);
}

static void tcslab_later(enum exhaust_kind kind, void *mem, bool wait)
{
	struct dying *dying = mem;

	if (wait)
		tcslab_free_rcu_mightsleep(mem);
	else
		tcslab_free_rcu(dying, rcu);
}

static void *tcslab_resize(void *mem, size_t size, gfp_t gfp)
{
	return tcslab_realloc(mem, size, gfp);
}

static bool tcslab_several(enum exhaust_kind kind, size_t size, gfp_t gfp, void **objs)
{
	return kind < EXHAUST_PLAIN ?
	       tcslab_alloc_bulk(size, gfp, EXHAUST_BULK, objs) :
	       tcslab_cache_alloc_bulk(caches[kind], gfp, EXHAUST_BULK, objs);
}

static void tcslab_several_back(enum exhaust_kind kind, void **objs)
{
	if (kind < EXHAUST_PLAIN)
		tcslab_free_bulk(EXHAUST_BULK, objs);
	else
		tcslab_cache_free_bulk(caches[kind], EXHAUST_BULK, objs);
}

static void short_lived_cache(gfp_t gfp)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(EXHAUST_OBJECT_SIZE);
	struct tcslab_cache *cache = tcslab_cache_create("exhaust-brief", &args);
	struct tcslab_reserve *brief;
	void *obj;

	if (IS_ERR(cache))
		return;
	brief = tcslab_reserve_create(cache, 3, gfp);
	obj = tcslab_cache_alloc(cache, gfp);
	tcslab_cache_free(cache, obj);
	if (!IS_ERR(brief)) {
		obj = tcslab_reserve_alloc(brief);
		tcslab_reserve_refill(brief, gfp);
		tcslab_reserve_free(brief, obj);
		tcslab_reserve_destroy(brief);
	}
	tcslab_cache_destroy(cache);
}

static void tcslab_service(unsigned int random, gfp_t gfp)
{
	struct tcslab_cache_stats stats;

	switch (random % 6) {
	case 0:
		short_lived_cache(gfp);
		break;
	case 1:
		tcslab_cache_shrink(caches[EXHAUST_PLAIN + random / 6 % 7]);
		break;
	case 2:
		tcslab_trim();
		break;
	case 3:
		tcslab_cache_stats(caches[EXHAUST_PLAIN + random / 6 % 7], &stats);
		break;
	case 4:
		tcslab_reserve_refill(reserve, gfp);
		break;
	default:
		tcslab_rcu_barrier();
	}
}

const struct exhaust_side exhaust_tcslab = {
	.name = "tcslab", .open = tcslab_open, .close = tcslab_close, .alloc = tcslab_one,
	.free = tcslab_back, .free_rcu = tcslab_later, .realloc = tcslab_resize,
	.alloc_bulk = tcslab_several, .free_bulk = tcslab_several_back,
	.service = tcslab_service,
};

/* An object keeps the next one, so that nothing else has to be allocated. */
bool exhaust_limit_is_whole(void)
{
	struct tcslab_cache *cache = caches[EXHAUST_LIMITED];
	struct tcslab_cache_stats stats;
	void **objs = NULL, **obj;

	while ((obj = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN))) {
		*obj = objs;
		objs = obj;
	}
	tcslab_cache_stats(cache, &stats);
	while ((obj = objs)) {
		objs = *obj;
		tcslab_cache_free(cache, obj);
	}
	pr_notice(CONTEXT_PREFIX "# limit: %lu bytes of %u\n", stats.held_bytes, LIMIT_BYTES);
	return stats.held_bytes == LIMIT_BYTES;
}

/* ------------------------------------------------------------- the kernel's */

static struct kmem_cache *kmem[EXHAUST_NR_KINDS];
static mempool_t *pools[EXHAUST_NR_KINDS];

static bool slub_close(void)
{
	int kind;

	for (kind = EXHAUST_PLAIN; kind < EXHAUST_NR_KINDS; kind++) {
		mempool_destroy(pools[kind]);
		kmem_cache_destroy(kmem[kind]);
		pools[kind] = NULL;
		kmem[kind] = NULL;
	}
	return true;	/* else it says so itself */
}

static bool slub_open(void)
{
	int kind;

	for (kind = EXHAUST_PLAIN; kind < EXHAUST_NR_KINDS; kind++) {
		slab_flags_t flags = kind == EXHAUST_TYPESAFE ? SLAB_TYPESAFE_BY_RCU : 0;

		kmem[kind] = kmem_cache_create(names[kind], EXHAUST_OBJECT_SIZE, 0,
					       SLAB_NO_MERGE | flags,
					       kind == EXHAUST_CONSTRUCTED ? construct : NULL);
		if (kind >= EXHAUST_MINIMUM && kmem[kind])
			pools[kind] = mempool_create_slab_pool(EXHAUST_PROMISED, kmem[kind]);
		if (!kmem[kind] || (kind >= EXHAUST_MINIMUM && !pools[kind])) {
			slub_close();
			return false;
		}
	}
	return true;
}

static void *slub_one(enum exhaust_kind kind, size_t size, gfp_t gfp)
{
	switch (kind) {
	case EXHAUST_GENERAL:
	case EXHAUST_HEAP:
		return kmalloc(size, gfp);
	case EXHAUST_ZEROED:
		return kzalloc(size, gfp);
	case EXHAUST_NODE:
		return kmalloc_node(size, gfp, numa_mem_id());
	case EXHAUST_LOW:
		return kmalloc(size, gfp | GFP_DMA);
	case EXHAUST_MINIMUM:
	case EXHAUST_RESERVE:
		return mempool_alloc(pools[kind], gfp);
	default:
		return kmem_cache_alloc(kmem[kind], gfp);
	}
}

static void slub_back(enum exhaust_kind kind, void *mem)
{
	if (kind >= EXHAUST_MINIMUM)
		mempool_free(mem, pools[kind]);
	else if (kind >= EXHAUST_PLAIN)
		kmem_cache_free(kmem[kind], mem);
	else if (kind == EXHAUST_ZEROED)
		kfree_sensitive(mem);
	else
		kfree(mem);
}

static void slub_later(enum exhaust_kind kind, void *mem, bool wait)
{
	struct dying *dying = mem;

	/* Nobody could wait for those before a cache is destroyed. */
	if (kind >= EXHAUST_PLAIN && LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0))
		slub_back(kind, mem);
	else if (wait)
		kfree_rcu_mightsleep(dying);
	else
		kfree_rcu(dying, rcu);
}

static void *slub_resize(void *mem, size_t size, gfp_t gfp)
{
	return krealloc(mem, size, gfp);
}

static void slub_several_back(enum exhaust_kind kind, void **objs)
{
	if (kind < EXHAUST_PLAIN)
		kfree_bulk(EXHAUST_BULK, objs);
	else
		kmem_cache_free_bulk(kmem[kind], EXHAUST_BULK, objs);
}

static bool slub_several(enum exhaust_kind kind, size_t size, gfp_t gfp, void **objs)
{
	int i;

	/* Not with interrupts off, says the kernel, and before 6.3 they came back on. */
	if (kind >= EXHAUST_PLAIN && !irqs_disabled())
		return kmem_cache_alloc_bulk(kmem[kind], gfp, EXHAUST_BULK, objs);
	for (i = 0; i < EXHAUST_BULK; i++) {
		objs[i] = slub_one(kind, size, gfp);
		if (objs[i])
			continue;
		while (i--)
			slub_back(kind, objs[i]);
		return false;
	}
	return true;
}

static void slub_service(unsigned int random, gfp_t gfp)
{
	struct kmem_cache *cache;
	void *obj;

	if (random % 2) {
		kmem_cache_shrink(kmem[EXHAUST_PLAIN + random / 2 % 7]);
		return;
	}
	cache = kmem_cache_create("exhaust-brief", EXHAUST_OBJECT_SIZE, 0, SLAB_NO_MERGE, NULL);
	if (!cache)
		return;
	obj = kmem_cache_alloc(cache, gfp);
	if (obj)
		kmem_cache_free(cache, obj);
	kmem_cache_destroy(cache);
}

const struct exhaust_side exhaust_slub = {
	.name = "slub", .open = slub_open, .close = slub_close, .alloc = slub_one,
	.free = slub_back, .free_rcu = slub_later, .realloc = slub_resize,
	.alloc_bulk = slub_several, .free_bulk = slub_several_back, .service = slub_service,
};
