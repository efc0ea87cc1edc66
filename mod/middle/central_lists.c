// SPDX-License-Identifier: GPL-2.0
/*
 * The central free list of one cache and node: its spans by occupancy, and the objects in them
 *
 * Spans are in lists by fls(free objects); objects are handed out from those with the
 * fewest, so that sparse spans drain and go back (TCMalloc's span prioritisation).
 *
 * What tcslab_lists_ begins is called with central->lock.
 */
#include <linux/bitops.h>
#include <linux/mm.h>

#include "base/lock.h"
#include "base/random.h"
#include "base/report.h"
#include "debug/guard.h"
#include "central_lists.h"

#define LEAST_SHUFFLED		4	/* objects, whatever their pages */

/* Off its list, after which that list may be empty. */
static void unlist(struct tcslab_central *central, struct tcslab_span *span)
{
	lockdep_assert_held(&central->lock);
	__hlist_del(&span->link);
	central->nr_listed[span->bucket]--;
	if (hlist_empty(&central->spans[span->bucket]))
		__clear_bit(span->bucket, &central->nonempty);
}

/* Onto the list that its free objects ask for. */
static void enlist(struct tcslab_central *central, struct tcslab_cache *cache,
		   struct tcslab_span *span)
{
	lockdep_assert_held(&central->lock);
	span->bucket = fls(span->nfree);
	span->limit = min(1U << span->bucket, tcslab_span_objs(cache, span));
	hlist_add_head(&span->link, &central->spans[span->bucket]);
	central->nr_listed[span->bucket]++;
	if (span->bucket)
		__set_bit(span->bucket, &central->nonempty);
}

static bool in_order __ro_after_init;

void __init tcslab_central_keep_order(void)
{
	in_order = true;
}

/*
 * Nobody is to know which object comes next, or lies beside his: what is taken at once is
 * shuffled.  Not across pages where several objects have one, since those of a page that come
 * back together are sorted in together.
 */
static void shuffle(const struct tcslab_cache *cache, void **objs, unsigned int n)
{
	unsigned int part = max_t(unsigned int, PAGE_SIZE / cache->size, LEAST_SHUFFLED);

	if (in_order)
		return;
	for (; n > part; n -= part, objs += part)
		tcslab_shuffle(objs, part);
	tcslab_shuffle(objs, n);
}

/* Up to @n objects of those that @bits are, at @base: a run at a time.  Returns what is left. */
static unsigned long take_runs(unsigned long bits, void *base, unsigned int size, void **objs,
			       unsigned int n)
{
	while (bits && n) {
		unsigned int first = __ffs(bits), run;
		unsigned long used = ~(bits >> first);
		void *obj = base + (size_t)size * first;

		run = min_t(unsigned int, used ? __ffs(used) : BITS_PER_LONG, n);
		bits &= ~(~0UL >> (BITS_PER_LONG - run) << first);
		for (n -= run; run; run--, obj += size)
			*objs++ = obj;
	}
	return bits;
}

/*
 * Take up to @n objects of a span that has some, from any one on and round to it: in a new
 * span all are one run.  The span's list is the caller's.
 */
static unsigned int take_objs(struct tcslab_central *central, struct tcslab_cache *cache,
			      struct tcslab_span *span, void **objs, unsigned int n)
{
	unsigned int nobjs = tcslab_span_objs(cache, span);
	unsigned int words = DIV_ROUND_UP(nobjs, BITS_PER_LONG);
	unsigned int start = in_order ? 0 : tcslab_random_below(nobjs);
	unsigned int word = start / BITS_PER_LONG, got = 0;
	/* Of the first word what is before the start comes in the end. */
	unsigned long mask = ~0UL << start % BITS_PER_LONG;

	lockdep_assert_held(&central->lock);
	n = min_t(unsigned int, n, span->nfree);
	while (got < n) {
		unsigned long bits = span->free_bits[word], left;

		left = take_runs(bits & mask, span->base +
				 (size_t)cache->size * BITS_PER_LONG * word,
				 cache->size, objs + got, n - got);
		got += hweight_long((bits & mask) ^ left);
		span->free_bits[word] = (bits & ~mask) | left;
		mask = ~0UL;
		if (++word == words)
			word = 0;
	}
	shuffle(cache, objs, got);
	span->nfree -= got;
	central->nr_free -= got;
	return got;
}

/* In none of those lists until it is used again, and all that can come to it is bad. */
static void add_empty(struct tcslab_central *central, struct tcslab_span *span)
{
	lockdep_assert_held(&central->lock);
	span->limit = U16_MAX;
	hlist_add_head(&span->link, &central->empty);
}

/* Back to those that objects are taken from. */
static bool use_empty(struct tcslab_central *central, struct tcslab_cache *cache)
{
	struct tcslab_span *span;

	lockdep_assert_held(&central->lock);
	if (hlist_empty(&central->empty))
		return false;
	span = hlist_entry(central->empty.first, struct tcslab_span, link);
	__hlist_del(&span->link);
	enlist(central, cache, span);
	return true;
}

/* ---------------------------------------------------------- objects out of them */

static unsigned int span_alloc(struct tcslab_central *central, struct tcslab_cache *cache,
			       struct tcslab_span *span, void **objs, unsigned int n)
{
	unsigned int got = take_objs(central, cache, span, objs, n);

	if (fls(span->nfree) != span->bucket) {
		unlist(central, span);
		enlist(central, cache, span);
	}
	return got;
}

unsigned int tcslab_lists_take(struct tcslab_central *central, struct tcslab_cache *cache,
			       void **objs, unsigned int n)
{
	unsigned int got = 0;

	while (got < n && (central->nonempty || use_empty(central, cache))) {
		unsigned int list = __ffs(central->nonempty);
		struct tcslab_span *span = hlist_entry(central->spans[list].first,
						       struct tcslab_span, link);

		got += span_alloc(central, cache, span, objs + got, n - got);
	}
	return got;
}

