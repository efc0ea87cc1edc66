// SPDX-License-Identifier: GPL-2.0
/*
 * The page heap: best fit over spans of whole pages, per node and zone
 *
 * Chunks come from alloc_pages() and grow with the heap (heap_grow.c, chunk.c).  FREE spans are
 * indexed by length (free_index.c); a span is merged with both neighbours as soon as
 * it is free, within its chunk, so that a chunk that is wholly free is always one
 * FREE span.  This is TCMalloc's PageHeap with chunks in the place of its growing
 * address space.
 *
 * Lock: heap->lock, raw, interrupts off, a leaf: nothing is allocated, freed or
 * printed under it.  Sections are bounded: for each of SPANS_AT_ONCE spans one best fit, one
 * split into three and the page map (TCSLAB_MAX_SPAN_PAGES entries), or one merge.
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "base/lock.h"
#include "heap.h"
#include "mempolicy.h"

#define SPANS_AT_ONCE	8U	/* under one hold of the lock */

/* What tcslab_page_heap_alloc() is asked for. */
struct span_request {
	struct tcslab_cache *cache;
	enum tcslab_span_state state;
	unsigned int npages;
	unsigned int align;
};

static bool is_low(const struct tcslab_page_heap *heap, unsigned long npages,
		   unsigned int nr_spares)
{
	lockdep_assert_held(&heap->lock);
	return heap->zone == TCSLAB_ZONE_NORMAL &&
	       (heap->free.npages < npages || heap->nr_spares < nr_spares);
}

/* Structures for a split and a bitmap. */
static unsigned int spares_needed(const struct tcslab_span *span, const struct span_request *req,
				  unsigned int before)
{
	bool bitmap = req->state == TCSLAB_SPAN_SMALL && req->cache->span_objs > BITS_PER_LONG;

	return !!before + (span->npages > before + req->npages) + bitmap;
}

/*
 * From the FREE spans of one heap.  NULL when there is none, or there are no spares but @reserve
 * of them.
 */
static struct tcslab_span *take_free(struct tcslab_page_heap *heap,
				     const struct span_request *req, unsigned int reserve,
				     bool *spares)
{
	unsigned int needed, before;
	struct tcslab_span *span;
	unsigned long flags;
	bool low;

	tcslab_lock_irqsave(&heap->lock, flags);
	span = tcslab_free_index_best_fit(&heap->free, req->npages, req->align, &before);
	needed = span ? spares_needed(span, req, before) : 0;
	*spares = !needed || heap->nr_spares >= needed + reserve;
	if (!*spares) {
		span = NULL;
	} else if (span) {
		tcslab_heap_carve(heap, span, req->npages, before);
		tcslab_heap_publish(heap, span, req->cache, req->state);
	}
	low = is_low(heap, TCSLAB_STOCK_PAGES / 2, TCSLAB_STOCK_SPARES / 2);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && low)
		tcslab_heap_hooks->stock_is_low();
	return span;
}

/* From a heap that grows if need be, by what @gfp allows. */
static struct tcslab_span *take_or_grow(struct tcslab_page_heap *heap,
					const struct span_request *req, gfp_t gfp)
{
	struct tcslab_span *span;
	bool spares;

	for (;;) {
		span = take_free(heap, req, TCSLAB_RESERVE_SPARES, &spares);
		if (span)
			return span;
		if (!spares) {
			/* Nobody waits or is killed for the reserve, but it is for who would be. */
			if (tcslab_heap_add_spares(heap, tcslab_optional(gfp)))
				continue;
			span = take_free(heap, req, 0, &spares);
			if (span)
				return span;
			if (!spares && !tcslab_heap_add_spares(heap, gfp))
				return NULL;
			continue;
		}
		if (!tcslab_may_call_kernel(gfp))
			return NULL;
		tcslab_heap_release_short(heap, req->npages, gfp);
		/* Others may eat the new chunk before we look again: then once more. */
		heap = tcslab_heap_grow(heap, req->npages, gfp);
		if (!heap)
			return NULL;
	}
}

/* Whose policy binds him takes pages of no other node, as he would get none from SLUB. */
static bool may_use(int node, gfp_t gfp)
{
	return !(gfp & TCSLAB_BOUND) || tcslab_policy_allows(node);
}

/*
 * What nobody uses comes before nothing: free spans of zones that would do as well, of any
 * node that may serve.
 */
static struct tcslab_span *take_spared(enum tcslab_zone zone, const struct span_request *req,
				       gfp_t gfp, int node)
{
	bool any_node = static_branch_unlikely(&tcslab_numa_key) && !(gfp & __GFP_THISNODE);
	struct tcslab_span *span;
	bool spares;
	int other;

	while (++zone < TCSLAB_NR_ZONES) {
		for_each_online_node(other) {
			if (other != node && !(any_node && may_use(other, gfp)))
				continue;
			span = take_free(tcslab_heap_of(other, zone), req, 0, &spares);
			if (span)
				return span;
		}
	}
	return NULL;
}

