// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps: size classes of one owner
 *
 * A class is a cache of its own, made when first used, as the general ones of the low zones
 * are (low_zone.c): who asks as hard as GFP_KERNEL makes it, for others a worker does, and until
 * it has done so each of their objects has pages of its own, as a large one.  All of them, and the
 * large objects, count for one quota.
 *
 * Who may touch what: a pointer in @classes is written once, under the mutex, and read by
 * anybody; @wanted is written by anybody, with atomic operations; the list is the mutex's, but for
 * what comes in, from any context: that waits on a list without a lock until somebody takes the
 * mutex.  Between the last free and tcslab_heap_destroy() nobody uses the heap: that is its
 * owner's to see to.
 *
 * The named caches of a module with a heap (slab/slab_heap.c) count for the same quota.  They are
 * ended by who made them; the heap's end comes after that.
 */
#include <linux/bitmap.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "back/nodes.h"
#include "base/charge.h"
#include "base/lock.h"
#include "base/report.h"
#include "base/soon.h"
#include "debug/guard.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "middle/park.h"
#include "cache.h"
#include "free.h"
#include "heap.h"
#include "large.h"
#include "leaks.h"
#include "list.h"
#include "rcu.h"
#include "size_class.h"
#include "totals.h"

static DEFINE_MUTEX(heap_mutex);	/* for what the head says */
static LLIST_HEAD(new_heaps);
LIST_HEAD(tcslab_heap_list);

#define BATCH	32	/* objects freed at once when all are */

/* The cache of a class from @class on that was made, or NULL. */
static struct tcslab_cache *next_made(struct tcslab_heap *heap, unsigned int *class)
{
	struct tcslab_cache *cache;

	while (*class < TCSLAB_NR_CLASSES) {
		cache = heap->classes[(*class)++];
		if (cache != tcslab_large_cache)
			return cache;
	}
	return NULL;
}

struct tcslab_heap *tcslab_heap_of(const void *obj)
{
	struct tcslab_cache *cache = tcslab_owner_of(obj);
	struct tcslab_quota *quota = NULL;
	struct tcslab_heap *heap;

	if (cache == tcslab_large_cache && tcslab_large_span(obj))
		quota = tcslab_large_span(obj)->quota;
	else if (cache)
		quota = cache->quota;
	if (!quota)
		return NULL;
	heap = container_of(quota, struct tcslab_heap, quota);
	return READ_ONCE(heap->left) ? NULL : heap;
}

void tcslab_heap_lock(void)
{
	struct tcslab_heap *heap, *next;

	mutex_lock(&heap_mutex);
	llist_for_each_entry_safe(heap, next, llist_reverse_order(llist_del_all(&new_heaps)), new)
		list_add_tail(&heap->list, &tcslab_heap_list);
}

void tcslab_heap_unlock(void)
{
	mutex_unlock(&heap_mutex);
}

void tcslab_heap_add(struct tcslab_heap *heap)
{
	llist_add(&heap->new, &new_heaps);
}

/* -------------------------------------------------------------------- classes */

static struct tcslab_cache *make(struct tcslab_heap *heap, unsigned int class, gfp_t gfp)
{
	struct tcslab_cache *cache;

	lockdep_assert_held(&heap_mutex);
	cache = heap->classes[class];
	if (cache != tcslab_large_cache)
		return cache;
	cache = tcslab_cache_make_owned(heap->name, class, &heap->quota, gfp);
	if (!cache)
		return NULL;
	/* All of it, for who reads the pointer. */
	smp_store_release(&heap->classes[class], cache);
	return cache;
}

/* Objects are to be had without: nobody is killed for it, nor told that there was no memory. */
static void make_wanted(struct work_struct *work)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	struct tcslab_heap *heap;
	unsigned int class;

	tcslab_heap_lock();
	list_for_each_entry(heap, &tcslab_heap_list, list)
		for_each_set_bit(class, heap->wanted, TCSLAB_NR_CLASSES)
			if (test_and_clear_bit(class, heap->wanted))
				make(heap, class, gfp);
	tcslab_heap_unlock();
}

static DEFINE_TCSLAB_SOON(make_soon, make_wanted);

