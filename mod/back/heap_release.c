// SPDX-License-Identifier: GPL-2.0
/*
 * Giving a page heap's free memory back to the kernel
 *
 * Whole chunks: what is more than is worth keeping (heap_keep.h), a few of them with the free
 * that made it so, the rest by the scavenger; on demand all of them.
 *
 * Parts of chunks, on demand only: those pages of the chunk that are free go,
 * and from then on each span of it goes as soon as it is free (a scrap).  Such a
 * chunk has no FREE span in the index and no merging; what is left of it is in use.
 *
 * No lock is held where the kernel's allocator is called.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>

#include "base/bytes_param.h"
#include "base/lock.h"
#include "heap.h"

#define MAX_SPARES	64

/*
 * What one call gives back on the side, at most: its caller may have preemption off.  With
 * init_on_free the kernel clears what it gets.
 */
#define CHUNKS_AT_ONCE	2
#define PAGES_AT_ONCE	512
#define CLEARED_AT_ONCE	16

unsigned long tcslab_keep_bytes = SZ_64K;
tcslab_bytes_param(keep_bytes, tcslab_keep_bytes, 0,
		   "bytes in free chunks that are kept (a demand of the kernel takes them; 0: none)");

/* ------------------------------------------------------------ whole chunks */

/* Take a free chunk off the heap; it is one span. */
static struct tcslab_span *detach_chunk(struct tcslab_page_heap *heap,
					struct tcslab_chunk *chunk)
{
	struct tcslab_span *span = tcslab_page_span(chunk->page);

	lockdep_assert_held(&heap->lock);
	tcslab_heap_remove_free(heap, span);
	list_del(&chunk->list);
	heap->stats.chunks--;
	heap->stats.released++;
	heap->stats.held_pages -= span->npages;
	return span;
}

static struct tcslab_chunk *oldest_free_chunk(struct tcslab_page_heap *heap)
{
	return list_first_entry_or_null(&heap->free_chunks, struct tcslab_chunk, free_list);
}

