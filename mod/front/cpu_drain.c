// SPDX-License-Identifier: GPL-2.0
/*
 * The per-CPU arrays as others see them: how much is in them, and how it is drained
 *
 * Other CPUs look at an array without being able to keep its owner from writing
 * to it: whatever they see is acted upon by the owner, who looks again.  Who may touch
 * an array is said in cpu_section.h.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>

#include "middle/central.h"
#include "cpu_budget.h"
#include "cpu_cache.h"
#include "cpu_section.h"
#include "remote.h"

unsigned long tcslab_cpu_cache_count(const struct tcslab_cache *cache, unsigned int cpu)
{
	return tcslab_cpu_objs(per_cpu_ptr(cache->cpu, cpu)) + tcslab_remote_count(cache, cpu);
}

/**
 * struct drain - of the arrays of one cache
 * @cache: which
 * @busy: arrays that had something and were busy
 */
struct drain {
	struct tcslab_cache *cache;
	atomic_t busy;
};

/* False if the array is busy. */
static bool give(struct tcslab_cache *cache, unsigned int bytes, bool others)
{
	struct tcslab_cpu_cache *cc = tcslab_cpu_enter(cache);

	if (cc) {
		if (others)
			tcslab_remote_flush(cache, smp_processor_id());
		tcslab_cpu_budget_cut(cache, cc, bytes);
	}
	tcslab_cpu_leave(cc);
	return cc;
}

void tcslab_cpu_cache_give(struct tcslab_cache *cache, unsigned int bytes, bool others)
{
	give(cache, bytes, others);
}

/* IPI: interrupts are off, and we may be in the middle of somebody's section. */
static void drain_local(void *arg)
{
	struct drain *drain = arg;

	if (!give(drain->cache, UINT_MAX, true))
		atomic_inc(&drain->busy);
}

/* An array that is filled meanwhile is in use, not idle. */
bool tcslab_cpu_cache_has_any(const struct tcslab_cache *cache, unsigned int cpu)
{
	return tcslab_cpu_cache_count(cache, cpu) ||
	       tcslab_glance(per_cpu_ptr(cache->cpu, cpu)->earned);
}

static bool has_something(int cpu, void *arg)
{
	struct drain *drain = arg;

	return tcslab_cpu_cache_has_any(drain->cache, cpu);
}

/* isolcpus=, nohz_full=: not to be interrupted for so little. */
bool tcslab_cpu_is_isolated(unsigned int cpu)
{
	bool isolated;

	/* Since 7.0 the masks change at run time, under RCU. */
	rcu_read_lock();
	isolated = !housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN) ||
		   !housekeeping_test_cpu(cpu, HK_TYPE_TICK);
	rcu_read_unlock();
	return isolated;
}

static bool may_be_drained(int cpu, void *arg)
{
	return has_something(cpu, arg) && !tcslab_cpu_is_isolated(cpu);
}

unsigned long tcslab_cpu_cache_left(const struct tcslab_cache *cache)
{
	unsigned long n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += tcslab_cpu_cache_count(cache, cpu);
	return n;
}

void tcslab_cpu_cache_drain(struct tcslab_cache *cache)
{
	struct drain drain = { .cache = cache };

	on_each_cpu_cond(may_be_drained, drain_local, &drain, true);
}

unsigned long tcslab_cpu_cache_drain_all(struct tcslab_cache *cache)
{
	struct drain drain = { .cache = cache };

	on_each_cpu_cond(has_something, drain_local, &drain, true);
	return tcslab_cpu_cache_left(cache);
}

/* Who is inside of a section may have in his hands what is no longer in the array. */
static bool may_have_something(int cpu, void *arg)
{
	const struct tcslab_cache *cache = ((struct drain *)arg)->cache;

	return has_something(cpu, arg) ||
	       (cache->max_capacity && tcslab_cpu_seq(per_cpu_ptr(cache->cpu, cpu)) & 1);
}

void tcslab_cpu_cache_settle(struct tcslab_cache *cache)
{
	struct drain drain = { .cache = cache };

	for (;;) {
		atomic_set(&drain.busy, 0);
		on_each_cpu_cond(may_have_something, drain_local, &drain, true);
		/* A section is short, and who begins one now sees that there is no room. */
		if (!atomic_read(&drain.busy))
			break;
		cond_resched();
	}
}

void tcslab_cpu_cache_drain_dead(struct tcslab_cache *cache, unsigned int cpu)
{
	struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);

	tcslab_remote_flush(cache, cpu);
	if (cc->hidden)
		tcslab_cpu_show(cache, cc);
	tcslab_cpu_flush(cache, cc, 0);
	tcslab_cpu_budget_drop_dead(cc, cpu);
}

void tcslab_cpu_cache_add_stats(const struct tcslab_cache *cache, unsigned int cpu,
				struct tcslab_cache_stats *stats)
{
	const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);

	stats->cpu_cached += tcslab_cpu_cache_count(cache, cpu);
	stats->entries += tcslab_cpu_seq(cc) / 2;
	stats->refills += tcslab_glance(cc->refills);
	stats->flushes += tcslab_glance(cc->flushes);
	stats->nested += tcslab_glance(cc->nested);
}

void tcslab_cpu_cache_stats(struct tcslab_cache *cache, struct tcslab_cache_stats *stats)
{
	int cpu;

	stats->cpu_cached = 0;
	stats->entries = 0;
	stats->refills = 0;
	stats->flushes = 0;
	stats->nested = 0;
	for_each_possible_cpu(cpu)
		tcslab_cpu_cache_add_stats(cache, cpu, stats);
}
