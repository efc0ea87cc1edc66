// SPDX-License-Identifier: GPL-2.0
/*
 * The middle tier: transfer caches over central free lists
 *
 * One central per cache and node.  A batch from a per-CPU array goes onto the
 * transfer cache's stack as it is, and the next CPU that runs dry takes it from
 * there: producers and consumers on different CPUs never touch a span.  Only
 * what does not fit is sorted back into spans.  Spans are in lists by
 * fls(free objects); objects are handed out from those with the fewest, so
 * that sparse spans drain and go back (TCMalloc's span prioritisation).
 *
 * Lock: central->lock, raw, interrupts off.  Sections are bounded by one batch
 * (MAX_BATCH of cache.c, at O(1) each).  Nothing is allocated, freed or
 * printed under it; empty spans are collected and handed to the page heap, bad
 * pointers noted and reported, after it is dropped.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "cache.h"
#include "central.h"
#include "central_lists.h"
#include "nested.h"
#include "page_heap.h"

#define TRANSFER_BATCHES	8	/* on the stack, but no more than */
#define TRANSFER_BYTES		SZ_16K	/* so much; if that is no batch, there is no stack */
#define SHORT_SPANS		4	/* so many of the shortest before longer ones */

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

/* Off its list, after which that list may be empty. */
static void unlist(struct tcslab_central *central, struct tcslab_span *span)
{
	lockdep_assert_held(&central->lock);
	__hlist_del(&span->link);
	if (hlist_empty(&central->spans[span->bucket]))
		__clear_bit(span->bucket, &central->nonempty);
}

/* Onto the list that its free objects ask for. */
static void enlist(struct tcslab_central *central, struct tcslab_cache *cache,
		   struct tcslab_span *span)
{
	lockdep_assert_held(&central->lock);
	span->bucket = fls(span->nfree);
	span->limit = min(1U << span->bucket, tcslab_span_objs(cache, span));
	hlist_add_head(&span->link, &central->spans[span->bucket]);
	if (span->bucket)
		__set_bit(span->bucket, &central->nonempty);
}

/*
 * Take up to @n objects of a span that has some, lowest address first: a run of free
 * objects at a time, since in a new span that is all of them.
 */
static unsigned int span_alloc(struct tcslab_central *central, struct tcslab_cache *cache,
			       struct tcslab_span *span, void **objs, unsigned int n)
{
	unsigned int got = 0, size = cache->size;
	unsigned long *word = span->free_bits;
	void *base = span->base;

	lockdep_assert_held(&central->lock);
	n = min_t(unsigned int, n, span->nfree);
	for (; got < n; word++, base += (size_t)size * BITS_PER_LONG) {
		unsigned long bits = *word;

		while (bits && got < n) {
			unsigned int first = __ffs(bits), run;
			unsigned long used = ~(bits >> first);
			void *obj = base + (size_t)size * first;

			run = min_t(unsigned int, used ? __ffs(used) : BITS_PER_LONG, n - got);
			bits &= ~(~0UL >> (BITS_PER_LONG - run) << first);
			for (; run; run--, obj += size)
				objs[got++] = obj;
		}
		*word = bits;
	}
	span->nfree -= got;
	central->nr_free -= got;
	if (fls(span->nfree) != span->bucket) {
		unlist(central, span);
		enlist(central, cache, span);
	}
	return got;
}

static __always_inline bool find_span(struct tcslab_cache *cache, const void *obj,
				      struct tcslab_span **span)
{
	struct page *page;

	/* The cache stands in the pages of SMALL spans, and no large object has one. */
	if (unlikely(!tcslab_find_page(obj, &page) || page->private != (unsigned long)cache))
		return false;
	*span = tcslab_page_span(page);
	return true;
}

/* A span whose free objects have reached its limit: to another list, or to @empty. */
static noinline void span_grew(struct tcslab_central *central, struct tcslab_cache *cache,
			       struct tcslab_span *span, struct hlist_head *empty)
{
	unlist(central, span);
	if (span->nfree < tcslab_span_objs(cache, span)) {
		enlist(central, cache, span);
		return;
	}
	/* In no list from here on, and all that can come to it is bad. */
	span->limit = U16_MAX;
	hlist_add_head(&span->link, empty);
	central->nr_spans--;
	central->nr_pages -= span->npages;
	central->nr_objs -= span->nfree;
	central->nr_free -= span->nfree;
}

