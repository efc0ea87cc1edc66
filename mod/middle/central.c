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
 * (TCSLAB_MAX_BATCH, at O(1) each).  Nothing is allocated, freed or
 * printed under it; empty spans are collected and handed to the page heap, a few
 * at a time, bad pointers noted and reported, after it is dropped.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "base/lock.h"
#include "base/random.h"
#include "base/report.h"
#include "base/trace.h"
#include "debug/guard.h"
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
#define LEAST_SHUFFLED		4	/* objects, whatever their pages */

/* What was refused; the last of a batch is reported. */
struct bad_pointer {
	enum tcslab_mistake why;
	void *obj;
};

/* ------------------------------------------------------- objects of a span */

/* Off its list, after which that list may be empty. */
static void unlist(struct tcslab_central *central, struct tcslab_span *span)
{
	lockdep_assert_held(&central->lock);
	__hlist_del(&span->link);
	central->nr_listed[span->bucket]--;
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
	central->nr_listed[span->bucket]++;
	if (span->bucket)
		__set_bit(span->bucket, &central->nonempty);
}

static bool in_order __ro_after_init;

void __init tcslab_central_keep_order(void)
{
	in_order = true;
}

/*
 * Nobody is to know which object comes next, or lies beside his: what is taken at once is
 * shuffled.  Not across pages where several objects have one, since those of a page that come
 * back together are sorted in together.
 */
static void shuffle(const struct tcslab_cache *cache, void **objs, unsigned int n)
{
	unsigned int part = max_t(unsigned int, PAGE_SIZE / cache->size, LEAST_SHUFFLED);

	if (in_order)
		return;
	for (; n > part; n -= part, objs += part)
		tcslab_shuffle(objs, part);
	tcslab_shuffle(objs, n);
}

/* Up to @n objects of those that @bits are, at @base: a run at a time.  Returns what is left. */
static unsigned long take_runs(unsigned long bits, void *base, unsigned int size, void **objs,
			       unsigned int n)
{
	while (bits && n) {
		unsigned int first = __ffs(bits), run;
		unsigned long used = ~(bits >> first);
		void *obj = base + (size_t)size * first;

		run = min_t(unsigned int, used ? __ffs(used) : BITS_PER_LONG, n);
		bits &= ~(~0UL >> (BITS_PER_LONG - run) << first);
		for (n -= run; run; run--, obj += size)
			*objs++ = obj;
	}
	return bits;
}

/*
 * Take up to @n objects of a span that has some, from any one on and round to it: in a new
 * span all are one run.  The span's list is the caller's.
 */
static unsigned int take_objs(struct tcslab_central *central, struct tcslab_cache *cache,
			      struct tcslab_span *span, void **objs, unsigned int n)
{
	unsigned int nobjs = tcslab_span_objs(cache, span);
	unsigned int words = DIV_ROUND_UP(nobjs, BITS_PER_LONG);
	unsigned int start = in_order ? 0 : tcslab_random_below(nobjs);
	unsigned int word = start / BITS_PER_LONG, got = 0;
	/* Of the first word what is before the start comes in the end. */
	unsigned long mask = ~0UL << start % BITS_PER_LONG;

	lockdep_assert_held(&central->lock);
	n = min_t(unsigned int, n, span->nfree);
	while (got < n) {
		unsigned long bits = span->free_bits[word], left;

		left = take_runs(bits & mask, span->base +
				 (size_t)cache->size * BITS_PER_LONG * word,
				 cache->size, objs + got, n - got);
		got += hweight_long((bits & mask) ^ left);
		span->free_bits[word] = (bits & ~mask) | left;
		mask = ~0UL;
		if (++word == words)
			word = 0;
	}
	shuffle(cache, objs, got);
	span->nfree -= got;
	central->nr_free -= got;
	return got;
}

static unsigned int span_alloc(struct tcslab_central *central, struct tcslab_cache *cache,
			       struct tcslab_span *span, void **objs, unsigned int n)
{
	unsigned int got = take_objs(central, cache, span, objs, n);

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

/* In none of those lists until it is used again, and all that can come to it is bad. */
static void add_empty(struct tcslab_central *central, struct tcslab_span *span)
{
	lockdep_assert_held(&central->lock);
	span->limit = U16_MAX;
	hlist_add_head(&span->link, &central->empty);
}

/* A span whose free objects have reached its limit: to another list. */
static noinline void span_grew(struct tcslab_central *central, struct tcslab_cache *cache,
			       struct tcslab_span *span)
{
	unlist(central, span);
	if (span->nfree < tcslab_span_objs(cache, span))
		enlist(central, cache, span);
	else
		add_empty(central, span);
}

/* Hand up to @max of the empty spans over to the caller, or up to @max_pages; how many. */
static unsigned int take_empty(struct tcslab_central *central, struct hlist_head *spans,
			       unsigned int max, unsigned int max_pages)
{
	unsigned int n, npages = 0;

	lockdep_assert_held(&central->lock);
	for (n = 0; n < max && npages < max_pages && !hlist_empty(&central->empty); n++) {
		struct tcslab_span *span = hlist_entry(central->empty.first,
						       struct tcslab_span, link);

		__hlist_del(&span->link);
		hlist_add_head(&span->link, spans);
		central->nr_spans--;
		central->nr_pages -= span->npages;
		npages += span->npages;
		central->nr_objs -= span->nfree;
		central->nr_free -= span->nfree;
	}
	return n;
}

/* Back to those that objects are taken from. */
static bool use_empty(struct tcslab_central *central, struct tcslab_cache *cache)
{
	struct tcslab_span *span;

	lockdep_assert_held(&central->lock);
	if (hlist_empty(&central->empty))
		return false;
	span = hlist_entry(central->empty.first, struct tcslab_span, link);
	__hlist_del(&span->link);
	enlist(central, cache, span);
	return true;
}

/*
 * Free @n objects.  A span is found once for those of the same page that follow each
 * other, and most frees move none: it changes its list when its free objects have
 * doubled.  The last bad pointer is noted in *@bad.
 */
static void free_objs(struct tcslab_central *central, struct tcslab_cache *cache,
		      void **objs, unsigned int n, struct bad_pointer *bad)
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
			/* A guarded object: what stands in for it comes by itself. */
			if (tcslab_guard_free_later(next)) {
				nr_bad++;
				objs++;
				continue;
			}
			*bad = (struct bad_pointer){ TCSLAB_FOREIGN, next };
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
				*bad = (struct bad_pointer){ TCSLAB_INTERIOR, obj };
				nr_bad++;
			} else if (unlikely(__test_and_set_bit(index, span->free_bits))) {
				*bad = (struct bad_pointer){ TCSLAB_TWICE, obj };
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
			span_grew(central, cache, span);
	}
	central->nr_free -= nr_bad;
}

