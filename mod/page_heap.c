// SPDX-License-Identifier: GPL-2.0
/*
 * The page heap: best fit over spans of whole pages, per node and zone
 *
 * Chunks come from alloc_pages() and grow with the heap.  Short FREE spans are in
 * a list per length, long ones in a tree ordered by length and address; a span
 * is merged with both neighbours as soon as it is free, within its chunk, so
 * that a chunk that is wholly free is always one FREE span.  This is TCMalloc's
 * PageHeap with chunks in the place of its growing address space.
 *
 * Lock: heap->lock, raw, interrupts off, a leaf: nothing is allocated, freed or
 * printed under it.  Sections are bounded: one best fit, one split into three and
 * the page map of one span (TCSLAB_MAX_SPAN_PAGES entries), or one merge.
 *
 * Pages are frozen (reference count 0) while they are ours, as slab pages are:
 * get_page_unless_zero() fails on them, and sendpage_ok() keeps networking from
 * holding on to an object that its owner frees.
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "nested.h"
#include "page_heap.h"
#include "scavenger.h"
#include "stock.h"

#define MIN_CHUNK_ORDER		3	/* 32 KiB: a handful of spans */
#define MAX_CHUNK_ORDER		min(9, MAX_PAGE_ORDER)	/* 2 MiB, a huge page */
#define DMA_CHUNK_ORDER		2	/* the DMA zone is small */
#define GROWTH_SHIFT		5	/* a chunk is 1/32 of the heap */
#define FIT_TRIES		8	/* spans looked at for an aligned fit */
#define SPLIT_SPARES		3	/* structures for a split and a bitmap */
#define MAX_SPARES		64
/* A span structure also serves as the bitmap of a span of small objects. */
#define SPARE_BYTES		max(sizeof(struct tcslab_span), PAGE_SIZE / sizeof(u64) / 8)

/**
 * struct tcslab_page_heap - the spans of one node and zone
 * @lock: guards everything here, all chunks and all FREE spans
 * @short_free: FREE spans of 1 to TCSLAB_SHORT_PAGES pages by length
 * @nonempty: bit n - 1 set: short_free[n - 1] has spans
 * @long_free: longer ones by length and address
 * @chunks: all chunks
 * @free_chunks: those that are one FREE span, the longest free first
 * @spares: span structures for splits and bitmaps; merges and frees return them
 * @nr_spares: their number
 * @free_chunk_pages: pages in @free_chunks
 * @node: constant
 * @zone: constant
 * @stats: counters; @longest_free is filled when read
 */
struct tcslab_page_heap {
	raw_spinlock_t lock;
	struct list_head short_free[TCSLAB_SHORT_PAGES];
	DECLARE_BITMAP(nonempty, TCSLAB_SHORT_PAGES);
	struct rb_root long_free;
	struct list_head chunks;
	struct list_head free_chunks;
	struct list_head spares;
	unsigned int nr_spares;
	unsigned long free_chunk_pages;
	int node;
	enum tcslab_zone zone;
	struct tcslab_page_heap_stats stats;
} ____cacheline_aligned_in_smp;

/* What tcslab_page_heap_alloc() is asked for. */
struct span_request {
	struct tcslab_cache *cache;
	enum tcslab_span_state state;
	unsigned int npages;
	unsigned int align;
};

static struct tcslab_page_heap *heaps;	/* [node][zone] */
static struct kmem_cache *span_cache;
static atomic_long_t held_pages, peak_held_pages, nr_span_structs;

/* End of our highest chunk as an offset into the direct map; only grows. */
unsigned long tcslab_map_bytes __read_mostly;
EXPORT_SYMBOL_GPL(tcslab_map_bytes);

static struct tcslab_page_heap *heap_of(int node, enum tcslab_zone zone)
{
	return &heaps[node * TCSLAB_NR_ZONES + zone];
}