/* For who asked for it. */
static struct tcslab_span *detach_any_chunk(struct tcslab_page_heap *heap)
{
	struct tcslab_chunk *chunk;
	struct tcslab_span *span = NULL;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	chunk = oldest_free_chunk(heap);
	if (chunk)
		span = detach_chunk(heap, chunk);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

/*
 * One of up to @max pages, while more is free than is worth keeping and @floor.  The last one
 * may be longer than what is too much: nothing would ever go of a heap with one long chunk.
 */
static struct tcslab_span *detach_excess_chunk(struct tcslab_page_heap *heap,
					       unsigned long floor, unsigned int max)
{
	struct tcslab_chunk *chunk;
	struct tcslab_span *span = NULL;
	unsigned long flags, excess;

	tcslab_lock_irqsave(&heap->lock, flags);
	excess = tcslab_keep_excess(&heap->keep, heap->free_chunk_pages, floor);
	chunk = excess ? oldest_free_chunk(heap) : NULL;
	if (chunk && tcslab_chunk_pages(chunk) <= max) {
		span = detach_chunk(heap, chunk);
		/* What goes with it is worth keeping already. */
		tcslab_keep_note_given(&heap->keep, min_t(unsigned long, excess, span->npages),
				       jiffies);
	}
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

/* One of up to @max pages, and of fewer than @npages. */
static struct tcslab_span *detach_short_chunk(struct tcslab_page_heap *heap,
					      unsigned int npages, unsigned int max)
{
	struct tcslab_chunk *chunk;
	struct tcslab_span *span = NULL;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	chunk = oldest_free_chunk(heap);
	if (chunk && tcslab_chunk_pages(chunk) < npages && tcslab_chunk_pages(chunk) <= max)
		span = detach_chunk(heap, chunk);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

/* -------------------------------------------------------- parts of chunks */

void tcslab_heap_add_scrap(struct tcslab_page_heap *heap, struct tcslab_span *span)
{
	lockdep_assert_held(&heap->lock);
	span->state = TCSLAB_SPAN_FREE;
	list_add(&span->list, &heap->scraps);
	heap->scrap_pages += span->npages;
	heap->nr_scraps++;
}

/* One of up to @npages; *@last if nothing else is left of its chunk. */
static struct tcslab_span *detach_scrap(struct tcslab_page_heap *heap, unsigned int npages,
					bool *last)
{
	struct tcslab_span *span;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	span = list_first_entry_or_null(&heap->scraps, struct tcslab_span, list);
	if (span && span->npages > npages)
		span = NULL;
	if (span) {
		struct tcslab_chunk *chunk = span->chunk;

		list_del(&span->list);
		heap->scrap_pages -= span->npages;
		heap->nr_scraps--;
		heap->stats.held_pages -= span->npages;
		chunk->left -= span->npages;
		*last = !chunk->left;
		if (*last) {
			list_del(&chunk->list);
			heap->stats.chunks--;
			heap->stats.released++;
		}
	}
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

/* All of them.  Task context. */
static unsigned long release_scraps(struct tcslab_page_heap *heap)
{
	struct tcslab_span *span;
	unsigned long done = 0;
	bool last;

	while ((span = detach_scrap(heap, UINT_MAX, &last))) {
		done += tcslab_chunk_free_part(span, last);
		cond_resched();
	}
	return done;
}

/* The chunk that has the longest free part is taken to pieces; false if there is none. */
static bool split_one(struct tcslab_page_heap *heap)
{
	struct tcslab_chunk *chunk;
	struct tcslab_span *span;
	unsigned long flags;
	struct page *page;

	tcslab_lock_irqsave(&heap->lock, flags);
	span = tcslab_free_index_longest_span(&heap->free);
	if (span) {
		chunk = span->chunk;
		chunk->state = TCSLAB_CHUNK_SPLIT;
		/* At most as many spans as the chunk has pages. */
		for (page = chunk->page; page < chunk->page + tcslab_chunk_pages(chunk);
		     page += span->npages) {
			span = tcslab_page_span(page);
			if (span->state != TCSLAB_SPAN_FREE)
				continue;
			tcslab_heap_remove_free(heap, span);
			tcslab_heap_add_scrap(heap, span);
		}
	}
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

unsigned long tcslab_page_heap_release_parts(int node, unsigned long npages)
{
	struct tcslab_page_heap *heap;
	unsigned long done = 0;

	tcslab_for_each_heap_of(heap, node) {
		done += release_scraps(heap);
		while (done < npages && split_one(heap)) {
			done += release_scraps(heap);
			cond_resched();
		}
	}
	return done;
}

/* -------------------------------------------------------------- interface */

/* Frees that come in numbers, see page_heap.h: its CPU's own, with preemption off. */
static DEFINE_PER_CPU(unsigned int, postponed);

static unsigned int pages_at_once(void)
{
	return want_init_on_free() ? CLEARED_AT_ONCE : PAGES_AT_ONCE;
}

/**
 * struct quota - what a call may still give back on the side
 * @pages: in all
 * @chunks: whole ones
 * @scraps: parts of others
 */
struct quota {
	unsigned int pages;
	unsigned int chunks;
	unsigned int scraps;
};

static struct quota quota(void)
{
	return (struct quota){ pages_at_once(), CHUNKS_AT_ONCE, CHUNKS_AT_ONCE };
}

/*
 * Not with interrupts off, since the caller may be a tracer inside of the page allocator, nor on
 * PREEMPT_RT, where nothing tells: then all is the scavenger's.
 */
static bool may_give(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && !irqs_disabled() && !raw_cpu_read(postponed);
}

static void give_excess(struct tcslab_page_heap *heap, struct quota *left)
{
	unsigned long floor = tcslab_heap_floor();
	struct tcslab_span *span;
	bool last;

	for (; left->chunks; left->chunks--) {
		span = detach_excess_chunk(heap, floor, left->pages);
		if (!span)
			break;
		left->pages -= tcslab_chunk_free(span);
	}
	for (; left->scraps; left->scraps--) {
		span = detach_scrap(heap, left->pages, &last);
		if (!span)
			break;
		left->pages -= tcslab_chunk_free_part(span, last);
	}
	/* Only a hint, so no lock. */
	if (data_race(tcslab_heap_has_excess(heap)))
		tcslab_heap_hooks->wake();
}

/*
 * Give back what is not worth keeping; a free makes a chunk or two too many, not more.
 * What has piled up is the scavenger's.
 */
void tcslab_heap_release_excess(struct tcslab_page_heap *heap)
{
	struct quota left = quota();

	if (may_give())
		give_excess(heap, &left);
}

void tcslab_page_heap_postpone(void)
{
	preempt_disable();
	__this_cpu_inc(postponed);
}

/* All heaps together give what one free may. */
void tcslab_page_heap_catch_up(void)
{
	struct tcslab_page_heap *heap;
	struct quota left = quota();

	__this_cpu_dec(postponed);
	if (may_give()) {
		tcslab_for_each_heap(heap)
			/* Only a hint, so no lock. */
			if (data_race(tcslab_heap_has_excess(heap)))
				give_excess(heap, &left);
	}
	preempt_enable();
}

/*
 * Before the heap grows for @npages: what is free but too short for them goes, as much as
 * comes, or at once if the caller must not take long.  Otherwise large objects of several sizes
 * each leave something behind.  The caller may call the kernel's allocators.
 */
void tcslab_heap_release_short(struct tcslab_page_heap *heap, unsigned int npages, gfp_t gfp)
{
	bool slow = gfpflags_allow_blocking(gfp);
	unsigned int left = slow ? npages : min(npages, pages_at_once()), n, done;
	struct tcslab_span *span;

	if (irqs_disabled())
		return;
	for (n = 0; left && (slow || n < CHUNKS_AT_ONCE); n++) {
		span = detach_short_chunk(heap, npages, slow ? UINT_MAX : left);
		if (!span)
			return;
		done = tcslab_chunk_free(span);
		left -= min(done, left);
	}
}

/*
 * To the kernel all our pages are slab pages that nothing can reclaim; here those that
 * are free in chunks are moved to what can be reclaimed.  Done when somebody looks for
 * such pages, not for each that comes and goes.
 */
static void account(struct tcslab_page_heap *heap)
{
	pg_data_t *node = NODE_DATA(heap->node);
	unsigned long flags;
	long more;

	tcslab_lock_irqsave(&heap->lock, flags);
	more = heap->free_chunk_pages - heap->accounted_pages;
	heap->accounted_pages = heap->free_chunk_pages;
	tcslab_unlock_irqrestore(&heap->lock, flags);
	if (!more)
		return;
	mod_node_page_state(node, NR_KERNEL_MISC_RECLAIMABLE, more);
	mod_node_page_state(node, NR_SLAB_UNRECLAIMABLE_B, -more * (long)PAGE_SIZE);
}

/* How much nobody wanted in the period that is over. */
static unsigned long next_period(struct tcslab_page_heap *heap)
{
	unsigned long flags, idle;

	tcslab_lock_irqsave(&heap->lock, flags);
	idle = tcslab_keep_next_period(&heap->keep, heap->free_chunk_pages, tcslab_heap_floor(),
				       jiffies);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return idle;
}

static void forget(struct tcslab_page_heap *heap)
{
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	tcslab_keep_forget(&heap->keep);
	tcslab_unlock_irqrestore(&heap->lock, flags);
}

/* Not what was in use a moment ago, where no free could give it back: that is often so again. */
unsigned long tcslab_page_heap_scavenge(unsigned long npages)
{
	unsigned long floor = tcslab_heap_floor(), left, done, all = 0;
	struct tcslab_page_heap *heap;
	struct tcslab_span *span;

	tcslab_for_each_heap(heap) {
		left = min(next_period(heap), npages - min(npages, all));
		/* Freed where they could not be given back at once. */
		release_scraps(heap);
		while (left && (span = detach_excess_chunk(heap, floor, UINT_MAX))) {
			done = tcslab_chunk_free(span);
			left -= min(left, done);
			all += done;
			cond_resched();
		}
		/* What this one keeps the next need not; a hint, so no lock. */
		floor -= min(floor, data_race(heap->free_chunk_pages));
		tcslab_heap_trim_spares(heap, MAX_SPARES);
		account(heap);
	}
	return all;
}

unsigned long tcslab_page_heap_release(int node, unsigned long npages)
{
	struct tcslab_page_heap *heap;
	struct tcslab_span *span;
	unsigned long done = 0;

	tcslab_for_each_heap_of(heap, node) {
		while (done < npages && (span = detach_any_chunk(heap))) {
			done += tcslab_chunk_free(span);
			cond_resched();
		}
		if (npages == ULONG_MAX)
			forget(heap);
		tcslab_heap_trim_spares(heap, MAX_SPARES);
		account(heap);
	}
	return done;
}

void tcslab_page_heap_release_all(void)
{
	tcslab_page_heap_release(NUMA_NO_NODE, ULONG_MAX);
	tcslab_page_heap_release_parts(NUMA_NO_NODE, ULONG_MAX);
}
