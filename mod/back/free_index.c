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
		list_add_tail(&span->list, &index->short_free[span->npages - 1]);
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

enum avoid {
	AVOID_NOTHING,
	AVOID_LAST,
	AVOID_WARM,	/* what was freed a moment ago */
};

/* What is asked for. */
struct fit {
	unsigned int npages;
	unsigned int align;
	enum avoid avoid;
};

static bool is_warm(const struct tcslab_free_index *index, const struct tcslab_span *span)
{
	return span->nwarm && index->nr_freed - span->freed < TCSLAB_PASSED_OVER;
}

void tcslab_free_index_join(const struct tcslab_free_index *index, struct tcslab_span *span,
			    const struct tcslab_span *other, int behind)
{
	int first = 0, end = 0;

	if (is_warm(index, other)) {
		first = other->warm + max(behind, 0);
		end = first + other->nwarm;
	}
	span->warm += max(-behind, 0);
	if (!end)
		return;
	end = max(end, span->warm + span->nwarm);
	span->warm = min_t(int, first, span->warm);
	span->nwarm = end - span->warm;
}

void tcslab_free_index_inherit(struct tcslab_span *span, const struct tcslab_span *whole,
			       unsigned int first)
{
	unsigned int begin = max_t(unsigned int, whole->warm, first);
	unsigned int end = min(whole->warm + whole->nwarm, first + span->npages);

	span->freed = whole->freed;
	span->warm = begin - first;
	span->nwarm = end > begin ? end - begin : 0;
}

/* Pages between page @from of @span and the first frame that is a multiple of @align. */
static unsigned int align_gap(const struct tcslab_span *span, unsigned int from,
			      unsigned int align)
{
	return -(page_to_pfn(span->page) + from) & (align - 1);
}

/* Where it fits into @span: before what is to be avoided, or behind it. */
static bool fits(const struct tcslab_free_index *index, const struct tcslab_span *span,
		 const struct fit *fit, unsigned int *before)
{
	long at = align_gap(span, 0, fit->align), first = 0, end = 0;

	if (fit->avoid == AVOID_WARM && is_warm(index, span)) {
		first = span->warm;
		end = first + span->nwarm;
	} else if (fit->avoid == AVOID_LAST) {
		first = index->last - page_to_pfn(span->page);
		end = first + index->nlast;
	}
	if (at < end && at + fit->npages > first)
		at = end + align_gap(span, end, fit->align);
	*before = at;
	return at + fit->npages <= span->npages;
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

/* The shortest; only a few are looked at of each length, to keep the section bounded. */
static struct tcslab_span *best_fit(struct tcslab_free_index *index, const struct fit *fit,
				    unsigned int *before)
{
	struct tcslab_span *span;
	unsigned int bit, tries;

	bit = fit->npages - 1;
	for_each_set_bit_from(bit, index->nonempty, TCSLAB_SHORT_PAGES) {
		tries = 0;
		list_for_each_entry(span, &index->short_free[bit], list) {
			if (fits(index, span, fit, before))
				return span;
			if (++tries == FIT_TRIES)
				break;
		}
	}
	tries = 0;
	for (span = first_long(index, fit->npages); span;
	     span = rb_entry_safe(rb_next(&span->node), struct tcslab_span, node)) {
		if (fits(index, span, fit, before))
			return span;
		if (++tries == FIT_TRIES)
			break;
	}
	return NULL;
}

/*
 * First without what was freed a moment ago.  A span of @npages + @align - 1 fits wherever it
 * begins.
 */
struct tcslab_span *tcslab_free_index_best_fit(struct tcslab_free_index *index,
					       unsigned int npages, unsigned int align,
					       unsigned int *before)
{
	struct fit fit = { .npages = npages, .align = align, .avoid = AVOID_WARM };
	struct tcslab_span *span;

	for (;;) {
		span = best_fit(index, &fit, before);
		if (span)
			return span;
		if (fit.avoid == AVOID_NOTHING)
			break;
		fit.avoid--;
	}
	span = first_long(index, npages + align - 1);
	if (span)
		*before = align_gap(span, 0, align);
	return span;
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
