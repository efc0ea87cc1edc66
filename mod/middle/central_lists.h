/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the middle tier: the lists of central_lists.c, which central_report.c counts. */
#ifndef TCSLAB_CENTRAL_LISTS_H
#define TCSLAB_CENTRAL_LISTS_H

#include <linux/spinlock.h>

#include "back/span.h"
#include "central.h"
#include "mistakes.h"

/**
 * struct tcslab_central - the objects of one cache on one node
 * @lock: guards everything here and the SMALL spans of this cache and node
 * @nr_transfer: objects on the stack
 * @low_transfer: least value of @nr_transfer since the scavenger looked
 * @transfer_max: its size; 0 until the node has come
 * @transfer: the stack of free objects, the latest last
 * @nonempty: bit b set: @spans[b] has spans with free objects; bit 0 is never set
 * @nr_spans: spans held, the empty ones too
 * @nr_pages: pages in them
 * @nr_listed: spans in each of @spans, so that nobody has to walk them to know
 * @nr_objs: objects in them
 * @nr_free: free objects in them, those on the stack not counted
 * @spans: spans with objects in use, by fls(free objects); those of list 0 have none
 *	free.  Only the first of a list is ever looked for, so a list with one end will
 *	do, which costs less
 * @empty: those without, until they are given back or used again
 */
struct tcslab_central {
	raw_spinlock_t lock;
	unsigned int nr_transfer;
	u16 low_transfer;
	u16 transfer_max;
	unsigned int nr_spans;
	void **transfer;
	unsigned long nonempty;
	unsigned int nr_pages;
	unsigned int nr_listed[TCSLAB_OCCUPANCY_LISTS];
	unsigned long nr_objs;
	unsigned long nr_free;
	struct hlist_head spans[TCSLAB_OCCUPANCY_LISTS];
	struct hlist_head empty;
} ____cacheline_aligned_in_smp;

/* Not a field: the structure is full, and there is always something to wait for here. */
static __always_inline unsigned int tcslab_span_objs(const struct tcslab_cache *cache,
						     const struct tcslab_span *span)
{
	return tcslab_span_index(cache, (unsigned long)span->npages << PAGE_SHIFT);
}

/* What was refused; the last of a batch is reported. */
struct tcslab_bad_pointer {
	enum tcslab_mistake why;
	void *obj;
};

/* Take up to @n objects out of the spans, the fullest first; returns how many.  With the lock. */
unsigned int tcslab_lists_take(struct tcslab_central *central, struct tcslab_cache *cache,
			       void **objs, unsigned int n);

/* Sort @n objects back into their spans; the last bad pointer is noted in *@bad.  With the lock. */
void tcslab_lists_put(struct tcslab_central *central, struct tcslab_cache *cache,
		      void **objs, unsigned int n, struct tcslab_bad_pointer *bad);

/*
 * Hand up to @max of the empty spans over to the caller, or up to @max_pages, but not the latest
 * @skip; how many.  With the lock.
 */
unsigned int tcslab_lists_take_empty(struct tcslab_central *central, struct hlist_head *spans,
				     unsigned int skip, unsigned int max, unsigned int max_pages);

/*
 * Give spans that were in no list any more back to the page heap, those of type-safe caches
 * after a grace period.
 */
void tcslab_central_release(struct tcslab_cache *cache, struct hlist_head *spans);

extern const struct tcslab_central_hooks *tcslab_central_hooks;	/* constant from the start */

/* Objects or pages are there that somebody may wait for.  Any context. */
static inline void tcslab_central_came_back(struct tcslab_cache *cache)
{
	if (cache->waiting)
		tcslab_central_hooks->came_back(cache);
}

#endif /* TCSLAB_CENTRAL_LISTS_H */
