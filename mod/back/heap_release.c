// SPDX-License-Identifier: GPL-2.0
/*
 * Giving a page heap's free memory back to the kernel
 *
 * Whole chunks: a few at once when more of them are free than the heap keeps, which is little
 * unless a load showed that it comes back for them; otherwise by the scavenger when they
 * have been free for a while, or on demand at any age.
 *
 * Parts of chunks, on demand only: those pages of the chunk that are free go,
 * and from then on each span of it goes as soon as it is free (a scrap).  Such a
 * chunk has no FREE span in the index and no merging; what is left of it is in use.
 *
 * No lock is held where the kernel's allocator is called.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>

#include "base/lock.h"
#include "heap.h"

#define REGRETS		8	/* to believe that it will be missed again */
#define REGRET_TIME	(2 * HZ)
#define MAX_SPARES	64

/*
 * What one call gives back on the side, at most: its caller may have preemption off.  With
 * init_on_free the kernel clears what it gets.
 */
#define CHUNKS_AT_ONCE	2
#define PAGES_AT_ONCE	512
#define CLEARED_AT_ONCE	16

unsigned long tcslab_keep_bytes = SZ_64K;
module_param_named(keep_bytes, tcslab_keep_bytes, ulong, 0600);
MODULE_PARM_DESC(keep_bytes, "bytes in free chunks that are kept (a demand of the kernel takes them)");

/* ------------------------------------------------------------ whole chunks */

/* What is kept at least; on PREEMPT_RT also the stock, which would be taken again at once. */
unsigned long tcslab_heap_least_keep(void)
{
	unsigned long keep = READ_ONCE(tcslab_keep_bytes) >> PAGE_SHIFT;

	return IS_ENABLED(CONFIG_PREEMPT_RT) ? keep + 2 * TCSLAB_STOCK_PAGES : keep;
}

/*
 * The hysteresis: a load that goes up and down gives chunks back and takes them again.
 * When the heap has come back to its top several times, each soon after giving about as
 * much, it keeps as much as it gave in one go.  What then lies free for a whole period of
 * the scavenger was not missed, see settle().
 */
void tcslab_heap_note_growth(struct tcslab_page_heap *heap)
{
	unsigned long held = heap->stats.held_pages;
	unsigned int order;

	lockdep_assert_held(&heap->lock);
	if (jiffies - heap->given_at > REGRET_TIME) {
		heap->top_pages = held;
		heap->given_pages = 0;
		memset(heap->regrets, 0, sizeof(heap->regrets));
	}
	heap->top_pages = max(heap->top_pages, held);
	if (heap->given_pages && held >= heap->top_pages - heap->top_pages / 8) {
		order = min_t(unsigned int, ilog2(heap->given_pages), TCSLAB_REGRET_ORDERS - 1);
		heap->regrets[order] = min(heap->regrets[order] + 1, REGRETS);
		if (heap->regrets[order] == REGRETS)
			heap->keep_pages = max(heap->keep_pages, heap->given_pages);
		heap->given_pages = 0;
	}
}

/* Everything was asked back: what is kept from here on has to be shown again. */
static void forget_load(struct tcslab_page_heap *heap)
{
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	heap->keep_pages = tcslab_heap_least_keep();
	heap->given_pages = 0;
	memset(heap->regrets, 0, sizeof(heap->regrets));
	tcslab_unlock_irqrestore(&heap->lock, flags);
}

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

static struct tcslab_span *detach_old_chunk(struct tcslab_page_heap *heap, unsigned long age)
{
	struct tcslab_chunk *chunk;
	struct tcslab_span *span = NULL;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	chunk = oldest_free_chunk(heap);
	/* Not time_after(): it may have been free for half of all jiffies. */
	if (chunk && jiffies - chunk->free_since >= age)
		span = detach_chunk(heap, chunk);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

/* One of up to @npages. */
static struct tcslab_span *detach_excess_chunk(struct tcslab_page_heap *heap,
					       unsigned int npages)
{
	struct tcslab_chunk *chunk;
	struct tcslab_span *span = NULL;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	chunk = oldest_free_chunk(heap);
	if (heap->free_chunk_pages > max(heap->keep_pages, tcslab_heap_least_keep()) &&
	    tcslab_chunk_pages(chunk) <= npages) {
		span = detach_chunk(heap, chunk);
		heap->given_pages += span->npages;
		heap->given_at = jiffies;
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

/* Frees that come in numbers, see tcslab_page_heap_hold(): its CPU's own, with preemption off. */
static DEFINE_PER_CPU(unsigned int, holds);

static unsigned int pages_at_once(void)
{
	return want_init_on_free() ? CLEARED_AT_ONCE : PAGES_AT_ONCE;
}

/*
 * Give back what is more than the heap keeps; a free makes a chunk or two too many, not more.
 * What has piled up is the scavenger's, and so is all with interrupts off: a tracer may
 * have come from inside of the page allocator.  On PREEMPT_RT nothing tells that, its
 * locks leave interrupts on.
 */
void tcslab_heap_release_excess(struct tcslab_page_heap *heap)
{
	unsigned int left = pages_at_once(), n;
	struct tcslab_span *span;
	bool last;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) || irqs_disabled() || raw_cpu_read(holds))
		return;
	for (n = 0; n < CHUNKS_AT_ONCE && (span = detach_excess_chunk(heap, left)); n++)
		left -= tcslab_chunk_free(span);
	for (n = 0; n < CHUNKS_AT_ONCE && (span = detach_scrap(heap, left, &last)); n++)
		left -= tcslab_chunk_free_part(span, last);
	/* Only a hint, so no lock. */
	if (data_race(tcslab_heap_has_excess(heap)))
		tcslab_heap_hooks->wake();
}

void tcslab_page_heap_hold(void)
{
	preempt_disable();
	__this_cpu_inc(holds);
}

void tcslab_page_heap_let_go(void)
{
	struct tcslab_page_heap *heap;

	if (!__this_cpu_dec_return(holds)) {
		tcslab_for_each_heap(heap) {
			/* Only a hint, so no lock; the others' turn comes with their next free. */
			if (!data_race(tcslab_heap_has_excess(heap)))
				continue;
			tcslab_heap_release_excess(heap);
			break;
		}
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

/* Once in a period: what was free all the time need not be kept. */
static void settle(struct tcslab_page_heap *heap)
{
	unsigned long flags, keep;

	tcslab_lock_irqsave(&heap->lock, flags);
	keep = heap->keep_pages - min(heap->keep_pages, heap->low_free_pages);
	heap->keep_pages = max(keep, tcslab_heap_least_keep());
	heap->low_free_pages = heap->free_chunk_pages;
	tcslab_unlock_irqrestore(&heap->lock, flags);
	account(heap);
}

void tcslab_page_heap_settle(void)
{
	struct tcslab_page_heap *heap;

	tcslab_for_each_heap(heap) {
		settle(heap);
		/* Freed where they could not be given back at once. */
		release_scraps(heap);
	}
}

unsigned long tcslab_page_heap_release(int node, unsigned long npages, unsigned long age)
{
	struct tcslab_page_heap *heap;
	struct tcslab_span *span;
	unsigned long done = 0;

	tcslab_for_each_heap_of(heap, node) {
		while (done < npages) {
			span = detach_old_chunk(heap, age);
			if (!span)
				break;
			done += tcslab_chunk_free(span);
			cond_resched();
		}
		if (npages == ULONG_MAX)
			forget_load(heap);
		tcslab_heap_trim_spares(heap, MAX_SPARES);
		account(heap);
	}
	return done;
}
