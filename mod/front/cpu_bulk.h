/* SPDX-License-Identifier: GPL-2.0 */
/* Several objects at once from an array, or into it: the fast path of the bulk calls. */
#ifndef TCSLAB_CPU_BULK_H
#define TCSLAB_CPU_BULK_H

#include <linux/percpu.h>
#include <linux/preempt.h>

#include <linux/tcslab.h>

#include "middle/central.h"

/* All @n from the array, or none: as tcslab_cpu_pop() does it for one. */
static __always_inline bool tcslab_cpu_pop_bulk(struct tcslab_cache *cache, size_t n,
						void **objs)
{
	struct tcslab_cpu_cache *cc;
	bool done = false;

	preempt_disable();
	cc = this_cpu_ptr(cache->fast);
	if (likely(!tcslab_cpu_was_busy(cc))) {
		done = n <= cc->count;
		if (likely(done))
			tcslab_copy_objs(objs, cc->objs + (cc->count - n), n);
		tcslab_cpu_is_done(cc, done ? -(long)n : 0);
	}
	preempt_enable();
	return done;
}

/* Copy an object to where it would be in the array, and say whether it may stay there. */
static __always_inline bool tcslab_copy_home(const struct tcslab_cpu_cache *cc, u64 factor,
					     void **to, void **from)
{
	void *obj = READ_ONCE(*from);	/* as in tcslab_copy_objs() */

	*to = obj;
	/* There are no keys where a word is shorter than one. */
	if (!IS_ENABLED(CONFIG_64BIT))
		return page_to_nid(virt_to_page(obj)) == cc->node;
	return likely(tcslab_is_object(factor, obj));
}

/*
 * Into the array, beyond its count: false if one is of another node, or no object, and what has
 * been copied by then is nothing.
 */
static __always_inline bool tcslab_copy_all_home(struct tcslab_cpu_cache *cc, size_t n,
						 void **from)
{
	void **to = cc->objs + cc->count;
	u64 factor = cc->factor;

	for (; n >= 4; n -= 4)
		if (!tcslab_copy_home(cc, factor, to + n - 1, from + n - 1) ||
		    !tcslab_copy_home(cc, factor, to + n - 2, from + n - 2) ||
		    !tcslab_copy_home(cc, factor, to + n - 3, from + n - 3) ||
		    !tcslab_copy_home(cc, factor, to + n - 4, from + n - 4))
			return false;
	for (; n; n--)
		if (!tcslab_copy_home(cc, factor, to + n - 1, from + n - 1))
			return false;
	return true;
}

/*
 * All @n into the array, or none, as tcslab_cpu_push() does it for one.  @home where there are
 * several nodes, since an array holds objects of one only: then each is looked at.
 */
static __always_inline bool tcslab_cpu_push_bulk(struct tcslab_cache *cache, size_t n,
						 void **objs, const bool home)
{
	struct tcslab_cpu_cache *cc;
	bool done = false;

	preempt_disable();
	cc = this_cpu_ptr(cache->fast);
	if (likely(!tcslab_cpu_was_busy(cc))) {
		done = (long)n <= cc->capacity - cc->count;
		if (home && done)
			done = tcslab_copy_all_home(cc, n, objs);
		if (!home && likely(done))
			tcslab_copy_objs(cc->objs + cc->count, objs, n);
		tcslab_cpu_is_done(cc, done ? n : 0);
	}
	preempt_enable();
	return done;
}

#endif /* TCSLAB_CPU_BULK_H */
