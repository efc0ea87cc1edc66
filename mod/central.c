// SPDX-License-Identifier: GPL-2.0
/*
 * The middle tier: transfer caches over central free lists
 *
 * One central per cache and node.  A batch from a per-CPU array goes onto the
 * transfer cache's stack as it is, and the next CPU that runs dry takes it from
 * there: producers and consumers on different CPUs never touch a span.  Only
 * what does not fit is sorted back into spans.  Spans with free objects are in lists by
 * ilog2(free objects); objects are handed out from those with the fewest, so
 * that sparse spans drain and go back (TCMalloc's span prioritisation).
 *
 * Lock: central->lock, raw, interrupts off.  Sections are bounded by one batch
 * (up to TCSLAB_MAX_BATCH objects at O(1) each).  Nothing is allocated, freed or
 * printed under it; empty spans are collected and handed to the page heap, bad
 * pointers noted and reported, after it is dropped.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "cache.h"
#include "central.h"
#include "nested.h"
#include "page_heap.h"

#define TRANSFER_BATCHES	8	/* on the stack, but no more than */
#define TRANSFER_BYTES		SZ_16K	/* so much, and one batch at least */
#define LEAKS_SHOWN		8

/**
 * struct tcslab_central - the objects of one cache on one node
 * @lock: guards everything here and the SMALL spans of this cache and node
 * @nr_transfer: objects on the stack
 * @transfer_max: its size, constant
 * @transfer: the stack of free objects, the latest last
 * @nonempty: bit b set: @partial[b] has spans
 * @nr_spans: spans held, in @partial and @full
 * @nr_free: free objects in them, those on the stack not counted
 * @partial: spans by ilog2(free objects)
 * @full: spans without a free object
 */
struct tcslab_central {
	raw_spinlock_t lock;
	unsigned int nr_transfer;
	unsigned int transfer_max;
	void **transfer;
	unsigned long nonempty;
	unsigned long nr_spans;
	unsigned long nr_free;
	struct list_head partial[TCSLAB_OCCUPANCY_LISTS];
	struct list_head full;
} ____cacheline_aligned_in_smp;

/* Why a pointer was refused; the first of a batch is reported. */
enum bad_free {
	BAD_NONE,
	BAD_FOREIGN,
	BAD_INTERIOR,
	BAD_DOUBLE,
};

struct bad_pointer {
	enum bad_free why;
	void *obj;
};

/* ------------------------------------------------------- objects of a span */

static void requeue(struct tcslab_central *central, struct tcslab_span *span,
		    unsigned int was_free)
{
	unsigned int from = was_free ? ilog2(was_free) : TCSLAB_OCCUPANCY_LISTS;
	unsigned int to = span->nfree ? ilog2(span->nfree) : TCSLAB_OCCUPANCY_LISTS;

	lockdep_assert_held(&central->lock);
	if (from == to)
		return;
	if (to == TCSLAB_OCCUPANCY_LISTS) {
		list_move(&span->list, &central->full);
	} else {
		list_move(&span->list, &central->partial[to]);
		__set_bit(to, &central->nonempty);
	}
	if (from != TCSLAB_OCCUPANCY_LISTS && list_empty(&central->partial[from]))
		__clear_bit(from, &central->nonempty);
}

/* Take up to @n objects of a span that has some, lowest address first. */
static unsigned int span_alloc(struct tcslab_central *central, struct tcslab_cache *cache,
			       struct tcslab_span *span, void **objs, unsigned int n)
{
	unsigned int was_free = span->nfree, got = 0, word = span->hint;
	void *base = tcslab_span_base(span);

	lockdep_assert_held(&central->lock);
	n = min(n, was_free);
	while (got < n) {
		unsigned long bits = span->free_bits[word];

		while (bits && got < n) {
			objs[got++] = base + (size_t)cache->size *
				      (word * BITS_PER_LONG + __ffs(bits));
			bits &= bits - 1;
		}
		span->free_bits[word] = bits;
		if (!bits)
			word++;
	}
	span->hint = word;
	span->nfree -= got;
	central->nr_free -= got;
	requeue(central, span, was_free);
	return got;
}

static struct tcslab_span *span_of(struct tcslab_cache *cache, const void *obj)
{
	return tcslab_cache_of(obj) == cache ? tcslab_page_span(virt_to_page(obj)) : NULL;
}

