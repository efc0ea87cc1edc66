// SPDX-License-Identifier: GPL-2.0
/*
 * The middle tier: transfer caches over central free lists
 *
 * One central per cache and node.  A batch from a per-CPU array goes onto the
 * transfer cache's stack as it is, and the next CPU that runs dry takes it from
 * there: producers and consumers on different CPUs never touch a span.  Only
 * what does not fit is sorted back into spans (central_lists.c).
 *
 * This file and park.c call each other: a free that may not wait for the lock is parked,
 * and what was parked is freed once it may.
 *
 * Lock: central->lock, raw, interrupts off.  Sections are bounded by one batch
 * (TCSLAB_MAX_BATCH, at O(1) each).  Nothing is allocated, freed or
 * printed under it; empty spans are collected and handed to the page heap, a few
 * at a time, bad pointers noted and reported, after it is dropped.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "base/lock.h"
#include "base/trace.h"
#include "central.h"
#include "central_lists.h"
#include "mistakes.h"
#include "park.h"

#define TRANSFER_BATCHES	8	/* on the stack, but no more than */
#define TRANSFER_BYTES		SZ_16K	/* so much; if that is fewer than */
#define LEAST_TRANSFER		2	/* objects, there is no stack */
/*
 * Empty spans that a free gives back, and pages in them, which bounds what it takes.  A batch is
 * eight objects or fewer where they are large, so that is what it empties at most in the long run;
 * those left wait for the next one, an alloc that has nothing else, or the scavenger.
 */
#define RELEASE_PAGES		64
#define RELEASE_SPANS		8
#define KEPT_SPANS		16	/* empty ones of a cache with debug=, the latest */

static void report_bad_free(struct tcslab_cache *cache, const struct tcslab_bad_pointer *bad,
			    unsigned long caller)
{
	if (unlikely(bad->why))
		tcslab_mistake_report(cache, bad->obj, bad->why, caller);
}

/* ------------------------------------------------------ moving objects */

unsigned int tcslab_central_alloc(struct tcslab_cache *cache, int node, void **objs,
				  unsigned int n)
{
	struct tcslab_central *central = &cache->central[node];
	unsigned int got;
	unsigned long flags;

	if (!tcslab_may_lock_irqsave(&central->lock, flags))
		return 0;
	got = min(n, central->nr_transfer);
	central->nr_transfer -= got;
	central->low_transfer = min_t(unsigned int, central->low_transfer, central->nr_transfer);
	tcslab_copy_objs(objs, central->transfer + central->nr_transfer, got);
	if (got < n)
		got += tcslab_lists_take(central, cache, objs + got, n - got);
	tcslab_unlock_irqrestore(&central->lock, flags);
	if (got)
		trace_refill(cache->name, node, got);
	return got;
}

/* One that comes alone may have been freed the last time, too: its array has no room. */
static bool is_latest(const struct tcslab_central *central, const void *obj)
{
	lockdep_assert_held(&central->lock);
	return central->nr_transfer && central->transfer[central->nr_transfer - 1] == obj;
}

void tcslab_central_free(struct tcslab_cache *cache, int node, void **objs, unsigned int n,
			 unsigned long caller)
{
	struct tcslab_central *central = &cache->central[node];
	struct tcslab_bad_pointer bad = { TCSLAB_RIGHT };
	unsigned long flags;
	HLIST_HEAD(empty);
	unsigned int i;

	if (unlikely(tcslab_must_not_wait())) {
		for (i = 0; i < n; i++)
			tcslab_park(cache, objs[i]);
		return;
	}
	trace_flush(cache->name, node, n);
	tcslab_lock_irqsave(&central->lock, flags);
	if (n == 1 && unlikely(is_latest(central, *objs))) {
		bad = (struct tcslab_bad_pointer){ TCSLAB_TWICE, *objs };
		n = 0;
	}
	i = min(n, central->transfer_max - central->nr_transfer);
	n -= i;
	tcslab_copy_objs(central->transfer + central->nr_transfer, objs + n, i);
	central->nr_transfer += i;
	if (n)
		tcslab_lists_put(central, cache, objs, n, &bad);
	/* Who waits at a limit waits for spans: all that this batch has emptied. */
	if (unlikely(cache->limit_pages))
		tcslab_lists_take_empty(central, &empty, 0, cache->batch, UINT_MAX);
	else
		tcslab_lists_take_empty(central, &empty, cache->debug ? KEPT_SPANS : 0,
					RELEASE_SPANS, RELEASE_PAGES);
	tcslab_unlock_irqrestore(&central->lock, flags);

	tcslab_central_release(cache, &empty);
	tcslab_central_came_back(cache);
	report_bad_free(cache, &bad, caller);
}