/* NULL while there is none. */
static struct tcslab_cache *class_of(struct tcslab_heap *heap, unsigned int class, gfp_t gfp)
{
	struct tcslab_cache *cache = smp_load_acquire(&heap->classes[class]);	/* see make() */

	if (likely(cache != tcslab_large_cache))
		return cache;
	if (!tcslab_cache_may_make(gfp)) {
		set_bit(class, heap->wanted);
		tcslab_soon(&make_soon);
		return NULL;
	}
	tcslab_heap_lock();
	cache = make(heap, class, GFP_KERNEL);
	tcslab_heap_unlock();
	return cache;
}

/**
 * tcslab_heap_alloc_node() - allocate memory from a heap, on a given node
 * @heap: the heap
 * @size: bytes; 0 gives ZERO_SIZE_PTR
 * @gfp: as for tcslab_heap_alloc(); with __GFP_THISNODE no other node will do
 * @node: node id, or NUMA_NO_NODE for the local one
 *
 * Context: as tcslab_heap_alloc().
 * Return: as tcslab_heap_alloc(); NULL also when @node is not online.
 */
void *tcslab_heap_alloc_node(struct tcslab_heap *heap, size_t size, gfp_t gfp, int node)
{
	struct tcslab_cache *cache = NULL;
	unsigned int class;

	if (unlikely(!size))
		return ZERO_SIZE_PTR;
	if (tcslab_complain(gfp & GFP_ZONEMASK, "tcslab: a heap has no zones, gfp %#x\n",
			    (__force unsigned int)gfp))
		return NULL;
	if (node != NUMA_NO_NODE && !tcslab_node_is_served(node, gfp))
		return NULL;
	might_alloc(gfp);
	class = tcslab_size_class(size);
	if (class)
		cache = class_of(heap, class, gfp);
	if (!cache)
		return tcslab_large_alloc(size, gfp, node, &heap->quota);
	return tcslab_cache_alloc_size(cache, size, gfp, node, _RET_IP_);
}
EXPORT_SYMBOL_GPL(tcslab_heap_alloc_node);

/* ----------------------------------------------------------------- statistics */

void tcslab_heap_stats_locked(struct tcslab_heap *heap, struct tcslab_heap_stats *stats)
{
	struct tcslab_quota *quota = &heap->quota;
	struct tcslab_cache *cache;
	unsigned int class = 1;

	lockdep_assert_held(&heap_mutex);
	/* Of a moment each, as all statistics are. */
	*stats = (struct tcslab_heap_stats){
		.large_objects = READ_ONCE(quota->nr_large),
		.in_use_bytes = READ_ONCE(quota->large_pages) << PAGE_SHIFT,
		.held_bytes = atomic_long_read(&quota->pages) << PAGE_SHIFT,
		.peak_held_bytes = atomic_long_read(&quota->peak_pages) << PAGE_SHIFT,
		.limit_bytes = quota->limit_pages << PAGE_SHIFT,
		.limit_refusals = atomic_long_read(&quota->refusals),
		.limit_overruns = atomic_long_read(&quota->overruns),
		.no_memory = atomic_long_read(&quota->no_memory),
		.elsewhere = atomic_long_read(&heap->elsewhere),
	};
	stats->objects = stats->large_objects;
	while (next_made(heap, &class))
		stats->classes++;
	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		struct tcslab_cache_stats of;

		if (cache->quota != quota)
			continue;
		tcslab_cache_stats_locked(cache, &of);
		stats->caches++;
		stats->objects += of.in_use;
		stats->in_use_bytes += of.in_use * cache->size;
		stats->limit_refusals += of.limit_refusals;
		stats->no_memory += of.no_memory;
	}
	mutex_unlock(&tcslab_cache_mutex);
	stats->caches -= stats->classes;
}

/**
 * tcslab_heap_stats() - what a heap holds
 * @heap: the heap
 * @stats: filled in
 *
 * Nothing is counted for this on the fast path.
 *
 * Context: task, may sleep.
 */
void tcslab_heap_stats(struct tcslab_heap *heap, struct tcslab_heap_stats *stats)
{
	tcslab_heap_lock();
	tcslab_heap_stats_locked(heap, stats);
	tcslab_heap_unlock();
}
EXPORT_SYMBOL_GPL(tcslab_heap_stats);

