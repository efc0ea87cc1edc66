/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the back tier, one page heap: what page_heap.c, which hands out spans and takes them
 * back, and heap_release.c, which gives pages back to the kernel, have in common.
 */
#ifndef TCSLAB_HEAP_H
#define TCSLAB_HEAP_H

#include "chunk.h"
#include "free_index.h"
#include "page_heap.h"

#define TCSLAB_REGRET_ORDERS	20

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
 * @low_free_pages: least value of @free_chunk_pages since the scavenger looked
 * @accounted_pages: those that the kernel counts as reclaimable
 * @keep_pages: what is more in @free_chunks is given back at once
 * @top_pages: most pages held since something was given back
 * @given_pages: given back at once since then
 * @given_at: jiffies when that was
 * @regrets: how often in a row the heap grew to the top again after that, by the order
 *	of what it had given: to and fro by a few pages says nothing about many
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
	unsigned long low_free_pages;
	unsigned long accounted_pages;
	unsigned long keep_pages;
	unsigned long top_pages;
	unsigned long given_pages;
	unsigned long given_at;
	u8 regrets[TCSLAB_REGRET_ORDERS];
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

/* Into the index and out of it; with the heap's lock. */
void tcslab_heap_add_free(struct tcslab_page_heap *heap, struct tcslab_span *span);
void tcslab_heap_remove_free(struct tcslab_page_heap *heap, struct tcslab_span *span);

/* Give spare structures back until @keep are left. */
void tcslab_heap_trim_spares(struct tcslab_page_heap *heap, unsigned int keep);

/* At unload: the pages of spans that are left are nobody's, their structures go.  In lost.c. */
void tcslab_heap_abandon(void);

/* ------------------------------------------------------------ heap_release.c */

/* The heap has grown; with its lock. */
void tcslab_heap_note_growth(struct tcslab_page_heap *heap);

/* What free chunks may hold before some go back at once, pages. */
unsigned long tcslab_heap_least_keep(void);

/* A span of a chunk that is in pieces is free: keep it aside; with the heap's lock. */
void tcslab_heap_add_scrap(struct tcslab_page_heap *heap, struct tcslab_span *span);

/* Is there more than the heap keeps?  With its lock. */
static inline bool tcslab_heap_has_excess(const struct tcslab_page_heap *heap)
{
	return heap->free_chunk_pages > heap->keep_pages || heap->nr_scraps;
}

/* Then give a part of it back, if the context allows it; the rest is the scavenger's. */
void tcslab_heap_release_excess(struct tcslab_page_heap *heap);

/* Give back free chunks shorter than @npages, about as much, if the context allows it. */
void tcslab_heap_release_short(struct tcslab_page_heap *heap, unsigned int npages, gfp_t gfp);

#endif /* TCSLAB_HEAP_H */