/*
 * Free the first object and those right after it that are of the same span: the
 * span is found, counted and moved once for all of them.  Returns how many
 * pointers are done with, at least one; the last bad one goes to *@bad.
 */
static unsigned int span_free(struct tcslab_central *central, struct tcslab_cache *cache,
			      void **objs, unsigned int n, struct list_head *empty,
			      struct bad_pointer *bad)
{
	struct tcslab_span *span = span_of(cache, objs[0]);
	unsigned int was_free, hint, index, i;
	unsigned long offset, bytes;
	void *base;

	lockdep_assert_held(&central->lock);
	if (!span || span->cache != cache) {
		*bad = (struct bad_pointer){ BAD_FOREIGN, objs[0] };
		return 1;
	}
	base = tcslab_span_base(span);
	bytes = (unsigned long)span->npages << PAGE_SHIFT;
	was_free = span->nfree;
	hint = span->hint;
	for (i = 0; i < n; i++) {
		offset = objs[i] - base;
		if (offset >= bytes)
			break;
		index = tcslab_span_index(cache, offset);
		if ((unsigned long)index * cache->size != offset || index >= span->nobjs) {
			*bad = (struct bad_pointer){ BAD_INTERIOR, objs[i] };
		} else if (__test_and_set_bit(index, span->free_bits)) {
			*bad = (struct bad_pointer){ BAD_DOUBLE, objs[i] };
		} else {
			hint = min(hint, index / BITS_PER_LONG);
			span->nfree++;
		}
	}
	if (span->nfree == was_free)
		return i;
	span->hint = hint;
	central->nr_free += span->nfree - was_free;
	requeue(central, span, was_free);
	if (span->nfree == span->nobjs) {
		unsigned int list = ilog2(span->nfree);

		list_move(&span->list, empty);
		if (list_empty(&central->partial[list]))
			__clear_bit(list, &central->nonempty);
		central->nr_spans--;
		central->nr_free -= span->nobjs;
	}
	return i;
}

static void report_bad_free(struct tcslab_cache *cache, const struct bad_pointer *bad)
{
	void *obj = bad->obj;

	switch (bad->why) {
	case BAD_FOREIGN:
		WARN_ONCE(1, "tcslab: free of %p, which is no object of cache %s; leaked\n",
			  obj, cache->name);
		break;
	case BAD_INTERIOR:
		WARN_ONCE(1, "tcslab: free of %p, which points into an object of cache %s; leaked\n",
			  obj, cache->name);
		break;
	case BAD_DOUBLE:
		WARN_ONCE(1, "tcslab: free of %p of cache %s, which is free already\n",
			  obj, cache->name);
		break;
	case BAD_NONE:
		break;
	}
}

/* ------------------------------------------------------------ whole spans */

static void release_span(struct tcslab_cache *cache, struct tcslab_span *span)
{
	atomic_long_sub(span->npages, &cache->span_pages_held);
	tcslab_page_heap_free(span);
}

static void release_span_rcu(struct rcu_head *rcu)
{
	struct tcslab_span *span = container_of(rcu, struct tcslab_span, rcu);

	release_span(span->cache, span);
}

static void release_spans(struct tcslab_cache *cache, struct list_head *empty)
{
	struct tcslab_span *span, *next;

	list_for_each_entry_safe(span, next, empty, list) {
		/* Somebody may be reading one of its objects. */
		if (!(cache->flags & TCSLAB_TYPESAFE_BY_RCU))
			release_span(cache, span);
		else if (irqs_disabled())
			tcslab_park_rcu(&span->rcu, release_span_rcu);
		else
			call_rcu(&span->rcu, release_span_rcu);
	}
}

static void cut_span(struct tcslab_cache *cache, struct tcslab_span *span)
{
	unsigned int i;

	span->nobjs = cache->span_objs;
	span->nfree = span->nobjs;
	span->hint = 0;
	bitmap_zero(span->free_bits, span->nobjs);
	bitmap_set(span->free_bits, 0, span->nobjs);
	if (cache->ctor)
		for (i = 0; i < span->nobjs; i++)
			cache->ctor(tcslab_span_base(span) + (size_t)i * cache->size);
}

