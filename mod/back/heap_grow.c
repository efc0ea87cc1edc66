// SPDX-License-Identifier: GPL-2.0
/*
 * What a page heap asks the kernel for: chunks
 *
 * No lock is held where the kernel's allocator is called.
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "base/lock.h"
#include "base/trace.h"
#include "heap.h"

#define HANDS_AT_MOST		HZ	/* that are waited for */

/*
 * At the hard limit: are there pages that count and are in no heap?  Then somebody gives them back
 * just now, or has just got them, and who may wait does so for a moment.
 */
static bool await_hands(gfp_t gfp, unsigned long since)
{
	struct tcslab_page_heap *heap;
	unsigned long listed = 0;

	if (gfp & __GFP_NORETRY || jiffies - since >= HANDS_AT_MOST)
		return false;
	tcslab_for_each_heap(heap)
		/* A glance, without a lock. */
		listed += data_race(READ_ONCE(heap->stats.held_pages));
	smp_rmb();	/* what comes into a heap meanwhile counts as in hands */
	if (tcslab_held_pages() <= listed)
		return false;
	schedule_timeout_uninterruptible(1);
	return true;
}

/*
 * At the hard limit: what other heaps have free counts, too, and so does what is in hands.  Of
 * what was in hands before we waited, or found that nothing is, some may be free by now.
 */
static bool make_room(gfp_t gfp, unsigned long since)
{
	return tcslab_page_heap_release(NUMA_NO_NODE, ULONG_MAX) || await_hands(gfp, since) ||
	       tcslab_page_heap_release(NUMA_NO_NODE, ULONG_MAX);
}

/* A block of the kernel's as one span, waiting for it as @gfp says. */
static struct tcslab_span *new_chunk(struct tcslab_page_heap *heap, unsigned int npages, gfp_t gfp)
{
	unsigned long block = 1UL << get_order((unsigned long)npages << PAGE_SHIFT);
	unsigned long since = jiffies;
	struct tcslab_span *span;

	for (;;) {
		span = tcslab_chunk_alloc(heap->node, heap->zone, npages,
					  /* The size of the heap is only a hint, so no lock. */
					  data_race(heap->stats.held_pages), gfp);
		if (span || !gfpflags_allow_blocking(gfp))
			return span;
		if (tcslab_at_hard_limit(block) && make_room(gfp, since))
			continue;
		if (!(tcslab_effort(gfp) & __GFP_NOFAIL))
			return NULL;
		memalloc_retry_wait(gfp);
	}
}

static void add_chunk(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	struct tcslab_page_heap_stats *stats = &heap->stats;
	struct tcslab_chunk *chunk = span->chunk;
	unsigned long flags;

	trace_chunk_grow(page_to_pfn(span->page), span->npages, heap->node);
	chunk->heap = heap;
	tcslab_lock_irqsave(&heap->lock, flags);
	list_add(&chunk->list, &heap->chunks);
	span->nwarm = 0;	/* nobody has had it */
	tcslab_heap_add_free(heap, span);
	stats->chunks++;
	stats->grown++;
	stats->held_pages += span->npages;
	stats->peak_held_pages = max(stats->peak_held_pages, stats->held_pages);
	tcslab_keep_note_grown(&heap->keep, span->npages, tcslab_heap_floor(), jiffies);
	tcslab_unlock_irqrestore(&heap->lock, flags);
}

struct tcslab_page_heap *tcslab_heap_grow(struct tcslab_page_heap *heap, unsigned int npages,
					  gfp_t gfp)
{
	struct tcslab_span *span = new_chunk(heap, npages, gfp);

	if (!span)
		return NULL;
	heap = tcslab_heap_of(page_to_nid(span->page), heap->zone);
	add_chunk(heap, span);
	/* Only a hint, so no lock. */
	while (data_race(heap->nr_spares) < TCSLAB_RESERVE_SPARES &&
	       tcslab_heap_add_spares(heap, tcslab_optional(gfp)))
		;
	tcslab_heap_hooks->wake();
	return heap;
}

void tcslab_page_heap_stock(int node, enum tcslab_zone zone, unsigned long npages,
			    unsigned int nr_spares)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN | __GFP_THISNODE;
	struct tcslab_page_heap *heap = tcslab_heap_of(node, zone);
	unsigned long flags, free;
	unsigned int spares;

	for (;;) {
		tcslab_lock_irqsave(&heap->lock, flags);
		free = heap->free.npages;
		spares = heap->nr_spares;
		tcslab_unlock_irqrestore(&heap->lock, flags);
		if (spares < nr_spares) {
			if (!tcslab_heap_add_spares(heap, gfp))
				return;
			continue;
		}
		/*
		 * At the limit the heap would give back what it has free for what comes in its
		 * place, again and again, and who looks for it meanwhile finds nothing.
		 */
		if (free >= npages || tcslab_at_hard_limit(TCSLAB_MAX_SPAN_PAGES) ||
		    !tcslab_heap_grow(heap, TCSLAB_MAX_SPAN_PAGES, gfp))
			return;
	}
}
