// SPDX-License-Identifier: GPL-2.0
/* Best fit over FREE spans; see free_index.h */
#include "free_index.h"

#define FIT_TRIES		8	/* spans looked at for an aligned fit */

/* The largest power of two that the frame number is a multiple of. */
static unsigned int alignment(const struct tcslab_span *span)
{
	unsigned long pfn = page_to_pfn(span->page);

	return pfn ? __ffs(pfn) : BITS_PER_LONG;
}

/*
 * Of equal length the best aligned first: a chunk that was taken because nothing was aligned
 * must not be hidden behind the FIT_TRIES that are not.
 */
static bool span_before(struct rb_node *a, const struct rb_node *b)
{
	const struct tcslab_span *x = rb_entry(a, struct tcslab_span, node);
	const struct tcslab_span *y = rb_entry(b, struct tcslab_span, node);

	if (x->npages != y->npages)
		return x->npages < y->npages;
	if (alignment(x) != alignment(y))
		return alignment(x) > alignment(y);
	return x->page < y->page;
}

static unsigned int length_index(const struct tcslab_span *span)
{
	return span->npages <= TCSLAB_SHORT_PAGES ? span->npages : 0;
}

void tcslab_free_index_add(struct tcslab_free_index *index, struct tcslab_span *span)
{
	if (span->npages <= TCSLAB_SHORT_PAGES) {
		list_add(&span->list, &index->short_free[span->npages - 1]);
		__set_bit(span->npages - 1, index->nonempty);
	} else {
		rb_add(&span->node, &index->long_free, span_before);
	}
	index->npages += span->npages;
	index->nr_spans++;
	index->nr_by_length[length_index(span)]++;
}

void tcslab_free_index_remove(struct tcslab_free_index *index, struct tcslab_span *span)
{
	if (span->npages <= TCSLAB_SHORT_PAGES) {
		list_del(&span->list);
		if (list_empty(&index->short_free[span->npages - 1]))
			__clear_bit(span->npages - 1, index->nonempty);
	} else {
		rb_erase(&span->node, &index->long_free);
	}
	index->npages -= span->npages;
	index->nr_spans--;
	index->nr_by_length[length_index(span)]--;
}

static bool fits(const struct tcslab_span *span, unsigned int npages, unsigned int align)
{
	return tcslab_align_gap(span, align) + npages <= span->npages;
}

static struct tcslab_span *first_long(struct tcslab_free_index *index, unsigned int npages)
{
	struct rb_node *node = index->long_free.rb_node, *best = NULL;

	while (node) {
		if (rb_entry(node, struct tcslab_span, node)->npages >= npages) {
			best = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best ? rb_entry(best, struct tcslab_span, node) : NULL;
}

/*
 * The shortest span that holds @npages at the alignment.  A span of @npages +
 * @align - 1 fits wherever it begins; of the shorter ones only a few are looked
 * at, to keep the section bounded.
 */
struct tcslab_span *tcslab_free_index_best_fit(struct tcslab_free_index *index,
					       unsigned int npages, unsigned int align)
{
	struct tcslab_span *span;
	unsigned int bit, tries;

	bit = npages - 1;
	for_each_set_bit_from(bit, index->nonempty, TCSLAB_SHORT_PAGES) {
		tries = 0;
		list_for_each_entry(span, &index->short_free[bit], list) {
			if (fits(span, npages, align))
				return span;
			if (++tries == FIT_TRIES)
				break;
		}
	}
	tries = 0;
	for (span = first_long(index, npages); span;
	     span = rb_entry_safe(rb_next(&span->node), struct tcslab_span, node)) {
		if (fits(span, npages, align))
			return span;
		if (++tries == FIT_TRIES)
			break;
	}
	return first_long(index, npages + align - 1);
}

struct tcslab_span *tcslab_free_index_longest_span(const struct tcslab_free_index *index)
{
	struct rb_node *last = rb_last(&index->long_free);
	unsigned long bit;

	if (last)
		return rb_entry(last, struct tcslab_span, node);
	bit = find_last_bit(index->nonempty, TCSLAB_SHORT_PAGES);
	if (bit == TCSLAB_SHORT_PAGES)
		return NULL;
	return list_first_entry(&index->short_free[bit], struct tcslab_span, list);
}

unsigned int tcslab_free_index_longest(const struct tcslab_free_index *index)
{
	struct tcslab_span *span = tcslab_free_index_longest_span(index);

	return span ? span->npages : 0;
}

void tcslab_free_index_init(struct tcslab_free_index *index)
{
	int i;

	for (i = 0; i < TCSLAB_SHORT_PAGES; i++)
		INIT_LIST_HEAD(&index->short_free[i]);
	index->long_free = RB_ROOT;
}