struct tcslab_span *tcslab_page_heap_alloc(struct tcslab_cache *cache,
					   enum tcslab_zone zone,
					   enum tcslab_span_state state,
					   unsigned int npages, unsigned int align,
					   gfp_t gfp, int node)
{
	const struct span_request req = {
		.cache = cache, .state = state, .npages = npages, .align = align,
	};
	struct tcslab_page_heap *heap = tcslab_heap_of(node, zone);
	struct tcslab_span *span;
	bool spares;
	int other;

	if (unlikely(tcslab_must_not_wait()))
		return NULL;
	if (!static_branch_unlikely(&tcslab_numa_key) || gfp & __GFP_THISNODE)
		return take_or_grow(heap, &req, gfp) ?: take_spared(zone, &req, gfp, node);
	/* A node that is full, or has no memory, lives on what the others have free. */
	span = take_or_grow(heap, &req, tcslab_near(gfp));
	if (span)
		return span;
	for_each_online_node(other) {
		if (!may_use(other, gfp))
			continue;
		span = take_free(tcslab_heap_of(other, zone), &req, 0, &spares);
		if (span)
			return span;
	}
	return take_or_grow(heap, &req, gfp) ?: take_spared(zone, &req, gfp, node);
}

/* Cut @run, which is in no index, into spans as @req wants them. */
static void cut_run(struct tcslab_page_heap *heap, struct tcslab_span *run,
		    const struct span_request *req, struct hlist_head *spans)
{
	struct tcslab_span *span;

	while (run->npages > req->npages) {
		span = tcslab_heap_take_spare(heap);
		span->chunk = run->chunk;
		span->page = run->page;
		span->npages = req->npages;
		run->page += req->npages;
		run->npages -= req->npages;
		tcslab_heap_publish(heap, span, req->cache, req->state);
		hlist_add_head(&span->link, spans);
	}
	tcslab_heap_publish(heap, run, req->cache, req->state);
	hlist_add_head(&run->link, spans);
}

unsigned int tcslab_page_heap_alloc_more(struct tcslab_cache *cache,
					 const struct tcslab_span *like, unsigned int n,
					 struct hlist_head *spans)
{
	struct tcslab_page_heap *heap = like->chunk->heap;
	const struct span_request req = {
		.cache = cache, .state = TCSLAB_SPAN_SMALL, .npages = like->npages,
		.align = cache->span_align,
	};
	unsigned int got = 0, run, needed, before;
	struct tcslab_span *span;
	unsigned long flags;
	bool low;

	/* One behind the other they must be aligned, too. */
	if (unlikely(tcslab_must_not_wait()) || req.npages % req.align)
		return 0;
	n = min(n, SPANS_AT_ONCE);
	tcslab_lock_irqsave(&heap->lock, flags);
	while (got < n) {
		span = tcslab_free_index_best_fit(&heap->free, req.npages, req.align, &before);
		if (!span)
			break;
		run = (span->npages - before) / req.npages;
		run = min(run, n - got);
		/* A structure for each but the last, which has that of @span, and bitmaps. */
		needed = spares_needed(span, &req, before) +
			 (run - 1) * (1 + (cache->span_objs > BITS_PER_LONG));
		if (heap->nr_spares < needed + TCSLAB_RESERVE_SPARES)
			break;
		tcslab_heap_carve(heap, span, run * req.npages, before);
		got += run;
		cut_run(heap, span, &req, spans);
	}
	low = is_low(heap, TCSLAB_STOCK_PAGES / 2, TCSLAB_STOCK_SPARES / 2);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && low)
		tcslab_heap_hooks->stock_is_low();
	return got;
}

/* Is @span beside @run?  Then it becomes a part of it; both are in no index. */
static bool join(struct tcslab_page_heap *heap, struct tcslab_span *run, struct tcslab_span *span)
{
	if (run->chunk != span->chunk)
		return false;
	if (span->page == run->page + run->npages)
		;
	else if (span->page + span->npages == run->page)
		run->page = span->page;
	else
		return false;
	run->npages += span->npages;
	tcslab_heap_put_spare(heap, span);
	return true;
}

/* Some of @spans, all of this heap; true if it has more than it keeps then. */
static bool free_some(struct tcslab_page_heap *heap, struct hlist_head *spans)
{
	struct tcslab_span *span, *run = NULL;
	unsigned long flags;
	unsigned int n;
	bool excess;

	tcslab_lock_irqsave(&heap->lock, flags);
	for (n = 0; n < SPANS_AT_ONCE && !hlist_empty(spans); n++) {
		span = hlist_entry(spans->first, struct tcslab_span, link);
		if (span->chunk->heap != heap)
			break;
		__hlist_del(&span->link);
		tcslab_heap_unpublish(heap, span);
		if (unlikely(span->chunk->state != TCSLAB_CHUNK_WHOLE)) {
			tcslab_heap_add_scrap(heap, span);
			continue;
		}
		/* What was freed in a row often lies in a row: merged with others once. */
		if (run && join(heap, run, span))
			continue;
		if (run)
			tcslab_heap_merge(heap, run);
		run = span;
	}
	if (run)
		tcslab_heap_merge(heap, run);
	excess = tcslab_heap_has_excess(heap);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return excess;
}

