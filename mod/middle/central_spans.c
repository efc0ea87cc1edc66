// SPDX-License-Identifier: GPL-2.0
/*
 * The middle tier's spans: from the page heap, cut into objects, and back
 *
 * No lock is held here; a span belongs to the caller until tcslab_central_add().
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "back/page_heap.h"
#include "base/charge.h"
#include "debug/hard.h"
#include "debug/objects.h"
#include "debug/shadow.h"
#include "central_lists.h"

#define SHORT_SPANS	4	/* so many of the shortest before longer ones */
#define LONG_SPANS	8	/* so many of longer ones, if they were */
#define LONG_OBJS	8U	/* those have so many objects */

const struct tcslab_central_hooks *tcslab_central_hooks __ro_after_init;

void __init tcslab_central_set_hooks(const struct tcslab_central_hooks *hooks)
{
	tcslab_central_hooks = hooks;
}

/* With a limit it counts as on its way until who waits knows of it; see limit_wait.c. */
static void uncharge(struct tcslab_cache *cache, unsigned int npages)
{
	if (cache->quota)
		tcslab_uncharge_quota(cache->quota, npages);
	if (!cache->limit_pages) {
		atomic_long_sub(npages, &cache->span_pages_held);
		return;
	}
	atomic_long_inc(&cache->rcu_objects);
	smp_mb__after_atomic();	/* counted there, then no longer charged */
	atomic_long_sub(npages, &cache->span_pages_held);
	/* Also when a charge is undone: somebody may have been refused for it. */
	tcslab_central_came_back(cache);
	smp_mb__before_atomic();	/* what came back, then the count */
	atomic_long_dec(&cache->rcu_objects);
}

long tcslab_central_in_hands(const struct tcslab_cache *cache)
{
	long listed = 0;
	int node;

	for (node = 0; node < nr_node_ids; node++)
		/* Without the lock, as said in central.h. */
		listed += data_race(READ_ONCE(cache->central[node].nr_pages));
	smp_rmb();	/* the lists first */
	return atomic_long_read(&cache->span_pages_held) - listed;
}

static void release_spans(struct tcslab_cache *cache, struct hlist_head *spans)
{
	struct tcslab_span *span;
	unsigned int npages = 0;

	hlist_for_each_entry(span, spans, link) {
		size_t bytes = (size_t)span->npages << PAGE_SHIFT;

		/* What was not cleared object by object must not be seen in another cache. */
		if (want_init_on_free() &&
		    (!cache->zero_size || cache->debug || tcslab_is_hard(cache)))
			tcslab_shadow_clear(tcslab_span_base(span), bytes);
		tcslab_shadow_close_pages(tcslab_span_base(span), bytes);
		npages += span->npages;
	}
	tcslab_page_heap_free_all(spans);
	uncharge(cache, npages);
}

void tcslab_central_release_now(struct tcslab_span *span)
{
	HLIST_HEAD(spans);

	hlist_add_head(&span->link, &spans);
	/* Its pages still say whose it is. */
	release_spans(tcslab_cache_of(span->base), &spans);
}

/* The last occasion: who wrote to one of them after he had freed it? */
static void look_at_free(struct tcslab_cache *cache, struct hlist_head *spans)
{
	struct tcslab_span *span;
	unsigned int i;

	hlist_for_each_entry(span, spans, link)
		for (i = 0; i < tcslab_span_objs(cache, span); i++)
			tcslab_objects_leave(cache, span->base + (size_t)i * cache->size);
}

void tcslab_central_release(struct tcslab_cache *cache, struct hlist_head *spans)
{
	struct tcslab_span *span;
	struct hlist_node *next;

	if (hlist_empty(spans))
		return;
	if (unlikely(cache->debug))
		look_at_free(cache, spans);
	if (!(cache->flags & TCSLAB_TYPESAFE_BY_RCU)) {
		release_spans(cache, spans);
		return;
	}
	/* Somebody may be reading one of their objects. */
	hlist_for_each_entry_safe(span, next, spans, link)
		tcslab_central_hooks->defer(span);
}

/*
 * Objects that keep their contents are not cleared one by one, but the memory that they are
 * made of is, as the page allocator clears a slab's: it may have been another cache's.  Where
 * frees clear it is clean already.  So is a chunk that has just come, but nobody notes that: it
 * would be a mark to keep with each free span, for the few caches of this kind.
 */
static bool clear_first(const struct tcslab_cache *cache)
{
	/* Its free objects are known to be clear. */
	if (tcslab_is_hard(cache) && cache->flags & TCSLAB_CLEAR_ON_FREE)
		return true;
	return !cache->zero_size && want_init_on_alloc(0) && !want_init_on_free();
}

static void cut_span(struct tcslab_cache *cache, struct tcslab_span *span)
{
	unsigned int nobjs = tcslab_span_objs(cache, span), i, last;
	size_t bytes = (size_t)span->npages << PAGE_SHIFT;

	tcslab_shadow_open_pages(tcslab_span_base(span), bytes);
	if (clear_first(cache))
		memset(tcslab_span_base(span), 0, bytes);
	span->nfree = nobjs;
	last = (nobjs - 1) / BITS_PER_LONG;
	span->free_bits[last] = BITMAP_LAST_WORD_MASK(nobjs);
	for (i = 0; i < last; i++)
		span->free_bits[i] = ~0UL;
	if (unlikely(cache->debug))
		for (i = 0; i < nobjs; i++)
			tcslab_objects_new(cache, span->base + (size_t)i * cache->size);
	if (cache->ctor)
		for (i = 0; i < nobjs; i++)
			cache->ctor(span->base + (size_t)i * cache->size);
	if (tcslab_is_hard(cache))
		for (i = 0; i < nobjs; i++)
			tcslab_hard_mark(cache, span->base + (size_t)i * cache->size);
	tcslab_shadow_new(cache, tcslab_span_base(span), bytes);
}

