// SPDX-License-Identifier: GPL-2.0
/* At unload: spans of objects that nobody freed, and what becomes of their pages. */
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "heap.h"

/* The next page of the chunk from @page on that has not gone back, or NULL. */
static struct page *next_of_ours(const struct tcslab_chunk *chunk, struct page *page)
{
	struct page *end = chunk->page + tcslab_chunk_pages(chunk);

	for (; page < end; page++)
		/* Others may be writing to theirs: no cookie then. */
		if ((unsigned long)data_race(page->lru.prev) == TCSLAB_PAGE_COOKIE)
			return page;
	return NULL;
}

void tcslab_page_heap_visit_lost(void (*visit)(struct tcslab_span *span, unsigned int *seen),
				 unsigned int *seen)
{
	struct tcslab_page_heap *heap;
	struct tcslab_chunk *chunk;
	struct page *page;

	tcslab_for_each_heap(heap) {
		list_for_each_entry(chunk, &heap->chunks, list) {
			page = next_of_ours(chunk, chunk->page);
			while (page) {
				struct tcslab_span *span = tcslab_page_span(page);

				page += span->npages;
				visit(span, seen);
				page = next_of_ours(chunk, page);
			}
			cond_resched();
		}
	}
}

/* The structures go, the pages stay. */
static void abandon(struct tcslab_span *span, unsigned int *seen)
{
	tcslab_chunk_abandon(span);
	if (span->state == TCSLAB_SPAN_SMALL && span->free_bits != &span->bits)
		tcslab_span_delete((struct tcslab_span *)span->free_bits);
	tcslab_span_delete(span);
}

void tcslab_heap_abandon(void)
{
	struct tcslab_chunk *chunk, *next;
	struct tcslab_page_heap *heap;

	tcslab_page_heap_visit_lost(abandon, NULL);
	tcslab_for_each_heap(heap)
		list_for_each_entry_safe(chunk, next, &heap->chunks, list)
			kfree(chunk);
}