static unsigned int chunk_pages(const struct tcslab_chunk *chunk)
{
	return 1U << chunk->order;
}

/* ------------------------------------------------ the index of FREE spans */

static bool span_before(struct rb_node *a, const struct rb_node *b)
{
	const struct tcslab_span *x = rb_entry(a, struct tcslab_span, node);
	const struct tcslab_span *y = rb_entry(b, struct tcslab_span, node);

	return x->npages != y->npages ? x->npages < y->npages : x->page < y->page;
}

static bool span_is_chunk(const struct tcslab_span *span)
{
	return span->npages == chunk_pages(span->chunk);
}

static unsigned int stats_index(const struct tcslab_span *span)
{
	return span->npages <= TCSLAB_SHORT_PAGES ? span->npages : 0;
}

static void insert_free(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	lockdep_assert_held(&heap->lock);
	span->state = TCSLAB_SPAN_FREE;
	span->cache = NULL;
	tcslab_page_map(span->page, span, NULL);
	tcslab_page_map(span->page + span->npages - 1, span, NULL);
	if (span->npages <= TCSLAB_SHORT_PAGES) {
		list_add(&span->list, &heap->short_free[span->npages - 1]);
		__set_bit(span->npages - 1, heap->nonempty);
	} else {
		rb_add(&span->node, &heap->long_free, span_before);
	}
	if (span_is_chunk(span)) {
		span->chunk->free_since = jiffies;
		list_add_tail(&span->chunk->free_list, &heap->free_chunks);
		heap->stats.free_chunks++;
		heap->free_chunk_pages += span->npages;
	}
	heap->stats.free_pages += span->npages;
	heap->stats.free_spans++;
	heap->stats.short_spans[stats_index(span)]++;
}

static void remove_free(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	lockdep_assert_held(&heap->lock);
	if (span->npages <= TCSLAB_SHORT_PAGES) {
		list_del(&span->list);
		if (list_empty(&heap->short_free[span->npages - 1]))
			__clear_bit(span->npages - 1, heap->nonempty);
	} else {
		rb_erase(&span->node, &heap->long_free);
	}
	if (span_is_chunk(span)) {
		list_del(&span->chunk->free_list);
		heap->stats.free_chunks--;
		heap->free_chunk_pages -= span->npages;
	}
	heap->stats.free_pages -= span->npages;
	heap->stats.free_spans--;
	heap->stats.short_spans[stats_index(span)]--;
}

/* Pages between the start of @span and the first frame that is a multiple of @align. */
static unsigned int align_gap(const struct tcslab_span *span, unsigned int align)
{
	return -page_to_pfn(span->page) & (align - 1);
}

static bool fits(const struct tcslab_span *span, unsigned int npages, unsigned int align)
{
	return align_gap(span, align) + npages <= span->npages;
}

static struct tcslab_span *first_long(struct tcslab_page_heap *heap, unsigned int npages)
{
	struct rb_node *node = heap->long_free.rb_node, *best = NULL;

