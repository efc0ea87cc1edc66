/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the back tier, the index of a heap's FREE spans: short ones in a list per length,
 * long ones in a tree ordered by length, alignment and address.  Everything here is guarded by
 * the lock of the heap that the index is part of.
 */
#ifndef TCSLAB_FREE_INDEX_H
#define TCSLAB_FREE_INDEX_H

#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/rbtree.h>

#include "span.h"

/**
 * struct tcslab_free_index - FREE spans by length
 * @short_free: those of 1 to TCSLAB_SHORT_PAGES pages by length
 * @nonempty: bit n - 1 set: short_free[n - 1] has spans
 * @long_free: longer ones by length, alignment and address
 * @npages: pages in all of them
 * @nr_spans: their number
 * @nr_by_length: their number by length; index 0 counts those in @long_free
 */
struct tcslab_free_index {
	struct list_head short_free[TCSLAB_SHORT_PAGES];
	DECLARE_BITMAP(nonempty, TCSLAB_SHORT_PAGES);
	struct rb_root long_free;
	unsigned long npages;
	unsigned long nr_spans;
	unsigned long nr_by_length[TCSLAB_SHORT_PAGES + 1];
};

void tcslab_free_index_init(struct tcslab_free_index *index);

void tcslab_free_index_add(struct tcslab_free_index *index, struct tcslab_span *span);
void tcslab_free_index_remove(struct tcslab_free_index *index, struct tcslab_span *span);

/*
 * The shortest span that holds @npages from a frame number that is a multiple of
 * @align, or NULL.
 */
struct tcslab_span *tcslab_free_index_best_fit(struct tcslab_free_index *index,
					       unsigned int npages, unsigned int align);

/* The longest span, or NULL; and its pages, or 0. */
struct tcslab_span *tcslab_free_index_longest_span(const struct tcslab_free_index *index);
unsigned int tcslab_free_index_longest(const struct tcslab_free_index *index);

/* Pages between the start of @span and the first frame that is a multiple of @align. */
static inline unsigned int tcslab_align_gap(const struct tcslab_span *span, unsigned int align)
{
	return -page_to_pfn(span->page) & (align - 1);
}

#endif /* TCSLAB_FREE_INDEX_H */