static void report_bad_free(struct tcslab_cache *cache, const struct bad_pointer *bad,
			    unsigned long caller)
{
	if (unlikely(bad->why))
		tcslab_mistake_report(cache, bad->obj, bad->why, caller);
}

/* ------------------------------------------------------ moving objects */

unsigned int tcslab_central_add(struct tcslab_cache *cache, struct hlist_head *spans,
				void **objs, unsigned int n)
{
	struct tcslab_span *span = hlist_entry(spans->first, struct tcslab_span, link);
	struct tcslab_central *central = &cache->central[tcslab_span_node(span)];
	struct hlist_node *next;
	unsigned int got = 0;
	unsigned long flags;

	tcslab_lock_irqsave(&central->lock, flags);
	hlist_for_each_entry_safe(span, next, spans, link) {
		central->nr_spans++;
		central->nr_pages += span->npages;
		central->nr_objs += span->nfree;
		central->nr_free += span->nfree;
		if (got == n) {
			/* No free would give it back. */
			add_empty(central, span);
			continue;
		}
		got += take_objs(central, cache, span, objs + got, n - got);
		enlist(central, cache, span);
	}
	tcslab_unlock_irqrestore(&central->lock, flags);
	return got;
}

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
	while (got < n && (central->nonempty || use_empty(central, cache))) {
		unsigned int list = __ffs(central->nonempty);
		struct tcslab_span *span = hlist_entry(central->spans[list].first,
						       struct tcslab_span, link);

		got += span_alloc(central, cache, span, objs + got, n - got);
	}
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
	struct bad_pointer bad = { TCSLAB_RIGHT };
	unsigned long flags;
	HLIST_HEAD(empty);
	unsigned int i;

	if (unlikely(tcslab_nested())) {
		for (i = 0; i < n; i++)
			tcslab_park(cache, objs[i]);
		return;
	}
	trace_flush(cache->name, node, n);
	tcslab_lock_irqsave(&central->lock, flags);
	if (n == 1 && unlikely(is_latest(central, *objs))) {
		bad = (struct bad_pointer){ TCSLAB_TWICE, *objs };
		n = 0;
	}
	i = min(n, central->transfer_max - central->nr_transfer);
	n -= i;
	tcslab_copy_objs(central->transfer + central->nr_transfer, objs + n, i);
	central->nr_transfer += i;
	free_objs(central, cache, objs, n, &bad);
	/* Who waits at a limit waits for spans: all that this batch has emptied. */
	if (unlikely(cache->limit_pages))
		take_empty(central, &empty, cache->batch, UINT_MAX);
	else
		take_empty(central, &empty, RELEASE_SPANS, RELEASE_PAGES);
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
		n = take_empty(central, &empty, RELEASE_SPANS, RELEASE_PAGES);
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
	struct bad_pointer bad = { TCSLAB_RIGHT };
	unsigned long flags;

	tcslab_lock_irqsave(&central->lock, flags);
	n = min3(n, central->nr_transfer, cache->batch);
	central->nr_transfer -= n;
	central->low_transfer = min_t(unsigned int, central->low_transfer, central->nr_transfer);
	free_objs(central, cache, central->transfer + central->nr_transfer, n, &bad);
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
		if (!has_some_cached(central))
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

void *tcslab_object_around(void *inside)
{
	struct tcslab_cache *cache = tcslab_cache_of(inside);
	struct tcslab_span *span;
	unsigned int index;

	if (tcslab_guard_cache(inside))
		return tcslab_guard_object(inside);
	if (cache == tcslab_large_cache)
		return PTR_ALIGN_DOWN(inside, PAGE_SIZE);
	if (tcslab_warn(!cache || cache == &tcslab_no_cache,
			"tcslab: %p is no object of ours; leaked\n", inside))
		return NULL;
	span = tcslab_page_span(virt_to_page(inside));
	index = tcslab_span_index(cache, inside - span->base);
	return span->base + (size_t)index * cache->size;
}

bool tcslab_central_owns(struct tcslab_cache *cache, const void *obj)
{
	struct tcslab_span *span;

	/* The span of a page without a cache may be gone. */
	return cache != &tcslab_no_cache && find_span(cache, obj, &span) &&
	       tcslab_exact_index(cache, obj - span->base) < tcslab_span_objs(cache, span);
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

const struct tcslab_central_hooks *tcslab_central_hooks __ro_after_init;

void __init tcslab_central_set_hooks(const struct tcslab_central_hooks *hooks)
{
	tcslab_central_hooks = hooks;
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
