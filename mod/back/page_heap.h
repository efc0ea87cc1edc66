/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page heap: spans of pages for the central lists and for large objects
 *
 * One heap per node and zone.  What the tiers above may do:
 */
#ifndef TCSLAB_PAGE_HEAP_H
#define TCSLAB_PAGE_HEAP_H

#include "span.h"

/* Between calls of tcslab_page_heap_scavenge(). */
#define TCSLAB_KEEP_PERIOD	HZ

/* Bytes in free chunks that are kept whatever was missed; tunable at any time. */
extern unsigned long tcslab_keep_bytes;

/* Bytes in all chunks, 0 for no limit; tunable at any time, but takes nothing back. */
extern unsigned long tcslab_hard_limit_bytes;

/* On PREEMPT_RT each node has so much in stock, see policy/stock.h. */
#define TCSLAB_STOCK_PAGES	(SZ_1M / PAGE_SIZE)
#define TCSLAB_STOCK_SPARES	48	/* structures: 16 spans in a row */

/**
 * struct tcslab_page_heap_hooks - who works for the heaps, in the background
 * @wake: a heap got a chunk, or has more than it keeps; called where pages may be allocated
 * @stock_is_low: on PREEMPT_RT, half of a stock is used up; called in any context
 */
struct tcslab_page_heap_hooks {
	void (*wake)(void);
	void (*stock_is_low)(void);
};

int tcslab_page_heap_init(const struct tcslab_page_heap_hooks *hooks);

/* Gives all memory back; pages of what is still in use are left as they are, and no longer ours. */
void tcslab_page_heap_exit(void);

/* At unload: every span that is not free, by chunk.  *@seen is for the caller. */
void tcslab_page_heap_visit_lost(void (*visit)(struct tcslab_span *span, unsigned int *seen),
				 unsigned int *seen);

/*
 * Take a span of @npages whose first frame number is a multiple of @align, from
 * @zone and from @node or, unless @gfp has __GFP_THISNODE, from any other node if
 * need be.  Allocates pages as @gfp allows.  Not under a raw lock.  NULL when there
 * is no memory.
 */
struct tcslab_span *tcslab_page_heap_alloc(struct tcslab_cache *cache,
					   enum tcslab_zone zone,
					   enum tcslab_span_state state,
					   unsigned int npages, unsigned int align,
					   gfp_t gfp, int node);

/*
 * Grow until there are @npages free pages and @nr_spares structures, or no memory.
 * Task context.
 */
void tcslab_page_heap_stock(int node, enum tcslab_zone zone, unsigned long npages,
			    unsigned int nr_spares);

/*
 * Up to @n more like @like, a SMALL span that the caller has just got, from what is free in the
 * same heap: at the head of @spans.  Returns how many.  Not under a raw lock.
 */
unsigned int tcslab_page_heap_alloc_more(struct tcslab_cache *cache,
					 const struct tcslab_span *like, unsigned int n,
					 struct hlist_head *spans);

/*
 * Give a span back, or several SMALL ones.  Any context, never sleeps, not under a central lock.
 * If too many chunks are free then, a few go back to the kernel, once for all of them.
 */
void tcslab_page_heap_free(struct tcslab_span *span);
void tcslab_page_heap_free_all(struct hlist_head *spans);

/*
 * Between the two, frees on this CPU give nothing back to the kernel, so that many of them take
 * no longer than they do themselves; the second one makes up for it as one free does.
 * Preemption is off until then.
 */
void tcslab_page_heap_postpone(void);
void tcslab_page_heap_catch_up(void);

/*
 * Give up to @npages of whole free chunks back to the kernel, from @node or, for NUMA_NO_NODE,
 * from all; all of them makes the heaps forget what was worth keeping.  Task context.
 * Returns the number of pages.
 */
unsigned long tcslab_page_heap_release(int node, unsigned long npages);

/*
 * The same with free parts of chunks, until it was @npages or there are none.  Large
 * objects cannot be made of what they leave.
 */
unsigned long tcslab_page_heap_release_parts(int node, unsigned long npages);

/* Both, with all that is free.  Task context. */
void tcslab_page_heap_release_all(void);

/*
 * Once in a TCSLAB_KEEP_PERIOD: see what was missed in it, and give up to @npages back of what
 * was free all the time and is not worth keeping, down to keep_bytes in all.  Task context.
 * Returns the number of pages.
 */
unsigned long tcslab_page_heap_scavenge(unsigned long npages);

/**
 * struct tcslab_page_heap_stats - a snapshot of one heap
 * @chunks: blocks that the heap holds
 * @held_pages: pages in them
 * @free_pages: those in FREE spans
 * @small_pages: those in SMALL spans
 * @large_pages: those in LARGE spans
 * @small_spans: number of SMALL spans
 * @large_spans: number of LARGE spans
 * @free_spans: number of FREE spans
 * @free_chunks: chunks that are wholly free
 * @longest_free: pages in the longest FREE span
 * @peak_held_pages: high-water mark of @held_pages
 * @peak_used_pages: high-water mark of @small_pages + @large_pages
 * @grown: chunks that were ever allocated
 * @released: chunks that were ever given back
 * @short_spans: FREE spans by length; index 0 counts those longer than
 *	TCSLAB_SHORT_PAGES
 */
struct tcslab_page_heap_stats {
	unsigned long chunks;
	unsigned long held_pages;
	unsigned long free_pages;
	unsigned long small_pages;
	unsigned long large_pages;
	unsigned long small_spans;
	unsigned long large_spans;
	unsigned long free_spans;
	unsigned long free_chunks;
	unsigned long longest_free;
	unsigned long peak_held_pages;
	unsigned long peak_used_pages;
	unsigned long grown;
	unsigned long released;
	unsigned long short_spans[TCSLAB_SHORT_PAGES + 1];
};

void tcslab_page_heap_stats(int node, enum tcslab_zone zone,
			    struct tcslab_page_heap_stats *stats);

/* Of all heaps together: pages held, free and in large objects, and the number of those. */
void tcslab_page_heap_sums(struct tcslab_page_heap_stats *sums);

/* As tcslab_held_pages(): the peak of the sum of all heaps, not the sum of the peaks. */
unsigned long tcslab_peak_held_pages(void);

/* The high-water marks of all heaps and of their sum begin anew: what is held now. */
void tcslab_page_heap_reset_peaks(void);

/* Pages that were ever given back to the kernel. */
unsigned long tcslab_released_pages(void);

/* Somebody got nothing: count it if it was for the hard limit that @npages were not had. */
void tcslab_note_refusal(unsigned int npages);

/* Allocations that the hard limit refused, and chunks taken beyond it for __GFP_NOFAIL. */
unsigned long tcslab_hard_limit_refusals(void);
unsigned long tcslab_hard_limit_overruns(void);

/* Wholly free chunks of all heaps, in pages: what a release could give back now. */
unsigned long tcslab_releasable_pages(void);

/* The same with free parts of chunks, of @node or, for NUMA_NO_NODE, of all. */
unsigned long tcslab_heap_free_pages(int node);

/* Bytes of span and chunk structures, which are not in the held pages. */
unsigned long tcslab_metadata_bytes(void);

#endif /* TCSLAB_PAGE_HEAP_H */