static bool charge(struct tcslab_cache *cache)
{
	long held = atomic_long_add_return(cache->span_pages, &cache->span_pages_held);

	if (!cache->limit_pages || held <= cache->limit_pages)
		return true;
	atomic_long_sub(cache->span_pages, &cache->span_pages_held);
	atomic_long_inc(&cache->limit_refusals);
	return false;
}

void *tcslab_central_grow(struct tcslab_cache *cache, int node, gfp_t gfp)
{
	struct tcslab_central *central;
	struct tcslab_span *span;
	unsigned long flags;
	void *obj;

	if (!charge(cache))
		return ERR_PTR(-EDQUOT);
	span = tcslab_page_heap_alloc(cache, cache->zone, TCSLAB_SPAN_SMALL,
				      cache->span_pages, cache->span_align, gfp, node);
	if (!span) {
		atomic_long_sub(cache->span_pages, &cache->span_pages_held);
		return ERR_PTR(-ENOMEM);
	}
	cut_span(cache, span);
	central = &cache->central[tcslab_span_node(span)];
	tcslab_lock_irqsave(&central->lock, flags);
	list_add(&span->list, &central->full);
	central->nr_spans++;
	central->nr_free += span->nfree;
	requeue(central, span, 0);
	/* The caller's: a span that nobody takes from is one that no free gives back. */
	span_alloc(central, cache, span, &obj, 1);
	tcslab_unlock_irqrestore(&central->lock, flags);
	return obj;
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
	tcslab_copy_objs(objs, central->transfer + central->nr_transfer, got);
	while (got < n && central->nonempty) {
		unsigned int list = __ffs(central->nonempty);
		struct tcslab_span *span = list_first_entry(&central->partial[list],
							    struct tcslab_span, list);

		got += span_alloc(central, cache, span, objs + got, n - got);
	}
	tcslab_unlock_irqrestore(&central->lock, flags);
	return got;
}

void tcslab_central_free(struct tcslab_cache *cache, int node, void **objs, unsigned int n)
{
	struct tcslab_central *central = &cache->central[node];
	struct bad_pointer bad = { BAD_NONE };
	unsigned long flags;
	LIST_HEAD(empty);
	unsigned int i;

	if (unlikely(tcslab_nested())) {
		for (i = 0; i < n; i++)
			tcslab_park(cache, objs[i]);
		return;
	}
	tcslab_lock_irqsave(&central->lock, flags);
	if (central->nr_transfer + n <= central->transfer_max) {
		tcslab_copy_objs(central->transfer + central->nr_transfer, objs, n);
		central->nr_transfer += n;
		n = 0;
	}
	for (i = 0; i < n;)
		i += span_free(central, cache, objs + i, n - i, &empty, &bad);
	tcslab_unlock_irqrestore(&central->lock, flags);

	release_spans(cache, &empty);
	report_bad_free(cache, &bad);
}

static void drain_node(struct tcslab_cache *cache, int node)
{
	struct tcslab_central *central = &cache->central[node];
	unsigned long flags;
	LIST_HEAD(empty);
	unsigned int i, n;

	do {
		struct bad_pointer bad = { BAD_NONE };

		tcslab_lock_irqsave(&central->lock, flags);
		n = min(central->nr_transfer, cache->batch);
		central->nr_transfer -= n;
		for (i = 0; i < n;)
			i += span_free(central, cache,
				       central->transfer + central->nr_transfer + i, n - i,
				       &empty, &bad);
		tcslab_unlock_irqrestore(&central->lock, flags);
		report_bad_free(cache, &bad);
	} while (n);
	release_spans(cache, &empty);
}

void tcslab_central_drain(struct tcslab_cache *cache)
{
	int node;

	for (node = 0; node < nr_node_ids; node++)
		drain_node(cache, node);
}

void *tcslab_object_around(void *inside)
{
	struct tcslab_cache *cache = tcslab_cache_of(inside);
	struct tcslab_span *span;
	unsigned int index;

	if (cache == tcslab_large_cache)
		return PTR_ALIGN_DOWN(inside, PAGE_SIZE);
	if (WARN_ONCE(!cache, "tcslab: %p is not ours; leaked\n", inside))
		return NULL;
	span = tcslab_page_span(virt_to_page(inside));
	index = tcslab_span_index(cache, inside - tcslab_span_base(span));
	return tcslab_span_base(span) + (size_t)index * cache->size;
}

