/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the back tier, one page heap: what these have in common: page_heap.c, which hands out
 * spans and takes them back, heap_spans.c, which splits and merges them, heap_spares.c, which has
 * the structures for that, heap_grow.c, which asks the kernel for more, and heap_release.c, which
 * gives pages back to it.
 */
#ifndef TCSLAB_HEAP_H
#define TCSLAB_HEAP_H

#include "chunk.h"
#include "free_index.h"
#include "heap_keep.h"
#include "page_heap.h"

/*
 * Structures that a heap with a chunk has for when there is no memory for more: so many times
 * a span can be split then.  Whoever has nothing else takes of them, an attempt too, since without
 * them he would be refused for want of a few bytes beside free pages; who may call the kernel
 * has asked for others first.
 */
#define TCSLAB_RESERVE_SPARES	16

/**
 * struct tcslab_page_heap - the spans of one node and zone
 * @lock: guards everything here, all chunks and all FREE spans
 * @free: the FREE spans by length
 * @chunks: all chunks
 * @free_chunks: those that are one FREE span, the longest free first
 * @scraps: spans of chunks that are in pieces, free and not in @free
 * @scrap_pages: pages in them
 * @nr_scraps: their number
 * @spares: span structures for splits and bitmaps; merges and frees return them
 * @nr_spares: their number
 * @free_chunk_pages: pages in @free_chunks
 * @accounted_pages: those that the kernel counts as reclaimable
 * @keep: how much of that is worth keeping
 * @node: constant
 * @zone: constant
 * @stats: counters; what @free knows is filled in when they are read
 */
struct tcslab_page_heap {
	raw_spinlock_t lock;
	struct tcslab_free_index free;
	struct list_head chunks;
	struct list_head free_chunks;
	struct list_head scraps;
	unsigned long scrap_pages;
	unsigned long nr_scraps;
	struct list_head spares;
	unsigned int nr_spares;
	unsigned long free_chunk_pages;
	unsigned long accounted_pages;
	struct tcslab_keep keep;
	int node;
	enum tcslab_zone zone;
	struct tcslab_page_heap_stats stats;
} ____cacheline_aligned_in_smp;

extern struct tcslab_page_heap *tcslab_heaps;	/* [node][zone] */
extern const struct tcslab_page_heap_hooks *tcslab_heap_hooks;	/* constant from the start */

/* Those of @node, or all for NUMA_NO_NODE. */
#define tcslab_for_each_heap_of(heap, node) \
	for ((heap) = tcslab_heaps + ((node) == NUMA_NO_NODE ? 0 : (node)) * TCSLAB_NR_ZONES; \
	     (heap) < tcslab_heaps + TCSLAB_NR_ZONES * \
		      ((node) == NUMA_NO_NODE ? nr_node_ids : (node) + 1); (heap)++)

#define tcslab_for_each_heap(heap)	tcslab_for_each_heap_of(heap, NUMA_NO_NODE)

static inline struct tcslab_page_heap *tcslab_heap_of(int node, enum tcslab_zone zone)
{
	return &tcslab_heaps[node * TCSLAB_NR_ZONES + zone];
}

/* ---------------------------------------------------------------- heap_spans.c */

/* Into the index and out of it; with the heap's lock, as all of these. */
void tcslab_heap_add_free(struct tcslab_page_heap *heap, struct tcslab_span *span);
void tcslab_heap_remove_free(struct tcslab_page_heap *heap, struct tcslab_span *span);

/* Cut @npages, @before pages from its start, out of a FREE span, which leaves the index. */
void tcslab_heap_carve(struct tcslab_page_heap *heap, struct tcslab_span *span,
		       unsigned int npages, unsigned int before);

/* Into the index, together with what is free on both sides. */
void tcslab_heap_merge(struct tcslab_page_heap *heap, struct tcslab_span *span);

/* @span is of @cache from now on: page map, bitmap and counters; and of nobody again. */
void tcslab_heap_publish(struct tcslab_page_heap *heap, struct tcslab_span *span,
			 struct tcslab_cache *cache, enum tcslab_span_state state);
void tcslab_heap_unpublish(struct tcslab_page_heap *heap, struct tcslab_span *span);

/* At unload: the pages of spans that are left are nobody's, their structures go.  In lost.c. */
void tcslab_heap_abandon(void);

/* --------------------------------------------------------------- heap_spares.c */

/* Structures for splits and bitmaps; with the heap's lock, and there is one to take. */
static inline struct tcslab_span *tcslab_heap_take_spare(struct tcslab_page_heap *heap)
{
	struct tcslab_span *span = list_first_entry(&heap->spares, struct tcslab_span, list);

	lockdep_assert_held(&heap->lock);
	list_del(&span->list);
	heap->nr_spares--;
	return span;
}

static inline void tcslab_heap_put_spare(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	lockdep_assert_held(&heap->lock);
	list_add(&span->list, &heap->spares);
	heap->nr_spares++;
}

/* As many more as one span may need; false if not all came. */
bool tcslab_heap_add_spares(struct tcslab_page_heap *heap, gfp_t gfp);

/* Give spare structures back until @keep are left. */
void tcslab_heap_trim_spares(struct tcslab_page_heap *heap, unsigned int keep);

/* ---------------------------------------------------------------- heap_grow.c */

/*
 * Add a chunk with room for @npages.  It may come from another node than @heap's;
 * returns the heap that got it, or NULL.
 */
struct tcslab_page_heap *tcslab_heap_grow(struct tcslab_page_heap *heap, unsigned int npages,
					  gfp_t gfp);

/* ------------------------------------------------------------ heap_release.c */

/* What free chunks may hold whatever was missed, in pages. */
static inline unsigned long tcslab_heap_floor(void)
{
	return READ_ONCE(tcslab_keep_bytes) >> PAGE_SHIFT;
}

/* A span of a chunk that is in pieces is free: keep it aside; with the heap's lock. */
void tcslab_heap_add_scrap(struct tcslab_page_heap *heap, struct tcslab_span *span);

/* Is there more than the heap keeps?  With its lock. */
static inline bool tcslab_heap_has_excess(const struct tcslab_page_heap *heap)
{
	return heap->nr_scraps || tcslab_keep_excess(&heap->keep, heap->free_chunk_pages,
						     tcslab_heap_floor());
}

/* Then give a part of it back, if the context allows it; the rest is the scavenger's. */
void tcslab_heap_release_excess(struct tcslab_page_heap *heap);

/* Give back free chunks shorter than @npages, about as much, if the context allows it. */
void tcslab_heap_release_short(struct tcslab_page_heap *heap, unsigned int npages, gfp_t gfp);

#endif /* TCSLAB_HEAP_H */
