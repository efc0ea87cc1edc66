/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the back tier: chunks, which are blocks of the page allocator, and the structures
 * that describe them and their spans.  Nothing here is called under a raw lock.
 */
#ifndef TCSLAB_CHUNK_H
#define TCSLAB_CHUNK_H

#include <linux/list.h>

#include "span.h"

struct tcslab_page_heap;

/**
 * enum tcslab_chunk_state - is it in one piece
 * @TCSLAB_CHUNK_WHOLE: yes; its free parts are FREE spans in the index
 * @TCSLAB_CHUNK_SPLIT: free parts have gone back, the others will one by one
 */
enum tcslab_chunk_state {
	TCSLAB_CHUNK_WHOLE,
	TCSLAB_CHUNK_SPLIT,
};

/**
 * struct tcslab_chunk - one block of the page allocator
 * @list: all chunks of the heap
 * @free_list: chunks that are one FREE span, the one that is so for longest first
 * @page: the first page, aligned to @order
 * @order: as for alloc_pages()
 * @heap: constant, and so are @page, @order and @paged
 * @state: see enum tcslab_chunk_state
 * @paged: to the kernel its pages are so many blocks
 * @left: pages that have not gone back
 *
 * Guarded by the heap's lock.
 */
struct tcslab_chunk {
	struct list_head list;
	struct list_head free_list;
	struct page *page;
	unsigned int order;
	struct tcslab_page_heap *heap;
	enum tcslab_chunk_state state;
	bool paged;
	unsigned int left;
};

/* Would @npages more be too many? */
bool tcslab_at_hard_limit(unsigned long npages);

int tcslab_chunk_init(void);
void tcslab_chunk_exit(void);

static inline unsigned int tcslab_chunk_pages(const struct tcslab_chunk *chunk)
{
	return 1U << chunk->order;
}

/*
 * A new chunk with room for @npages, as one span that no heap knows; @held is what
 * its heap has, which says how much to take.  It may come from another node than
 * @node, unless @gfp has __GFP_THISNODE.  NULL when there is no memory, or it would be
 * beyond the hard limit, which does not hold for __GFP_NOFAIL; with that the caller tries again.
 */
struct tcslab_span *tcslab_chunk_alloc(int node, enum tcslab_zone zone, unsigned int npages,
				       unsigned long held, gfp_t gfp);

/* Give a chunk that is one span, off all lists, back.  Returns its pages. */
unsigned int tcslab_chunk_free(struct tcslab_span *span);

/* Give a part of a chunk back, the @last one with the chunk.  Returns its pages. */
unsigned int tcslab_chunk_free_part(struct tcslab_span *span, bool last);

/* Nobody gives the pages of @span back any more: they are not ours from here on. */
void tcslab_chunk_abandon(struct tcslab_span *span);

/* Count @npages at @page, negative ones that go, in the kernel's statistics. */
void tcslab_count_pages(struct page *page, long npages);

/* A look-up finds what is in this block from here on. */
void tcslab_map_cover(struct page *page, unsigned int order);

/* Span structures. */
struct tcslab_span *tcslab_span_new(gfp_t gfp);
void tcslab_span_delete(struct tcslab_span *span);

/* tcslab_peak_held_pages() begins anew. */
void tcslab_reset_peak_held_pages(void);

/* Bytes in span structures. */
unsigned long tcslab_span_bytes(void);

#endif /* TCSLAB_CHUNK_H */
