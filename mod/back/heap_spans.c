// SPDX-License-Identifier: GPL-2.0
/*
 * Spans of one page heap: free ones in the index, split and merged, and who they are of in the
 * page map.  All with the heap's lock; nothing here allocates.
 */
#include <linux/mm.h>

#include "base/lock.h"
#include "base/trace.h"
#include "heap.h"

struct tcslab_page_heap *tcslab_heaps;
const struct tcslab_page_heap_hooks *tcslab_heap_hooks __ro_after_init;

/* ---------------------------------------------------------- FREE spans */

static bool span_is_chunk(const struct tcslab_span *span)
{
	return span->npages == tcslab_chunk_pages(span->chunk);
}

void tcslab_heap_add_free(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	lockdep_assert_held(&heap->lock);
	span->state = TCSLAB_SPAN_FREE;
	tcslab_page_map(span->page, span, &tcslab_no_cache, 0);
	tcslab_page_map(span->page + span->npages - 1, span, &tcslab_no_cache, 0);
	tcslab_free_index_add(&heap->free, span);
	if (span_is_chunk(span)) {
		list_add_tail(&span->chunk->free_list, &heap->free_chunks);
		heap->stats.free_chunks++;
		heap->free_chunk_pages += span->npages;
	}
}

void tcslab_heap_remove_free(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	lockdep_assert_held(&heap->lock);
	tcslab_free_index_remove(&heap->free, span);
	if (span_is_chunk(span)) {
		list_del(&span->chunk->free_list);
		heap->stats.free_chunks--;
		heap->free_chunk_pages -= span->npages;
		tcslab_keep_note_free(&heap->keep, heap->free_chunk_pages);
	}
}

/* ------------------------------------------------------ split and merge */

/* A part of @whole, which is being cut. */
static void add_free_part(struct tcslab_page_heap *heap, const struct tcslab_span *whole,
			  struct page *page, unsigned int npages)
{
	struct tcslab_span *span = tcslab_heap_take_spare(heap);

	span->chunk = whole->chunk;
	span->page = page;
	span->npages = npages;
	tcslab_free_index_inherit(span, whole, page - whole->page);
	tcslab_heap_add_free(heap, span);
}

void tcslab_heap_carve(struct tcslab_page_heap *heap, struct tcslab_span *span,
		       unsigned int npages, unsigned int before)
{
	unsigned int after = span->npages - before - npages;

	tcslab_heap_remove_free(heap, span);
	if (before)
		add_free_part(heap, span, span->page, before);
	if (after)
		add_free_part(heap, span, span->page + before + npages, after);
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

	if (page < first || page >= first + tcslab_chunk_pages(span->chunk))
		return NULL;
	other = tcslab_page_span(page);
	if (other->state != TCSLAB_SPAN_FREE)
		return NULL;
	tcslab_heap_remove_free(heap, other);
	return other;
}

/* Into the index, together with what is free on both sides. */
void tcslab_heap_merge(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	struct tcslab_span *other;

	tcslab_free_index_note(&heap->free, span);
	other = claim_neighbour(heap, span, false);
	if (other) {
		tcslab_free_index_join(&heap->free, span, other, -(int)other->npages);
		span->page = other->page;
		span->npages += other->npages;
		tcslab_heap_put_spare(heap, other);
	}
	other = claim_neighbour(heap, span, true);
	if (other) {
		tcslab_free_index_join(&heap->free, span, other, span->npages);
		span->npages += other->npages;
		tcslab_heap_put_spare(heap, other);
	}
	tcslab_heap_add_free(heap, span);
}

void tcslab_heap_publish(struct tcslab_page_heap *heap, struct tcslab_span *span,
			 struct tcslab_cache *cache, enum tcslab_span_state state)
{
	struct tcslab_page_heap_stats *stats = &heap->stats;
	unsigned long key;
	unsigned int i;

	lockdep_assert_held(&heap->lock);
	span->state = state;
	if (state == TCSLAB_SPAN_SMALL) {
		span->base = page_address(span->page) + cache->first;
		key = tcslab_span_key(span, cache);
		span->free_bits = cache->span_objs <= BITS_PER_LONG ? &span->bits :
				  (unsigned long *)tcslab_heap_take_spare(heap);
		for (i = 0; i < span->npages; i++)
			tcslab_page_map(span->page + i, span, cache, key);
		stats->small_pages += span->npages;
		stats->small_spans++;
	} else {
		tcslab_page_map(span->page + span->npages - 1, span, &tcslab_no_cache, 0);
		tcslab_page_map(span->page, span, cache, 0);
		stats->large_pages += span->npages;
		stats->large_spans++;
	}
	stats->peak_used_pages = max(stats->peak_used_pages,
				     stats->small_pages + stats->large_pages);
	trace_span_new(cache->name, page_to_pfn(span->page), span->npages,
		       page_to_nid(span->page));
}

void tcslab_heap_unpublish(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	unsigned int i;

	lockdep_assert_held(&heap->lock);
	/* Its first page says whose it is. */
	trace_span_free(((struct tcslab_cache *)span->page->private)->name,
			page_to_pfn(span->page), span->npages, page_to_nid(span->page));
	if (span->state == TCSLAB_SPAN_SMALL) {
		if (span->free_bits != &span->bits)
			tcslab_heap_put_spare(heap, (struct tcslab_span *)span->free_bits);
		for (i = 0; i < span->npages; i++)
			tcslab_page_map(span->page + i, span, &tcslab_no_cache, 0);
		heap->stats.small_pages -= span->npages;
		heap->stats.small_spans--;
	} else {
		tcslab_page_map(span->page, span, &tcslab_no_cache, 0);
		heap->stats.large_pages -= span->npages;
		heap->stats.large_spans--;
	}
}
