// SPDX-License-Identifier: GPL-2.0
/*
 * Giving a page heap's free memory back to the kernel
 *
 * Whole chunks: at once when more of them are free than the heap keeps, which is little
 * unless a load showed that it comes back for them; otherwise by the scavenger when they
 * have been free for a while, or on demand at any age.
 *
 * Parts of chunks, on demand only: the chunk is split into pages, those that are free go,
 * and from then on each span of it goes as soon as it is free (a scrap).  Such a
 * chunk has no FREE span in the index and no merging; what is left of it is in use.
 *
 * No lock is held where the kernel's allocator is called.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "heap.h"
#include "nested.h"
#include "scavenger.h"
#include "stock.h"

#define REGRETS		8	/* to believe that it will be missed again */
#define REGRET_TIME	(2 * HZ)
#define MAX_SPARES	64

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

static struct tcslab_span *detach_excess_chunk(struct tcslab_page_heap *heap)
{
	struct tcslab_span *span = NULL;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	if (heap->free_chunk_pages > max(heap->keep_pages, tcslab_heap_least_keep())) {
		span = detach_chunk(heap, oldest_free_chunk(heap));
		heap->given_pages += span->npages;
		heap->given_at = jiffies;
	}
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

static struct tcslab_span *detach_short_chunk(struct tcslab_page_heap *heap,
					      unsigned int npages)
{
	struct tcslab_chunk *chunk;
	struct tcslab_span *span = NULL;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	chunk = oldest_free_chunk(heap);
	if (chunk && tcslab_chunk_pages(chunk) < npages)
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

/* One that is not about to be split at the moment; *@last if nothing else is left. */
static struct tcslab_span *detach_scrap(struct tcslab_page_heap *heap, bool *last)
{
	struct tcslab_span *span = NULL, *scrap;
	unsigned long flags;

	tcslab_lock_irqsave(&heap->lock, flags);
	list_for_each_entry(scrap, &heap->scraps, list) {
		struct tcslab_chunk *chunk = scrap->chunk;

		if (chunk->state != TCSLAB_CHUNK_SPLIT)
			continue;
		span = scrap;
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
		break;
	}
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return span;
}

static unsigned long release_scraps(struct tcslab_page_heap *heap)
{
	struct tcslab_span *span;
	unsigned long done = 0;
	bool last;

	while ((span = detach_scrap(heap, &last)))
		done += tcslab_chunk_free_part(span, last);
	return done;
}

/* A span of the index in the chunk that has most to give, or NULL. */
static struct tcslab_chunk *begin_split(struct tcslab_page_heap *heap, struct list_head *parts)
{
	struct tcslab_span *span = tcslab_free_index_longest_span(&heap->free);
	struct tcslab_chunk *chunk;
	struct page *page;

	lockdep_assert_held(&heap->lock);
	if (!span)
		return NULL;
	chunk = span->chunk;
	chunk->state = TCSLAB_CHUNK_SPLITTING;
	/* At most as many spans as the chunk has pages. */
	for (page = chunk->page; page < chunk->page + tcslab_chunk_pages(chunk);
	     page += span->npages) {
		span = tcslab_page_span(page);
		if (span->state != TCSLAB_SPAN_FREE)
			continue;
		tcslab_heap_remove_free(heap, span);
		list_add(&span->list, parts);
		heap->scrap_pages += span->npages;
		heap->nr_scraps++;
	}
	return chunk;
}

static bool split_one(struct tcslab_page_heap *heap)
{
	struct tcslab_chunk *chunk;
	unsigned long flags;
	LIST_HEAD(parts);

	tcslab_lock_irqsave(&heap->lock, flags);
	chunk = begin_split(heap, &parts);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	if (!chunk)
		return false;
	tcslab_chunk_split(chunk);
	tcslab_lock_irqsave(&heap->lock, flags);
	chunk->state = TCSLAB_CHUNK_SPLIT;
	list_splice(&parts, &heap->scraps);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return true;
}

unsigned long tcslab_page_heap_release_parts(unsigned long npages)
{
	struct tcslab_page_heap *heap;
	unsigned long done = 0;

	tcslab_for_each_heap(heap) {
		done += release_scraps(heap);
		while (done < npages && split_one(heap)) {
			done += release_scraps(heap);
			cond_resched();
		}
	}
	return done;
}

/* -------------------------------------------------------------- interface */

/*
 * Give back at once what is more than the heap keeps.  Not with interrupts off: there
 * it would take long, and a tracer may have come from inside of the page allocator.  On
 * PREEMPT_RT nothing tells that, its locks leave interrupts on: the scavenger does it.
 */
void tcslab_heap_release_excess(struct tcslab_page_heap *heap)
{
	struct tcslab_span *span;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) || irqs_disabled())
		return;
	while ((span = detach_excess_chunk(heap)))
		tcslab_chunk_free(span);
	release_scraps(heap);
}

/*
 * Before the heap grows for @npages: what is free but too short for them goes, as much as
 * comes.  Otherwise large objects of several sizes each leave something behind.  The caller
 * may call the kernel's allocators.
 */
void tcslab_heap_release_short(struct tcslab_page_heap *heap, unsigned int npages)
{
	struct tcslab_span *span;
	unsigned int done = 0;

	if (irqs_disabled())
		return;
	while (done < npages && (span = detach_short_chunk(heap, npages)))
		done += tcslab_chunk_free(span);
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

unsigned long tcslab_page_heap_release(unsigned long npages, unsigned long age)
{
	struct tcslab_page_heap *heap;
	struct tcslab_span *span;
	unsigned long done = 0;

	tcslab_for_each_heap(heap) {
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
