// SPDX-License-Identifier: GPL-2.0
/*
 * Sections of an array: who may touch one is said in cpu_section.h.  Here is what room it has,
 * how what it holds is hidden, and how it is emptied.
 */
#include <linux/lockdep.h>
#include <linux/percpu.h>

#include "back/span.h"
#include "debug/guard.h"
#include "middle/central.h"
#include "cpu_cache.h"
#include "cpu_section.h"

/* Read by the inline fast path; caches/cache.c makes them. */
struct tcslab_cache *tcslab_general[TCSLAB_NR_CLASSES] __ro_after_init;
EXPORT_SYMBOL_GPL(tcslab_general);

const struct tcslab_cpu_cache_hooks *tcslab_cpu_cache_hooks __ro_after_init;

void __init tcslab_cpu_cache_set_hooks(const struct tcslab_cpu_cache_hooks *hooks)
{
	tcslab_cpu_cache_hooks = hooks;
}

/*
 * The room of an array is its owner's to set, but for two cases: who takes an object of
 * the cache's minimum sets it to 0 on all CPUs, even from an NMI (see minimum.h), and so
 * does who waits at its limit (see limit_wait.c).  An owner that did not know yet looks
 * after his write.
 */
void tcslab_cpu_set_capacity(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc, long n)
{
	WRITE_ONCE(cc->capacity, n);
	if (tcslab_cpu_became_narrow(cache))
		WRITE_ONCE(cc->capacity, 0);
}

void tcslab_cpu_cache_narrow(struct tcslab_cache *cache)
{
	int cpu;

	smp_mb();	/* what makes the cache narrow, then no array has room */
	for_each_possible_cpu(cpu) {
		struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);

		if (data_race(READ_ONCE(cc->capacity)))	/* the owner's, as said above */
			WRITE_ONCE(cc->capacity, 0);
	}
}

/*
 * Both counts are the owner's, inside of his section.  With no objects and no room the
 * inline fast path enters, finds nothing to do, leaves and takes the slow path, whose
 * tcslab_cpu_enter() shows them.  What is earned stays earned.
 */
static void hide(struct tcslab_cpu_cache *cc)
{
	if (cc->hidden)
		return;
	WRITE_ONCE(cc->hidden, cc->count + 1);
	WRITE_ONCE(cc->count, 0);
	WRITE_ONCE(cc->capacity, 0);
}

void tcslab_cpu_hide(struct tcslab_cache *cache)
{
	struct tcslab_cpu_cache *cc = this_cpu_ptr(cache->cpu);

	lockdep_assert_irqs_disabled();
	/* Somebody is inside of it: another time. */
	if (cc->seq & 1)
		return;
	/* An NMI stays away.  The number is as before in the end: it is no use of the array. */
	cc->seq++;
	barrier();
	hide(cc);
	barrier();
	cc->seq--;
}

void tcslab_cpu_show(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc)
{
	WRITE_ONCE(cc->count, cc->hidden - 1);
	smp_wmb();	/* pairs with the one in tcslab_cpu_objs() */
	WRITE_ONCE(cc->hidden, 0);
	tcslab_cpu_set_capacity(cache, cc, tcslab_span_index(cache, cc->earned));
}

/* After a free: it is an allocation that they are hidden from. */
void tcslab_cpu_hide_again(struct tcslab_cpu_cache *cc)
{
	if (tcslab_guard_is_due())
		hide(cc);
}

void tcslab_cpu_flush(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc, long keep)
{
	while (cc->count > keep) {
		unsigned int n = min_t(long, cc->count - keep, cache->batch);

		cc->count -= n;
		tcslab_central_free(cache, cc->node, cc->objs + cc->count, n, 0);
	}
}