static bool charge(struct tcslab_cache *cache, unsigned int npages)
{
	if (cache->quota && !tcslab_charge_quota(cache->quota, npages))
		return false;
	if (tcslab_charge(&cache->span_pages_held, npages, cache->limit_pages))
		return true;
	if (cache->quota)
		tcslab_uncharge_quota(cache->quota, npages);
	return false;
}

/*
 * Most caches never hold more than a few objects.  They get the shortest spans, where
 * little is unused; the tails of those do not count before there are many.  And one that has
 * many pages gets spans of several objects, each of which costs the trip to the page heap.
 */
static unsigned int wanted_length(const struct tcslab_cache *cache, int node)
{
	unsigned int shortest = DIV_ROUND_UP(cache->size, PAGE_SIZE);

	/* Only a hint, so no lock. */
	unsigned int held = data_race(cache->central[node].nr_pages), times;

	if (held < max(shortest * SHORT_SPANS, cache->span_pages))
		return shortest;
	/* Nor where others could have had the pages. */
	if (held < cache->span_pages * LONG_SPANS || cache->zone != TCSLAB_ZONE_NORMAL ||
	    cache->limit_pages)
		return cache->span_pages;
	times = min_t(unsigned int, held / LONG_SPANS, TCSLAB_MAX_SPAN_PAGES) / cache->span_pages;
	times = min(times, DIV_ROUND_UP(LONG_OBJS, cache->span_objs));
	return cache->span_pages * max(times, 1U);
}

/*
 * The pages that the limit allows of @npages, all or the fewest that serve; or 0.  Who cannot
 * be refused has those in any case.
 */
static unsigned int charge_some(struct tcslab_cache *cache, unsigned int npages, gfp_t gfp)
{
	unsigned int shortest = DIV_ROUND_UP(cache->size, PAGE_SIZE);

	if (charge(cache, npages))
		return npages;
	if (npages > shortest && charge(cache, shortest))
		return shortest;
	if (!(gfp & __GFP_NOFAIL))
		return 0;
	atomic_long_add(shortest, &cache->span_pages_held);
	atomic_long_inc(&cache->limit_overruns);
	if (cache->quota)
		tcslab_overrun_quota(cache->quota, shortest);
	return shortest;
}

/*
 * What is tried for a longer span than need be.  The kernel never refuses eight pages to who
 * may wait, and more it does; and nobody is to be killed, nor a reserve used up, for what the
 * shortest span does as well.
 */
static gfp_t optional(gfp_t gfp)
{
	return tcslab_optional(gfp & ~(__GFP_RETRY_MAYFAIL | __GFP_HIGH | __GFP_MEMALLOC));
}

static struct tcslab_span *new_span(struct tcslab_cache *cache, unsigned int npages, gfp_t gfp,
				    int node)
{
	return tcslab_page_heap_alloc(cache, cache->zone, TCSLAB_SPAN_SMALL, npages,
				      cache->span_align, gfp, node);
}

/*
 * So many that the caller takes an object of each, as far as they lie at hand; with a limit one,
 * since others could have had the pages.
 */
static void more_spans(struct tcslab_cache *cache, unsigned int nr_objs, struct hlist_head *spans)
{
	struct tcslab_span *span = hlist_entry(spans->first, struct tcslab_span, link), *more;
	unsigned int n = nr_objs / span->nfree;

	if (n <= 1 || cache->limit_pages)
		return;
	n = tcslab_page_heap_alloc_more(cache, span, n - 1, spans);
	atomic_long_add((long)n * span->npages, &cache->span_pages_held);
	if (cache->quota)
		tcslab_overrun_quota(cache->quota, n * span->npages);
	/* They are in front of it. */
	hlist_for_each_entry(more, spans, link)
		if (more != span)
			cut_span(cache, more);
}

int tcslab_central_grow(struct tcslab_cache *cache, int node, gfp_t gfp, unsigned int nr_objs,
			struct hlist_head *spans)
{
	unsigned int shortest = DIV_ROUND_UP(cache->size, PAGE_SIZE);
	unsigned int npages = charge_some(cache, wanted_length(cache, node), gfp);
	struct tcslab_span *span = NULL;

	if (!npages)
		return -EDQUOT;
	if (npages > shortest) {
		span = new_span(cache, npages, optional(gfp), node);
		if (!span) {
			uncharge(cache, npages - shortest);
			npages = shortest;
		}
	}
	if (!span)
		span = new_span(cache, npages, gfp, node);
	if (!span) {
		uncharge(cache, npages);
		return -ENOMEM;
	}
	tcslab_raise(&cache->peak_pages, atomic_long_read(&cache->span_pages_held));
	cut_span(cache, span);
	hlist_add_head(&span->link, spans);
	more_spans(cache, nr_objs, spans);
	return 0;
}
