/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the front tier: sections in which an array is its CPU's
 *
 * Who may touch an array: its own CPU with preemption off, after making the number odd
 * and until it makes it even again (tcslab_cpu_enter() and _leave() here, the same steps
 * inline in tcslab_cpu_pop() and tcslab_cpu_push()).  An interrupt on that CPU
 * either finds it even and completes before the interrupted code goes on, or
 * odd and goes to the central list.  A drain is such an interrupt (an IPI): one
 * that finds it odd leaves the array for the next round.  The hotplug callback
 * empties the array of a dead CPU, when nobody else can.
 */
#ifndef TCSLAB_CPU_SECTION_H
#define TCSLAB_CPU_SECTION_H

#include <linux/percpu.h>
#include <linux/preempt.h>

#include <linux/tcslab.h>

#include "cpu_cache.h"

/* A counter that the array's owner changes meanwhile: what we see may be stale. */
#define tcslab_glance(counter)	data_race(READ_ONCE(counter))

/* Constant from the start. */
extern const struct tcslab_cpu_cache_hooks *tcslab_cpu_cache_hooks;

/*
 * To be asked after a write that an array of a narrow cache must not see: the owner may not have
 * known yet, and what he wrote is his to undo then.  Inside the section.
 */
static inline bool tcslab_cpu_became_narrow(const struct tcslab_cache *cache)
{
	if (likely(!cache->narrows))
		return false;
	smp_mb();	/* pairs with the one in tcslab_cpu_cache_narrow(), or with who waits */
	return tcslab_cpu_cache_hooks->is_narrow(cache);
}

/* Undo tcslab_cpu_hide().  Inside the section. */
void tcslab_cpu_show(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc);

/* Do it once more if it is time for a guarded object.  Inside the section. */
void tcslab_cpu_hide_again(struct tcslab_cpu_cache *cc);

/* Objects in an array, hidden or not; a glance, and exact inside the section. */
static inline long tcslab_cpu_objs(const struct tcslab_cpu_cache *cc)
{
	/* In this order: who shows them writes @count first. */
	long hidden = tcslab_glance(cc->hidden);

	smp_rmb();	/* pairs with the one in tcslab_cpu_show() */
	return hidden ? hidden - 1 : tcslab_glance(cc->count);
}

/* The sequence number of an array, odd while it is busy. */
static inline u64 tcslab_cpu_seq(const struct tcslab_cpu_cache *cc)
{
	return tcslab_glance(cc->state) >> TCSLAB_COUNT_BITS;
}

/* Begin a section: NULL if the array is busy or closed.  Preemption is off until its end. */
static inline struct tcslab_cpu_cache *tcslab_cpu_enter(struct tcslab_cache *cache)
{
	struct tcslab_cpu_cache *cc;

	preempt_disable();
	cc = this_cpu_ptr(cache->cpu);
	if (tcslab_cpu_was_busy(cc)) {
		data_race(cc->nested++);	/* an interrupt may make us lose one */
		return NULL;
	}
	if (unlikely(cc->hidden))
		tcslab_cpu_show(cache, cc);
	return cc;
}

static inline void tcslab_cpu_leave(struct tcslab_cpu_cache *cc)
{
	if (cc)
		tcslab_cpu_is_done(cc, 0);
	preempt_enable();
}

/* Give objects back until @keep are left.  Inside the section, or the CPU is dead. */
void tcslab_cpu_flush(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc, long keep);

/* Let the array hold @n objects, unless the cache is narrow.  Inside the section. */
void tcslab_cpu_set_capacity(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc, long n);

/* ------------------------------------------------------------- cpu_budget.c */

/* What the scavenger has to remember of a cache's arrays. */
int tcslab_cpu_budget_init_cache(struct tcslab_cache *cache, gfp_t gfp);
void tcslab_cpu_budget_exit_cache(struct tcslab_cache *cache);

/*
 * Change what the array may hold by @nr_missed objects' worth, as far as there is
 * budget.  Inside the array's section.
 */
void tcslab_cpu_budget_earn(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc,
			    size_t nr_missed);

/* Take @bytes, or what there is, from what the array may hold.  Inside its section. */
void tcslab_cpu_budget_cut(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc,
			   unsigned int bytes);

/* The same with all of it, for a CPU that is dead. */
void tcslab_cpu_budget_drop_dead(struct tcslab_cpu_cache *cc, unsigned int cpu);

#endif /* TCSLAB_CPU_SECTION_H */