	while (node) {
		if (rb_entry(node, struct tcslab_span, node)->npages >= npages) {
			best = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best ? rb_entry(best, struct tcslab_span, node) : NULL;
}

/*
 * The shortest span that holds @npages at the alignment.  A span of @npages +
 * @align - 1 fits wherever it begins; of the shorter ones only a few are looked
 * at, to keep the section bounded.
 */
static struct tcslab_span *best_fit(struct tcslab_page_heap *heap, unsigned int npages,
				    unsigned int align)
{
	struct tcslab_span *span;
	unsigned int bit, tries;

	lockdep_assert_held(&heap->lock);
	bit = npages - 1;
	for_each_set_bit_from(bit, heap->nonempty, TCSLAB_SHORT_PAGES) {
		tries = 0;
		list_for_each_entry(span, &heap->short_free[bit], list) {
			if (fits(span, npages, align))
				return span;
			if (++tries == FIT_TRIES)
				break;
		}
	}
	tries = 0;
	for (span = first_long(heap, npages); span;
	     span = rb_entry_safe(rb_next(&span->node), struct tcslab_span, node)) {
		if (fits(span, npages, align))
			return span;
		if (++tries == FIT_TRIES)
			break;
	}
	return first_long(heap, npages + align - 1);
}

/* ------------------------------------------------------ split and merge */

static struct tcslab_span *take_spare(struct tcslab_page_heap *heap)
{
	struct tcslab_span *span = list_first_entry(&heap->spares, struct tcslab_span, list);

	lockdep_assert_held(&heap->lock);
	list_del(&span->list);
	heap->nr_spares--;
	return span;
}

static void put_spare(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	lockdep_assert_held(&heap->lock);
	list_add(&span->list, &heap->spares);
	heap->nr_spares++;
}

static void add_free_part(struct tcslab_page_heap *heap, struct tcslab_chunk *chunk,
			  struct page *page, unsigned int npages)
{
	struct tcslab_span *span = take_spare(heap);

	span->chunk = chunk;
	span->page = page;
	span->npages = npages;
	insert_free(heap, span);
}

/* Cut @npages at the alignment out of a FREE span; the rest stays free. */
static void carve(struct tcslab_page_heap *heap, struct tcslab_span *span,
		  unsigned int npages, unsigned int align)
{
	unsigned int before = align_gap(span, align);
	unsigned int after = span->npages - before - npages;

	remove_free(heap, span);
	if (before)
		add_free_part(heap, span->chunk, span->page, before);
	if (after)
		add_free_part(heap, span->chunk, span->page + before + npages, after);
	span->page += before;
	span->npages = npages;
}

/* The FREE neighbour on one side, off the index, or NULL. */
static struct tcslab_span *claim_neighbour(struct tcslab_page_heap *heap,
					   const struct tcslab_span *span, bool after)
{
	const struct page *first = span->chunk->page;
	const struct page *page = after ? span->page + span->npages : span->page - 1;
	struct tcslab_span *other;

	if (page < first || page >= first + chunk_pages(span->chunk))
		return NULL;
	other = tcslab_page_span(page);
	if (other->state != TCSLAB_SPAN_FREE)
		return NULL;
	remove_free(heap, other);
	return other;
}

static void publish(struct tcslab_page_heap *heap, struct tcslab_span *span,
		    struct tcslab_cache *cache, enum tcslab_span_state state)
{
	struct tcslab_page_heap_stats *stats = &heap->stats;
	unsigned int i;

	lockdep_assert_held(&heap->lock);
	span->cache = cache;
	span->state = state;
	if (state == TCSLAB_SPAN_SMALL) {
		span->free_bits = cache->span_objs <= BITS_PER_LONG ? &span->bits :
				  (unsigned long *)take_spare(heap);
		for (i = 0; i < span->npages; i++)
			tcslab_page_map(span->page + i, span, cache);
		stats->small_pages += span->npages;
		stats->small_spans++;
	} else {
		tcslab_page_map(span->page + span->npages - 1, span, NULL);
		tcslab_page_map(span->page, span, cache);
		stats->large_pages += span->npages;
		stats->large_spans++;
	}
	stats->peak_used_pages = max(stats->peak_used_pages,
				     stats->small_pages + stats->large_pages);
}

static void unpublish(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	unsigned int i;

	lockdep_assert_held(&heap->lock);
	if (span->state == TCSLAB_SPAN_SMALL) {
		if (span->free_bits != &span->bits)
			put_spare(heap, (struct tcslab_span *)span->free_bits);
		for (i = 0; i < span->npages; i++)
			tcslab_page_map(span->page + i, span, NULL);
		heap->stats.small_pages -= span->npages;
		heap->stats.small_spans--;
	} else {
		tcslab_page_map(span->page, span, NULL);
		heap->stats.large_pages -= span->npages;
		heap->stats.large_spans--;
	}
}

/* ----------------------------------------------- growing and giving back */

static gfp_t zone_gfp(enum tcslab_zone zone)
{
	switch (zone) {
	case TCSLAB_ZONE_DMA:
		return GFP_DMA;
	case TCSLAB_ZONE_DMA32:
		return GFP_DMA32;
	default:
		return 0;
	}
}

/* The kernel's allocators take sleeping locks on PREEMPT_RT. */
static bool may_call_kernel(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

static struct tcslab_span *new_span(gfp_t gfp)
{
	struct tcslab_span *span = kmem_cache_alloc(span_cache, tcslab_effort(gfp));

	if (span)
		atomic_long_inc(&nr_span_structs);
	return span;
}

static void free_span(struct tcslab_span *span)
{
	kmem_cache_free(span_cache, span);
	atomic_long_dec(&nr_span_structs);
}

static bool add_spares(struct tcslab_page_heap *heap, gfp_t gfp)
{
	struct tcslab_span *spare[SPLIT_SPARES];
	unsigned long flags;
	unsigned int i, n;

	if (!may_call_kernel())
		return false;
	for (n = 0; n < SPLIT_SPARES; n++) {
		spare[n] = new_span(gfp);
		if (!spare[n])
			break;
	}
	tcslab_lock_irqsave(&heap->lock, flags);
	for (i = 0; i < n; i++)
		put_spare(heap, spare[i]);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return n == SPLIT_SPARES;
}

static unsigned int wanted_order(const struct tcslab_page_heap *heap)
{
	/* Only a hint, so no lock. */
	unsigned long share = data_race(heap->stats.held_pages) >> GROWTH_SHIFT;

	if (heap->zone == TCSLAB_ZONE_DMA)
		return DMA_CHUNK_ORDER;
	return clamp(share ? ilog2(share) : 0, MIN_CHUNK_ORDER, MAX_CHUNK_ORDER);
}

/*
 * Pages for a chunk: the order that the heap's size suggests if that is to be
 * had cheaply and from this node, then smaller ones, and at last the smallest that serves,
 * with all that the caller's gfp allows.
 */
static struct page *alloc_chunk_pages(struct tcslab_page_heap *heap, unsigned int min_order,
				      gfp_t gfp, unsigned int *order)
{
	gfp_t base = zone_gfp(heap->zone);
	gfp_t cheap = base | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC |
		      __GFP_THISNODE | (gfp & __GFP_KSWAPD_RECLAIM);
	struct page *page;

	for (*order = wanted_order(heap); *order > min_order; --*order) {
		page = alloc_pages_node(heap->node, cheap, *order);
		if (page)
			return page;
	}
	*order = min_order;
	return alloc_pages_node(heap->node, base | tcslab_effort(gfp) | (gfp & __GFP_THISNODE),
				min_order);
}

static void note_growth(unsigned long end, unsigned long npages)
{
	unsigned long held = atomic_long_add_return(npages, &held_pages);
	unsigned long old = READ_ONCE(tcslab_map_bytes), seen;
	long peak = atomic_long_read(&peak_held_pages);

	while (held > peak && !atomic_long_try_cmpxchg(&peak_held_pages, &peak, held))
		;
	while (end > old) {
		seen = cmpxchg(&tcslab_map_bytes, old, end);
		if (seen == old)
			break;
		old = seen;
	}
}

/*
 * Add a chunk with room for @npages.  It may come from another node than @heap's;
 * returns the heap that got it, or NULL.
 */
static struct tcslab_page_heap *grow(struct tcslab_page_heap *heap, unsigned int npages,
				     gfp_t gfp)
{
	unsigned int min_order = get_order((unsigned long)npages << PAGE_SHIFT), order, i;
	struct tcslab_chunk *chunk;
	struct tcslab_span *span;
	unsigned long flags;
	struct page *page;

	if (!may_call_kernel())
		return NULL;
	chunk = kmalloc(sizeof(*chunk), tcslab_effort(gfp));
	span = new_span(gfp);
	page = chunk && span ? alloc_chunk_pages(heap, min_order, gfp, &order) : NULL;
	if (!page)
		goto fail;
	/* No free would look where an object of this node belongs. */
	if (unlikely(page_to_nid(page) != first_memory_node) &&
	    !static_branch_unlikely(&tcslab_numa_key)) {
		__free_pages(page, order);
		goto fail;
	}

	set_page_count(page, 0);
	for (i = 0; i < 1U << order; i++) {
		tcslab_page_map(page + i, NULL, NULL);
		page[i].lru.prev = (struct list_head *)TCSLAB_PAGE_COOKIE;
	}
	heap = heap_of(page_to_nid(page), heap->zone);
	*chunk = (struct tcslab_chunk){ .page = page, .order = order, .heap = heap };
	span->chunk = chunk;
	span->page = page;
	span->npages = 1U << order;
	note_growth((unsigned long)page_address(page) - PAGE_OFFSET + (PAGE_SIZE << order),
		    span->npages);

	tcslab_lock_irqsave(&heap->lock, flags);
	list_add(&chunk->list, &heap->chunks);
	insert_free(heap, span);
	heap->stats.chunks++;
	heap->stats.grown++;
	heap->stats.held_pages += span->npages;
	heap->stats.peak_held_pages = max(heap->stats.peak_held_pages,
					  heap->stats.held_pages);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	tcslab_scavenger_wake();
	return heap;

fail:
	if (span)
		free_span(span);
	kfree(chunk);
	return NULL;
}

/* Take the chunk that has been free for longest, or NULL; it has one span. */
static struct tcslab_span *detach_free_chunk(struct tcslab_page_heap *heap,
					     unsigned long age)
{
	struct tcslab_chunk *chunk;
	struct tcslab_span *span = NULL;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	chunk = list_first_entry_or_null(&heap->free_chunks, struct tcslab_chunk, free_list);
	if (chunk && time_after_eq(jiffies, chunk->free_since + age)) {
		span = tcslab_page_span(chunk->page);
		remove_free(heap, span);
		list_del(&chunk->list);
		heap->stats.chunks--;
		heap->stats.released++;
		heap->stats.held_pages -= span->npages;
	}
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

static unsigned int release_chunk(struct tcslab_span *span)
{
	struct tcslab_chunk *chunk = span->chunk;
	struct page *page = chunk->page;
	unsigned int npages = span->npages, i;

	/* Nothing of ours may stay in the pages: the cookie above all. */
	for (i = 0; i < npages; i++) {
		INIT_LIST_HEAD(&page[i].lru);
		set_page_private(page + i, 0);
	}
	set_page_count(page, 1);
	__free_pages(page, chunk->order);
	atomic_long_sub(npages, &held_pages);
	free_span(span);
	kfree(chunk);
	return npages;
}

static void trim_spares(struct tcslab_page_heap *heap, unsigned int keep)
{
	struct tcslab_span *span;
	unsigned long flags;

	do {
		span = NULL;
		tcslab_lock_irqsave(&heap->lock, flags);
		if (heap->nr_spares > keep)
			span = take_spare(heap);
		tcslab_unlock_irqrestore(&heap->lock, flags);
		if (span)
			free_span(span);
	} while (span);
}

/* ---------------------------------------------------------------- interface */

/* From the FREE spans of one heap.  NULL when there is none, or no spares. */
static bool is_low(const struct tcslab_page_heap *heap, unsigned long npages,
		   unsigned int nr_spares)
{
	lockdep_assert_held(&heap->lock);
	return heap->zone == TCSLAB_ZONE_NORMAL &&
	       (heap->stats.free_pages < npages || heap->nr_spares < nr_spares);
}

static struct tcslab_span *take_free(struct tcslab_page_heap *heap,
				     const struct span_request *req, bool *spares)
{
	struct tcslab_span *span = NULL;
	unsigned long flags;
	bool low;

	tcslab_lock_irqsave(&heap->lock, flags);
	*spares = heap->nr_spares >= SPLIT_SPARES;
	if (*spares)
		span = best_fit(heap, req->npages, req->align);
	if (span) {
		carve(heap, span, req->npages, req->align);
		publish(heap, span, req->cache, req->state);
	}
	low = is_low(heap, TCSLAB_STOCK_PAGES / 2, TCSLAB_STOCK_SPARES / 2);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && low)
		tcslab_stock_wanted();
	return span;
}

/* From a heap that grows if need be, by what @gfp allows. */
static struct tcslab_span *take_or_grow(struct tcslab_page_heap *heap,
					const struct span_request *req, gfp_t gfp)
{
	struct tcslab_span *span;
	bool spares;

	for (;;) {
		span = take_free(heap, req, &spares);
		if (span)
			return span;
		if (!spares) {
			if (!add_spares(heap, gfp))
				return NULL;
			continue;
		}
		/* Others may eat the new chunk before we look again: then once more. */
		heap = grow(heap, req->npages, gfp);
		if (!heap)
			return NULL;
	}
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
	struct tcslab_page_heap *heap = heap_of(node, zone);
	struct tcslab_span *span;
	bool spares;
	int other;

	if (unlikely(tcslab_nested()))
		return NULL;
	if (!static_branch_unlikely(&tcslab_numa_key) || gfp & __GFP_THISNODE)
		return take_or_grow(heap, &req, gfp);
	/* A node that is full, or has no memory, lives on what the others have free. */
	span = take_or_grow(heap, &req, tcslab_near(gfp));
	if (span)
		return span;
	for_each_online_node(other) {
		span = take_free(heap_of(other, zone), &req, &spares);
		if (span)
			return span;
	}
	return take_or_grow(heap, &req, gfp);
}

void tcslab_page_heap_stock(int node, enum tcslab_zone zone, unsigned long npages,
			    unsigned int nr_spares)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN | __GFP_THISNODE;
	struct tcslab_page_heap *heap = heap_of(node, zone);
	unsigned long flags, free;
	unsigned int spares;

	for (;;) {
		tcslab_lock_irqsave(&heap->lock, flags);
		free = heap->stats.free_pages;
		spares = heap->nr_spares;
		tcslab_unlock_irqrestore(&heap->lock, flags);
		if (spares < nr_spares ? !add_spares(heap, gfp) :
		    free >= npages || !grow(heap, TCSLAB_MAX_SPAN_PAGES, gfp))
			return;
	}
}

void tcslab_page_heap_free(struct tcslab_span *span)
{
	struct tcslab_page_heap *heap = span->chunk->heap;
	struct tcslab_span *other;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	unpublish(heap, span);
	other = claim_neighbour(heap, span, false);
	if (other) {
		span->page = other->page;
		span->npages += other->npages;
		put_spare(heap, other);
	}
	other = claim_neighbour(heap, span, true);
	if (other) {
		span->npages += other->npages;
		put_spare(heap, other);
	}
	insert_free(heap, span);
	tcslab_unlock_irqrestore(&heap->lock, flags);
}

unsigned long tcslab_page_heap_release(unsigned long npages, unsigned long age)
{
	struct tcslab_page_heap *heap;
	struct tcslab_span *span;
	unsigned long done = 0;
	int i;

	for (i = 0; i < nr_node_ids * TCSLAB_NR_ZONES; i++) {
		heap = &heaps[i];
		while (done < npages) {
			span = detach_free_chunk(heap, age);
			if (!span)
				break;
			done += release_chunk(span);
			cond_resched();
		}
		trim_spares(heap, MAX_SPARES);
	}
	return done;
}

void tcslab_page_heap_stats(int node, enum tcslab_zone zone,
			    struct tcslab_page_heap_stats *stats)
{
	struct tcslab_page_heap *heap = heap_of(node, zone);
	unsigned long flags, bit;
	struct rb_node *last;

	tcslab_lock_irqsave(&heap->lock, flags);
	*stats = heap->stats;
	last = rb_last(&heap->long_free);
	bit = find_last_bit(heap->nonempty, TCSLAB_SHORT_PAGES);
	if (last)
		stats->longest_free = rb_entry(last, struct tcslab_span, node)->npages;
	else if (bit < TCSLAB_SHORT_PAGES)
		stats->longest_free = bit + 1;
	tcslab_unlock_irqrestore(&heap->lock, flags);
}

/**
 * tcslab_held_pages() - pages that tcslab holds from the kernel now
 *
 * In use and free ones of all caches together; what a trim could change.
 *
 * Context: any.
 * Return: pages.
 */
unsigned long tcslab_held_pages(void)
{
	return atomic_long_read(&held_pages);
}
EXPORT_SYMBOL_GPL(tcslab_held_pages);

unsigned long tcslab_peak_held_pages(void)
{
	return atomic_long_read(&peak_held_pages);
}

unsigned long tcslab_releasable_pages(void)
{
	unsigned long npages = 0;
	int i;

	/* A hint: the release looks for itself. */
	for (i = 0; i < nr_node_ids * TCSLAB_NR_ZONES; i++)
		/* A statistic, it may be stale. */
		npages += data_race(heaps[i].free_chunk_pages);
	return npages;
}

unsigned long tcslab_metadata_bytes(void)
{
	unsigned long chunks = 0;
	int i;

	for (i = 0; i < nr_node_ids * TCSLAB_NR_ZONES; i++)
		/* A statistic, it may be stale. */
		chunks += data_race(heaps[i].stats.chunks);
	return atomic_long_read(&nr_span_structs) * SPARE_BYTES +
	       chunks * sizeof(struct tcslab_chunk);
}

int __init tcslab_page_heap_init(void)
{
	int i, j;

	/* A span is referred to from struct page, where kmemleak does not look. */
	span_cache = kmem_cache_create("tcslab_span", SPARE_BYTES,
				       0, SLAB_HWCACHE_ALIGN | SLAB_NOLEAKTRACE, NULL);
	heaps = kcalloc(nr_node_ids * TCSLAB_NR_ZONES, sizeof(*heaps), GFP_KERNEL);
	if (!span_cache || !heaps) {
		kmem_cache_destroy(span_cache);
		kfree(heaps);
		return -ENOMEM;
	}
	for (i = 0; i < nr_node_ids * TCSLAB_NR_ZONES; i++) {
		struct tcslab_page_heap *heap = &heaps[i];

		raw_spin_lock_init(&heap->lock);
		for (j = 0; j < TCSLAB_SHORT_PAGES; j++)
			INIT_LIST_HEAD(&heap->short_free[j]);
		heap->long_free = RB_ROOT;
		INIT_LIST_HEAD(&heap->chunks);
		INIT_LIST_HEAD(&heap->free_chunks);
		INIT_LIST_HEAD(&heap->spares);
		heap->node = i / TCSLAB_NR_ZONES;
		heap->zone = i % TCSLAB_NR_ZONES;
	}
	return 0;
}

void tcslab_page_heap_exit(void)
{
	int i;

	tcslab_page_heap_release(ULONG_MAX, 0);
	for (i = 0; i < nr_node_ids * TCSLAB_NR_ZONES; i++)
		trim_spares(&heaps[i], 0);
	/* What is left is still in use: its pages are lost, the machine lives. */
	WARN(tcslab_held_pages(), "tcslab: %lu pages leaked\n", tcslab_held_pages());
	kmem_cache_destroy(span_cache);
	kfree(heaps);
}