void tcslab_heap_reset_peaks(void)
{
	struct tcslab_heap *heap;

	tcslab_heap_lock();
	list_for_each_entry(heap, &tcslab_heap_list, list)
		tcslab_reset_peak(&heap->quota.peak_pages, &heap->quota.pages);
	tcslab_heap_unlock();
}

/* ------------------------------------------------------- creating, destroying */

struct tcslab_heap tcslab_no_heap;
EXPORT_SYMBOL_GPL(tcslab_no_heap);

static void close_classes(struct tcslab_heap *heap)
{
	unsigned int class;

	for (class = 0; class < TCSLAB_NR_CLASSES; class++)
		heap->classes[class] = tcslab_large_cache;
}

int __init tcslab_heap_init(void)
{
	close_classes(&tcslab_no_heap);
	return 0;
}

struct tcslab_heap *tcslab_heap_make(const char *name, gfp_t gfp)
{
	struct tcslab_heap *heap;

	if (tcslab_must_not_wait() || !tcslab_may_call_kernel(gfp))
		return NULL;
	heap = kzalloc(sizeof(*heap), gfp);
	if (!heap)
		return NULL;
	strscpy(heap->name, name, sizeof(heap->name));
	close_classes(heap);
	raw_spin_lock_init(&heap->quota.lock);
	return heap;
}

/**
 * tcslab_heap_create() - create a heap
 * @name: shown in statistics and reports; copied, cut after 55 characters;
 *	need not be unique
 * @args: see struct tcslab_heap_args; NULL for the defaults
 *
 * Context: task, may sleep.
 * Return: the heap, ERR_PTR(-EINVAL) for arguments that make no heap, or ERR_PTR(-ENOMEM).
 */
struct tcslab_heap *tcslab_heap_create(const char *name, const struct tcslab_heap_args *args)
{
	struct tcslab_heap *heap;

	if (!name || (args && args->flags & ~TCSLAB_HEAP_FLAGS))
		return ERR_PTR(-EINVAL);
	heap = tcslab_heap_make(name, GFP_KERNEL);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	if (args) {
		heap->flags = args->flags;
		heap->quota.limit_pages = DIV_ROUND_UP(args->limit_bytes, PAGE_SIZE);
	}
	tcslab_heap_add(heap);
	return heap;
}
EXPORT_SYMBOL_GPL(tcslab_heap_create);

/*
 * What is in use; true if it has to be gone on with.  It must not lie in an array, for that would
 * have it twice.  For a guarded object another one stands in, which its free puts into one.
 */
static bool free_live(struct tcslab_cache *cache)
{
	void *objs[BATCH];
	unsigned int n;

	if (!tcslab_cache_empty(cache) || tcslab_cpu_cache_left(cache))
		return false;
	while ((n = tcslab_central_live(cache, objs, BATCH))) {
		while (n--) {
			const void *instead = tcslab_guard_instead_of(objs[n]);

			if (instead != objs[n]) {
				tcslab_free(instead);
				return true;
			}
			/* With debug= there are no arrays to avoid, and a free is noted. */
			if (cache->debug) {
				tcslab_free(objs[n]);
				continue;
			}
			tcslab_obj_fini(cache, objs[n]);
			tcslab_cache_free_central(cache, objs[n]);
		}
		tcslab_central_drain(cache);	/* until then they are in use to the spans */
		cond_resched();
	}
	return false;
}

static void free_all(struct tcslab_heap *heap)
{
	struct tcslab_cache *cache;
	unsigned int class = 1;
	void *obj;

	while ((cache = next_made(heap, &class)))
		while (free_live(cache))
			;
	while ((obj = tcslab_large_of(&heap->quota)))
		tcslab_free(obj);
}

static void tell_caches(struct tcslab_heap *heap)
{
	struct tcslab_cache *cache;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache)
		if (cache->quota == &heap->quota)
			pr_err("tcslab: cache %s was not destroyed\n", cache->name);
	mutex_unlock(&tcslab_cache_mutex);
}

