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
 * @nr_freed: spans that were ever freed by who used them
 * @last: frame number of the last one of them
 * @nlast: its pages
 */
struct tcslab_free_index {
	struct list_head short_free[TCSLAB_SHORT_PAGES];
	DECLARE_BITMAP(nonempty, TCSLAB_SHORT_PAGES);
	struct rb_root long_free;
	unsigned long npages;
	unsigned long nr_spans;
	unsigned long nr_by_length[TCSLAB_SHORT_PAGES + 1];
	unsigned long nr_freed;
	unsigned long last;
	unsigned int nlast;
};

/*
 * What a cache has just given back does not go to another one at once, so that whoever still has a
 * pointer into it finds nothing of somebody else's there: it is passed over until so many
 * others have been freed, if something else is free; and the last one if anything is.
 */
#define TCSLAB_PASSED_OVER	32

/* @span has been freed now, and is not in the index yet. */
static inline void tcslab_free_index_note(struct tcslab_free_index *index,
					  struct tcslab_span *span)
{
	index->last = page_to_pfn(span->page);
	index->nlast = span->npages;
	span->freed = ++index->nr_freed;
	span->warm = 0;
	span->nwarm = span->npages;
}

/* Of @other, too, which will be one with @span and begins so many pages behind it, or before. */
void tcslab_free_index_join(const struct tcslab_free_index *index, struct tcslab_span *span,
			    const struct tcslab_span *other, int behind);

/* Of the part of @whole from page @first on that @span is. */
void tcslab_free_index_inherit(struct tcslab_span *span, const struct tcslab_span *whole,
			       unsigned int first);

void tcslab_free_index_init(struct tcslab_free_index *index);

void tcslab_free_index_add(struct tcslab_free_index *index, struct tcslab_span *span);
void tcslab_free_index_remove(struct tcslab_free_index *index, struct tcslab_span *span);

/*
 * The shortest span that holds @npages from a frame number that is a multiple of
 * @align, which is @before pages behind its start, or NULL.
 */
struct tcslab_span *tcslab_free_index_best_fit(struct tcslab_free_index *index,
					       unsigned int npages, unsigned int align,
					       unsigned int *before);

/* The longest span, or NULL; and its pages, or 0. */
struct tcslab_span *tcslab_free_index_longest_span(const struct tcslab_free_index *index);
unsigned int tcslab_free_index_longest(const struct tcslab_free_index *index);

#endif /* TCSLAB_FREE_INDEX_H */