unsigned int tcslab_central_add(struct tcslab_cache *cache, struct hlist_head *spans,
				void **objs, unsigned int n)
{
	struct tcslab_span *span = hlist_entry(spans->first, struct tcslab_span, link);
	struct tcslab_central *central = &cache->central[tcslab_span_node(span)];
	struct hlist_node *next;
	unsigned int got = 0;
	unsigned long flags;

	tcslab_lock_irqsave(&central->lock, flags);
	hlist_for_each_entry_safe(span, next, spans, link) {
		central->nr_spans++;
		central->nr_pages += span->npages;
		central->nr_objs += span->nfree;
		central->nr_free += span->nfree;
		if (got == n) {
			/* No free would give it back. */
			add_empty(central, span);
			continue;
		}
		got += take_objs(central, cache, span, objs + got, n - got);
		enlist(central, cache, span);
	}
	tcslab_unlock_irqrestore(&central->lock, flags);
	return got;
}

/* --------------------------------------------------------- objects back into them */

static __always_inline bool find_span(struct tcslab_cache *cache, const void *obj,
				      struct tcslab_span **span)
{
	struct page *page;

	/* The cache stands in the pages of SMALL spans, and no large object has one. */
	if (unlikely(!tcslab_find_page(obj, &page) || page->private != (unsigned long)cache))
		return false;
	*span = tcslab_page_span(page);
	return true;
}

/* A span whose free objects have reached its limit: to another list. */
static noinline void span_grew(struct tcslab_central *central, struct tcslab_cache *cache,
			       struct tcslab_span *span)
{
	unlist(central, span);
	if (span->nfree < tcslab_span_objs(cache, span))
		enlist(central, cache, span);
	else
		add_empty(central, span);
}

/*
 * A span is found once for those of the same page that follow each other, and most frees
 * move none: it changes its list when its free objects have doubled.
 */
void tcslab_lists_put(struct tcslab_central *central, struct tcslab_cache *cache,
		      void **objs, unsigned int n, struct tcslab_bad_pointer *bad)
{
	unsigned int nr_bad = 0;
	void **end = objs + n;

	lockdep_assert_held(&central->lock);
	central->nr_free += n;
	while (objs < end) {
		struct tcslab_span *span;
		unsigned int nfree, nobjs;
		void *obj, *next = *objs;

		if (unlikely(!find_span(cache, next, &span))) {
			/* A guarded object: what stands in for it comes by itself. */
			if (tcslab_guard_free_later(next)) {
				nr_bad++;
				objs++;
				continue;
			}
			*bad = (struct tcslab_bad_pointer){ TCSLAB_FOREIGN, next };
			nr_bad++;
			objs++;
			continue;
		}
		nobjs = tcslab_span_objs(cache, span);
		nfree = span->nfree;
		do {
			u32 index = tcslab_exact_index(cache, next - span->base);

			obj = next;
			if (unlikely(index >= nobjs)) {
				*bad = (struct tcslab_bad_pointer){ TCSLAB_INTERIOR, obj };
				nr_bad++;
			} else if (unlikely(__test_and_set_bit(index, span->free_bits))) {
				*bad = (struct tcslab_bad_pointer){ TCSLAB_TWICE, obj };
				nr_bad++;
			} else {
				nfree++;
			}
			if (++objs == end)
				break;
			next = *objs;
		} while (((unsigned long)next ^ (unsigned long)obj) < PAGE_SIZE);
		span->nfree = nfree;
		if (unlikely(nfree >= span->limit))
			span_grew(central, cache, span);
	}
	central->nr_free -= nr_bad;
}

unsigned int tcslab_lists_take_empty(struct tcslab_central *central, struct hlist_head *spans,
				     unsigned int skip, unsigned int max, unsigned int max_pages)
{
	struct hlist_node *node = central->empty.first;
	unsigned int n, npages = 0;

	lockdep_assert_held(&central->lock);
	while (node && skip--)
		node = node->next;
	for (n = 0; n < max && npages < max_pages && node; n++) {
		struct tcslab_span *span = hlist_entry(node, struct tcslab_span, link);

		node = node->next;
		__hlist_del(&span->link);
		hlist_add_head(&span->link, spans);
		central->nr_spans--;
		central->nr_pages -= span->npages;
		npages += span->npages;
		central->nr_objs -= span->nfree;
		central->nr_free -= span->nfree;
	}
	return n;
}

/* --------------------------------------------------- whose is it?  Without the lock */

void *tcslab_object_around(void *inside)
{
	struct tcslab_cache *cache = tcslab_cache_of(inside);
	struct tcslab_span *span;
	unsigned int index;

	if (tcslab_guard_cache(inside))
		return tcslab_guard_object(inside);
	if (cache == tcslab_large_cache)
		return PTR_ALIGN_DOWN(inside, PAGE_SIZE);
	if (tcslab_warn(!cache || cache == &tcslab_no_cache,
			"tcslab: %p is no object of ours; leaked\n", inside))
		return NULL;
	span = tcslab_page_span(virt_to_page(inside));
	index = tcslab_span_index(cache, inside - span->base);
	return span->base + (size_t)index * cache->size;
}

bool tcslab_central_owns(struct tcslab_cache *cache, const void *obj)
{
	struct tcslab_span *span;

	/* The span of a page without a cache may be gone. */
	return cache != &tcslab_no_cache && find_span(cache, obj, &span) &&
	       tcslab_exact_index(cache, obj - span->base) < tcslab_span_objs(cache, span);
}