/* One report for all classes. */
static void tell(struct tcslab_heap *heap, const struct tcslab_heap_stats *stats)
{
	unsigned int class = 1, left = TCSLAB_LEAKS_SHOWN;
	struct tcslab_cache *cache;

	/* kmalloc() says nothing at all, so no machine is to stop for it. */
	if (heap->owner)
		pr_err("tcslab: module %s is gone: %lu objects, %lu bytes are in use\n",
		       heap->name, stats->objects, stats->in_use_bytes);
	else
		WARN(1, "tcslab: heap %s: %lu objects, %lu bytes in use, not destroyed\n",
		     heap->name, stats->objects, stats->in_use_bytes);
	while ((cache = next_made(heap, &class)))
		left -= tcslab_report_objects(cache, left);
	if (stats->large_objects)
		pr_err("tcslab: heap %s: %lu of them are large, one is %p\n", heap->name,
		       stats->large_objects, tcslab_large_of(&heap->quota));
	if (stats->caches)
		tell_caches(heap);
}

/* A heap that nobody finds; -EBUSY puts it back on that of all.  With @loud that is reported. */
static int end(struct tcslab_heap *heap, bool loud)
{
	struct tcslab_heap_stats stats;
	struct tcslab_cache *cache;
	unsigned int class = 1;
	int err = 0;

	if (heap->flags & TCSLAB_HEAP_FREE_ALL)
		free_all(heap);
	tcslab_heap_stats(heap, &stats);
	if (stats.objects || stats.caches) {
		if (loud)
			tell(heap, &stats);
		err = -EBUSY;
	}
	while (!err && (cache = next_made(heap, &class))) {
		err = tcslab_cache_destroy(cache);
		if (!err)
			heap->classes[class - 1] = tcslab_large_cache;
	}
	if (!err) {
		kfree(heap);
		return 0;
	}
	tcslab_heap_lock();
	list_add_tail(&heap->list, &tcslab_heap_list);
	tcslab_heap_unlock();
	return err;
}

/**
 * tcslab_heap_destroy() - destroy a heap
 * @heap: the heap, or NULL
 *
 * While objects are in use it refuses, with one report that has their number and the first of
 * their addresses, and the heap remains as it was; with TCSLAB_HEAP_FREE_ALL it frees them.
 * Waits for tcslab_free_rcu().
 *
 * Context: task, may sleep.
 * Return: 0, or -EBUSY when objects are in use.
 */
int tcslab_heap_destroy(struct tcslab_heap *heap)
{
	if (!heap)
		return 0;
	tcslab_rcu_barrier();
	tcslab_unpark();
	/*
	 * Nobody else finds it from here on.  Not under the mutex: caches end with CPUs kept from
	 * going, and whose callback for one that goes makes a class of another heap waits for it.
	 */
	tcslab_heap_lock();
	list_del(&heap->list);
	tcslab_heap_unlock();
	return end(heap, true);
}
EXPORT_SYMBOL_GPL(tcslab_heap_destroy);

static void end_all(struct list_head *heaps, bool loud)
{
	struct tcslab_heap *heap, *next;

	list_for_each_entry_safe(heap, next, heaps, list) {
		list_del(&heap->list);
		end(heap, loud);
	}
}

void tcslab_heap_owner_goes(const struct module *owner)
{
	struct tcslab_heap *heap, *next;
	LIST_HEAD(going);
	LIST_HEAD(left);

	tcslab_heap_lock();
	list_for_each_entry_safe(heap, next, &tcslab_heap_list, list) {
		if (heap->left) {
			list_move_tail(&heap->list, &left);
		} else if (heap->owner == owner) {
			WRITE_ONCE(heap->left, true);
			list_move_tail(&heap->list, &going);
		}
	}
	tcslab_heap_unlock();
	if (list_empty(&going) && list_empty(&left))
		return;
	tcslab_rcu_barrier();
	tcslab_unpark();
	end_all(&going, true);
	end_all(&left, false);
}

void tcslab_heap_stop(void)
{
	tcslab_soon_cancel(&make_soon);
}

void tcslab_heap_exit(void)
{
	struct tcslab_heap *heap, *next;

	tcslab_heap_lock();
	/* What was left in use was reported with the caches. */
	list_for_each_entry_safe(heap, next, &tcslab_heap_list, list) {
		list_del(&heap->list);
		kfree(heap);
	}
	tcslab_heap_unlock();
}
