/* SPDX-License-Identifier: GPL-2.0 */
/* Several objects at once from an array, or into it: the fast path of the bulk calls. */
#ifndef TCSLAB_CPU_BULK_H
#define TCSLAB_CPU_BULK_H

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

#endif /* TCSLAB_CPU_BULK_H */