/*
 * Free @n objects.  A span is found once for those of the same page that follow each
 * other, and most frees move none: it changes its list when its free objects have
 * doubled.  Spans that become empty are moved to @empty, the last bad pointer is noted
 * in *@bad.
 */
static void free_objs(struct tcslab_central *central, struct tcslab_cache *cache,
		      void **objs, unsigned int n, struct hlist_head *empty,
		      struct bad_pointer *bad)
{
	unsigned int nr_bad = 0;
	void **end = objs + n;

	lockdep_assert_held(&central->lock);
	central->nr_free += n;
	while (objs < end) {
		struct tcslab_span *span;
		unsigned int nfree, nobjs;
		void *obj, *next = *objs;

		if (unlikely(!find_span(cache, next, &span))) {
			*bad = (struct bad_pointer){ BAD_FOREIGN, next };
			nr_bad++;
			objs++;
			continue;
		}
		nobjs = tcslab_span_objs(cache, span);
		nfree = span->nfree;
		do {
			u32 index = tcslab_exact_index(cache, next - span->base);

			obj = next;
			if (unlikely(index >= nobjs)) {
				*bad = (struct bad_pointer){ BAD_INTERIOR, obj };
				nr_bad++;
			} else if (unlikely(__test_and_set_bit(index, span->free_bits))) {
				*bad = (struct bad_pointer){ BAD_DOUBLE, obj };
				nr_bad++;
			} else {
				nfree++;
			}
			if (++objs == end)
				break;
			next = *objs;
		} while (((unsigned long)next ^ (unsigned long)obj) < PAGE_SIZE);
		span->nfree = nfree;
		if (unlikely(nfree >= span->limit))
			span_grew(central, cache, span, empty);
	}
	central->nr_free -= nr_bad;
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

	/* Its pages still say whose it is. */
	release_span(tcslab_cache_of(span->base), span);
}