void tcslab_page_heap_free_all(struct hlist_head *spans)
{
	while (!hlist_empty(spans)) {
		struct tcslab_page_heap *heap =
			hlist_entry(spans->first, struct tcslab_span, link)->chunk->heap;

		if (unlikely(free_some(heap, spans)) && hlist_empty(spans))
			tcslab_heap_release_excess(heap);
	}
}

void tcslab_page_heap_free(struct tcslab_span *span)
{
	HLIST_HEAD(spans);

	hlist_add_head(&span->link, &spans);
	tcslab_page_heap_free_all(&spans);
}

void tcslab_page_heap_stats(int node, enum tcslab_zone zone,
			    struct tcslab_page_heap_stats *stats)
{
	struct tcslab_page_heap *heap = tcslab_heap_of(node, zone);
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	*stats = heap->stats;
	stats->free_pages = heap->free.npages + heap->scrap_pages;
	stats->free_spans = heap->free.nr_spans + heap->nr_scraps;
	stats->longest_free = tcslab_free_index_longest(&heap->free);
	memcpy(stats->short_spans, heap->free.nr_by_length, sizeof(stats->short_spans));
	tcslab_unlock_irqrestore(&heap->lock, flags);
}

void tcslab_page_heap_reset_peaks(void)
{
	struct tcslab_page_heap *heap;
	unsigned long flags;

	tcslab_for_each_heap(heap) {
		struct tcslab_page_heap_stats *stats = &heap->stats;

		tcslab_lock_irqsave(&heap->lock, flags);
		stats->peak_held_pages = stats->held_pages;
		stats->peak_used_pages = stats->small_pages + stats->large_pages;
		tcslab_unlock_irqrestore(&heap->lock, flags);
	}
	tcslab_reset_peak_held_pages();
}

void tcslab_page_heap_sums(struct tcslab_page_heap_stats *sums)
{
	struct tcslab_page_heap_stats stats;
	struct tcslab_page_heap *heap;

	*sums = (struct tcslab_page_heap_stats){};
	tcslab_for_each_heap(heap) {
		tcslab_page_heap_stats(heap->node, heap->zone, &stats);
		sums->held_pages += stats.held_pages;
		sums->free_pages += stats.free_pages;
		sums->large_pages += stats.large_pages;
		sums->large_spans += stats.large_spans;
	}
}

/* Hints: a release looks for itself. */
unsigned long tcslab_releasable_pages(void)
{
	struct tcslab_page_heap *heap;
	unsigned long npages = 0;

	tcslab_for_each_heap(heap)
		/* A statistic, it may be stale. */
		npages += data_race(heap->free_chunk_pages);
	return npages;
}

unsigned long tcslab_heap_free_pages(int node)
{
	struct tcslab_page_heap *heap;
	unsigned long npages = 0;

	tcslab_for_each_heap_of(heap, node)
		/* Statistics, they may be stale. */
		npages += data_race(heap->free.npages) + data_race(heap->scrap_pages);
	return npages;
}

unsigned long tcslab_metadata_bytes(void)
{
	struct tcslab_page_heap *heap;
	unsigned long chunks = 0;

	tcslab_for_each_heap(heap)
		/* A statistic, it may be stale. */
		chunks += data_race(heap->stats.chunks);
	return tcslab_span_bytes() + chunks * sizeof(struct tcslab_chunk);
}

int __init tcslab_page_heap_init(const struct tcslab_page_heap_hooks *hooks)
{
	int err, i;

	tcslab_heap_hooks = hooks;
	err = tcslab_chunk_init();
	if (err)
		return err;
	tcslab_heaps = kcalloc(nr_node_ids * TCSLAB_NR_ZONES, sizeof(*tcslab_heaps),
			       GFP_KERNEL);
	if (!tcslab_heaps) {
		tcslab_chunk_exit();
		return -ENOMEM;
	}
	for (i = 0; i < nr_node_ids * TCSLAB_NR_ZONES; i++) {
		struct tcslab_page_heap *heap = &tcslab_heaps[i];

		raw_spin_lock_init(&heap->lock);
		tcslab_free_index_init(&heap->free);
		INIT_LIST_HEAD(&heap->chunks);
		INIT_LIST_HEAD(&heap->free_chunks);
		INIT_LIST_HEAD(&heap->scraps);
		INIT_LIST_HEAD(&heap->spares);
		heap->keep.began = jiffies;
		heap->node = i / TCSLAB_NR_ZONES;
		heap->zone = i % TCSLAB_NR_ZONES;
	}
	return 0;
}

void tcslab_page_heap_exit(void)
{
	struct tcslab_page_heap *heap;

	tcslab_page_heap_release_all();
	tcslab_for_each_heap(heap)
		tcslab_heap_trim_spares(heap, 0);
	tcslab_heap_abandon();
	tcslab_chunk_exit();
	kfree(tcslab_heaps);
}