/* Give all empty spans back. */
static void drain_empty(struct tcslab_cache *cache, int node)
{
	struct tcslab_central *central = &cache->central[node];
	unsigned long flags;
	unsigned int n;

	do {
		HLIST_HEAD(empty);

		tcslab_lock_irqsave(&central->lock, flags);
		n = tcslab_lists_take_empty(central, &empty, 0, RELEASE_SPANS, RELEASE_PAGES);
		tcslab_unlock_irqrestore(&central->lock, flags);
		tcslab_central_release(cache, &empty);
	} while (n);
}

/*
 * Sort up to @n objects of the stack, one batch at most, into the spans, and give back
 * those that are empty then, so that few ever wait.
 */
static unsigned int drain_batch(struct tcslab_cache *cache, int node, unsigned int n)
{
	struct tcslab_central *central = &cache->central[node];
	struct tcslab_bad_pointer bad = { TCSLAB_RIGHT };
	unsigned long flags;

	tcslab_lock_irqsave(&central->lock, flags);
	n = min3(n, central->nr_transfer, cache->batch);
	central->nr_transfer -= n;
	central->low_transfer = min_t(unsigned int, central->low_transfer, central->nr_transfer);
	tcslab_lists_put(central, cache, central->transfer + central->nr_transfer, n, &bad);
	tcslab_unlock_irqrestore(&central->lock, flags);
	drain_empty(cache, node);
	report_bad_free(cache, &bad, 0);
	return n;
}

/* Most caches have none: no lock for those. */
static bool has_some_cached(const struct tcslab_central *central)
{
	/* What comes while we look is in use, not idle. */
	return data_race(central->nr_transfer) || !hlist_empty(&central->empty);
}

bool tcslab_central_drain_node(struct tcslab_cache *cache, int node)
{
	bool some = has_some_cached(&cache->central[node]);

	while (has_some_cached(&cache->central[node]) && drain_batch(cache, node, UINT_MAX))
		;
	return some;
}

void tcslab_central_drain(struct tcslab_cache *cache)
{
	int node;

	for (node = 0; node < nr_node_ids; node++)
		tcslab_central_drain_node(cache, node);
}

void tcslab_central_scavenge(struct tcslab_cache *cache)
{
	struct tcslab_central *central;
	unsigned int low, n;
	unsigned long flags;
	int node;

	for (node = 0; node < nr_node_ids; node++) {
		central = &cache->central[node];
		/* What is written to after a free is to be found when it is used again. */
		if (!has_some_cached(central) || cache->debug)
			continue;
		tcslab_lock_irqsave(&central->lock, flags);
		low = central->low_transfer;
		central->low_transfer = central->nr_transfer;
		tcslab_unlock_irqrestore(&central->lock, flags);
		while (low && (n = drain_batch(cache, node, low)))
			low -= n;
		drain_empty(cache, node);
	}
}

/* ---------------------------------------------------------------- set-up */

/* Room for the stack of one node, if it has none. */
static int make_transfer(struct tcslab_cache *cache, int node, gfp_t gfp)
{
	struct tcslab_central *central = &cache->central[node];
	unsigned int max = min_t(unsigned int, TRANSFER_BYTES / cache->size,
				 cache->batch * TRANSFER_BATCHES);
	unsigned long flags;
	void **transfer;

	/*
	 * A cache whose arrays take nothing verifies every free: no stack either.  And
	 * one for large objects would keep many pages back for little work saved.
	 */
	if (!cache->max_capacity || max < LEAST_TRANSFER || central->transfer)
		return 0;
	transfer = kmalloc_array_node(max, sizeof(void *), gfp, node);
	if (!transfer)
		return -ENOMEM;
	tcslab_lock_irqsave(&central->lock, flags);
	central->transfer = transfer;
	central->transfer_max = max;
	tcslab_unlock_irqrestore(&central->lock, flags);
	return 0;
}

void tcslab_central_add_node(struct tcslab_cache *cache, int node, gfp_t gfp)
{
	/* Without it each batch is sorted into the spans. */
	make_transfer(cache, node, gfp);
}

int tcslab_central_init(struct tcslab_cache *cache, gfp_t gfp)
{
	int node, list;

	cache->central = kvcalloc(nr_node_ids, sizeof(*cache->central), gfp);
	if (!cache->central)
		return -ENOMEM;
	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];

		raw_spin_lock_init(&central->lock);
		for (list = 0; list < TCSLAB_OCCUPANCY_LISTS; list++)
			INIT_HLIST_HEAD(&central->spans[list]);
		if (node_online(node) && make_transfer(cache, node, gfp)) {
			tcslab_central_exit(cache);
			return -ENOMEM;
		}
	}
	return 0;
}

void tcslab_central_exit(struct tcslab_cache *cache)
{
	int node;

	for (node = 0; node < nr_node_ids; node++)
		kfree(cache->central[node].transfer);
	kvfree(cache->central);
	cache->central = NULL;
}