static void release_spans(struct tcslab_cache *cache, struct hlist_head *empty)
{
	struct tcslab_span *span;
	struct hlist_node *next;

	hlist_for_each_entry_safe(span, next, empty, link) {
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
	unsigned int nobjs = tcslab_span_objs(cache, span), i, last;

	span->nfree = nobjs;
	last = (nobjs - 1) / BITS_PER_LONG;
	span->free_bits[last] = BITMAP_LAST_WORD_MASK(nobjs);
	for (i = 0; i < last; i++)
		span->free_bits[i] = ~0UL;
	if (cache->ctor)
		for (i = 0; i < nobjs; i++)
			cache->ctor(span->base + (size_t)i * cache->size);
}

/* Never above the limit, not for a moment: who fits in is not refused because of others. */
static bool charge(struct tcslab_cache *cache, unsigned int npages)
{
	long held = atomic_long_read(&cache->span_pages_held);

	do {
		if (cache->limit_pages && held + npages > cache->limit_pages)
			return false;
	} while (!atomic_long_try_cmpxchg(&cache->span_pages_held, &held, held + npages));
	return true;
}

/*
 * Most caches never hold more than a few objects.  They get the shortest spans, where
 * little is unused; the tails of those do not count before there are many.
 */
static unsigned int wanted_length(const struct tcslab_cache *cache, int node)
{
	unsigned int shortest = DIV_ROUND_UP(cache->size, PAGE_SIZE);

	/* Only a hint, so no lock. */
	if (data_race(cache->central[node].nr_pages) < shortest * SHORT_SPANS)
		return shortest;
	return cache->span_pages;
}

/* The pages that the limit allows of @npages, all or the fewest that serve; or 0. */
static unsigned int charge_some(struct tcslab_cache *cache, unsigned int npages)
{
	unsigned int shortest = DIV_ROUND_UP(cache->size, PAGE_SIZE);

	if (charge(cache, npages))
		return npages;
	if (npages > shortest && charge(cache, shortest))
		return shortest;
	return 0;
}

void *tcslab_central_grow(struct tcslab_cache *cache, int node, gfp_t gfp)
{
	unsigned int npages = charge_some(cache, wanted_length(cache, node));
	struct tcslab_central *central;
	struct tcslab_span *span;
	unsigned long flags;
	void *obj;

	if (!npages)
		return ERR_PTR(-EDQUOT);
	span = tcslab_page_heap_alloc(cache, cache->zone, TCSLAB_SPAN_SMALL, npages,
				      cache->span_align, gfp, node);
	if (!span) {
		atomic_long_sub(npages, &cache->span_pages_held);
		return ERR_PTR(-ENOMEM);
	}
	cut_span(cache, span);
	central = &cache->central[tcslab_span_node(span)];
	tcslab_lock_irqsave(&central->lock, flags);
	enlist(central, cache, span);
	central->nr_spans++;
	central->nr_pages += span->npages;
	central->nr_objs += span->nfree;
	central->nr_free += span->nfree;
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
	central->low_transfer = min(central->low_transfer, central->nr_transfer);
	tcslab_copy_objs(objs, central->transfer + central->nr_transfer, got);
	while (got < n && central->nonempty) {
		unsigned int list = __ffs(central->nonempty);
		struct tcslab_span *span = hlist_entry(central->spans[list].first,
						       struct tcslab_span, link);

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
	HLIST_HEAD(empty);
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
	free_objs(central, cache, objs, n, &empty, &bad);
	tcslab_unlock_irqrestore(&central->lock, flags);

	release_spans(cache, &empty);
	report_bad_free(cache, &bad);
}

/* Sort up to @n objects of the stack, one batch at most, into the spans. */
static unsigned int drain_batch(struct tcslab_cache *cache, int node, unsigned int n)
{
	struct tcslab_central *central = &cache->central[node];
	struct bad_pointer bad = { BAD_NONE };
	unsigned long flags;
	HLIST_HEAD(empty);

	tcslab_lock_irqsave(&central->lock, flags);
	n = min3(n, central->nr_transfer, cache->batch);
	central->nr_transfer -= n;
	central->low_transfer = min(central->low_transfer, central->nr_transfer);
	free_objs(central, cache, central->transfer + central->nr_transfer, n, &empty, &bad);
	tcslab_unlock_irqrestore(&central->lock, flags);
	release_spans(cache, &empty);
	report_bad_free(cache, &bad);
	return n;
}

void tcslab_central_drain(struct tcslab_cache *cache)
{
	int node;

	for (node = 0; node < nr_node_ids; node++)
		while (drain_batch(cache, node, UINT_MAX))
			;
}

void tcslab_central_scavenge(struct tcslab_cache *cache)
{
	struct tcslab_central *central;
	unsigned int low, n;
	unsigned long flags;
	int node;

	for (node = 0; node < nr_node_ids; node++) {
		central = &cache->central[node];
		/* Nearly all stacks are empty: no lock for those. */
		if (!data_race(central->nr_transfer))
			continue;
		tcslab_lock_irqsave(&central->lock, flags);
		low = central->low_transfer;
		central->low_transfer = central->nr_transfer;
		tcslab_unlock_irqrestore(&central->lock, flags);
		while (low && (n = drain_batch(cache, node, low)))
			low -= n;
	}
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
	index = tcslab_span_index(cache, inside - span->base);
	return span->base + (size_t)index * cache->size;
}

bool tcslab_central_owns(struct tcslab_cache *cache, const void *obj)
{
	struct tcslab_span *span;

	return find_span(cache, obj, &span) &&
	       tcslab_exact_index(cache, obj - span->base) < tcslab_span_objs(cache, span);
}

/* ---------------------------------------------------------------- set-up */

int tcslab_central_init(struct tcslab_cache *cache)
{
	unsigned int max = min_t(unsigned int, TRANSFER_BYTES / cache->size,
				 cache->batch * TRANSFER_BATCHES);
	int node, list;

	/*
	 * A cache whose arrays take nothing verifies every free: no stack either.  And
	 * one for large objects would keep many pages back for little work saved.
	 */
	if (!cache->max_capacity || max < cache->batch)
		max = 0;
	cache->central = kvcalloc(nr_node_ids, sizeof(*cache->central), GFP_KERNEL);
	if (!cache->central)
		return -ENOMEM;
	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];

		raw_spin_lock_init(&central->lock);
		for (list = 0; list < TCSLAB_OCCUPANCY_LISTS; list++)
			INIT_HLIST_HEAD(&central->spans[list]);
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