bool tcslab_central_owns(struct tcslab_cache *cache, const void *obj)
{
	struct tcslab_span *span = span_of(cache, obj);
	unsigned long offset;

	if (!span)
		return false;
	offset = obj - tcslab_span_base(span);
	return (unsigned long)tcslab_span_index(cache, offset) * cache->size == offset &&
	       tcslab_span_index(cache, offset) < span->nobjs;
}

/* ------------------------------------------------------------- reporting */

/* Addresses of up to @max live objects of the spans of one list. */
static unsigned int live_objects(struct tcslab_cache *cache, struct list_head *spans,
				 void **objs, unsigned int max)
{
	struct tcslab_span *span;
	unsigned int n = 0, i;

	list_for_each_entry(span, spans, list) {
		for_each_clear_bit(i, span->free_bits, span->nobjs) {
			if (n == max)
				return n;
			objs[n++] = tcslab_span_base(span) + (size_t)i * cache->size;
		}
	}
	return n;
}

void tcslab_central_report_leaks(struct tcslab_cache *cache)
{
	void *objs[LEAKS_SHOWN];
	unsigned long flags;
	int node, list;

	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];
		unsigned int n, i;

		tcslab_lock_irqsave(&central->lock, flags);
		n = live_objects(cache, &central->full, objs, LEAKS_SHOWN);
		for (list = 0; list < TCSLAB_OCCUPANCY_LISTS; list++)
			n += live_objects(cache, &central->partial[list], objs + n,
					  LEAKS_SHOWN - n);
		tcslab_unlock_irqrestore(&central->lock, flags);
		for (i = 0; i < n; i++)
			pr_err("tcslab: cache %s: object %p is in use\n", cache->name, objs[i]);
	}
}

void tcslab_central_stats(struct tcslab_cache *cache, struct tcslab_cache_stats *stats)
{
	unsigned long flags;
	int node;

	stats->transfer_cached = 0;
	stats->central_free = 0;
	stats->spans = 0;
	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];

		tcslab_lock_irqsave(&central->lock, flags);
		stats->transfer_cached += central->nr_transfer;
		stats->central_free += central->nr_free;
		stats->spans += central->nr_spans;
		tcslab_unlock_irqrestore(&central->lock, flags);
	}
}

void tcslab_central_occupancy(struct tcslab_cache *cache,
			      unsigned long hist[TCSLAB_OCCUPANCY_STEPS])
{
	struct tcslab_span *span;
	unsigned long flags;
	int node, list;

	memset(hist, 0, TCSLAB_OCCUPANCY_STEPS * sizeof(*hist));
	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];

		tcslab_lock_irqsave(&central->lock, flags);
		list_for_each_entry(span, &central->full, list)
			hist[0]++;
		for (list = 0; list < TCSLAB_OCCUPANCY_LISTS; list++)
			list_for_each_entry(span, &central->partial[list], list)
				hist[DIV_ROUND_UP(span->nfree * 8, span->nobjs)]++;
		tcslab_unlock_irqrestore(&central->lock, flags);
	}
}

/* ---------------------------------------------------------------- set-up */

int tcslab_central_init(struct tcslab_cache *cache)
{
	/* A cache whose arrays take nothing verifies every free: no stack either. */
	unsigned int max = clamp_t(unsigned int, TRANSFER_BYTES / cache->size, cache->batch,
				   cache->batch * TRANSFER_BATCHES);
	int node, list;

	if (!cache->max_capacity)
		max = 0;
	cache->central = kvcalloc(nr_node_ids, sizeof(*cache->central), GFP_KERNEL);
	if (!cache->central)
		return -ENOMEM;
	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];

		raw_spin_lock_init(&central->lock);
		for (list = 0; list < TCSLAB_OCCUPANCY_LISTS; list++)
			INIT_LIST_HEAD(&central->partial[list]);
		INIT_LIST_HEAD(&central->full);
		if (!max || !node_online(node))
			continue;
		central->transfer = kvmalloc_node(array_size(max, sizeof(void *)),
						  GFP_KERNEL, node);
		if (!central->transfer) {
			tcslab_central_exit(cache);
			return -ENOMEM;
		}
		central->transfer_max = max;
	}
	return 0;
}

void tcslab_central_exit(struct tcslab_cache *cache)
{
	int node;

	for (node = 0; node < nr_node_ids; node++)
		kvfree(cache->central[node].transfer);
	kvfree(cache->central);
	cache->central = NULL;
}
