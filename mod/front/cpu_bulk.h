/* SPDX-License-Identifier: GPL-2.0 */
/* Several objects at once from an array, or into it: the fast path of the bulk calls. */
#ifndef TCSLAB_CPU_BULK_H
#define TCSLAB_CPU_BULK_H

#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#include <linux/tcslab.h>

#include "middle/central.h"

/*
 * All @n from the array, or all into it, or none: as tcslab_cpu_pop() and _push() do it
 * for one.
 */
static __always_inline bool tcslab_cpu_pop_bulk(struct tcslab_cache *cache, size_t n,
						void **objs)
{
	struct tcslab_cpu_cache *cc;
	bool done = false;

	preempt_disable();
	cc = this_cpu_ptr(cache->cpu);
	if (likely(!(cc->seq & 1))) {
		cc->seq++;
		barrier();
		if (likely(n <= cc->count)) {
			cc->count -= n;
			tcslab_copy_objs(objs, cc->objs + cc->count, n);
			done = true;
		}
		barrier();
		cc->seq++;
	}
	preempt_enable();
	return done;
}

static __always_inline bool tcslab_cpu_push_bulk(struct tcslab_cache *cache, size_t n,
						 void **objs)
{
	struct tcslab_cpu_cache *cc;
	bool done = false;

	preempt_disable();
	cc = this_cpu_ptr(cache->cpu);
	if (likely(!(cc->seq & 1))) {
		cc->seq++;
		barrier();
		if (likely((long)n <= cc->capacity - cc->count)) {
			tcslab_copy_objs(cc->objs + cc->count, objs, n);
			cc->count += n;
			done = true;
		}
		barrier();
		cc->seq++;
	}
	preempt_enable();
	return done;
}

/* Copy an object to where it would be in the array, and say whether it may stay there. */
static __always_inline bool tcslab_copy_home(void **to, void **from, int node,
					     unsigned int *others)
{
	void *obj = READ_ONCE(*from);	/* as in tcslab_copy_objs() */
	struct page *page;

	*to = obj;
	if (unlikely(!tcslab_find_page(obj, &page)))
		return false;
	*others |= page_to_nid(page) ^ node;
	return true;
}

/*
 * Where there are several nodes an array holds objects of one only.  False if one is of another,
 * or none of ours: what has been copied beyond the count by then is nothing.
 */
static __always_inline bool tcslab_copy_all_home(struct tcslab_cpu_cache *cc, size_t n,
						 void **from)
{
	void **to = cc->objs + cc->count;
	unsigned int others = 0;
	int node = cc->node;

	for (; n >= 4; n -= 4)
		if (!tcslab_copy_home(to + n - 1, from + n - 1, node, &others) ||
		    !tcslab_copy_home(to + n - 2, from + n - 2, node, &others) ||
		    !tcslab_copy_home(to + n - 3, from + n - 3, node, &others) ||
		    !tcslab_copy_home(to + n - 4, from + n - 4, node, &others))
			return false;
	for (; n; n--)
		if (!tcslab_copy_home(to + n - 1, from + n - 1, node, &others))
			return false;
	return !others;
}

static __always_inline bool tcslab_cpu_push_bulk_home(struct tcslab_cache *cache, size_t n,
						      void **objs)
{
	struct tcslab_cpu_cache *cc;
	bool done = false;

	preempt_disable();
	cc = this_cpu_ptr(cache->cpu);
	if (likely(!(cc->seq & 1))) {
		cc->seq++;
		barrier();
		if (likely((long)n <= cc->capacity - cc->count) &&
		    tcslab_copy_all_home(cc, n, objs)) {
			cc->count += n;
			done = true;
		}
		barrier();
		cc->seq++;
	}
	preempt_enable();
	return done;
}

#endif /* TCSLAB_CPU_BULK_H */
