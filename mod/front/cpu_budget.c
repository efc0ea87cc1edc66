// SPDX-License-Identifier: GPL-2.0
/*
 * The budget of the per-CPU arrays
 *
 * An array begins with nothing.  Each miss earns it some bytes out of its CPU's budget,
 * and it may hold as many objects as fit into what it earned, so what a CPU parks is
 * never more than its budget.  When the budget is used up, a miss takes from arrays
 * of the same CPU that nobody has entered since it came by the last time, or that had no
 * miss lately (TCMalloc's stealing, by a clock hand over the size classes).  The slow part
 * is done from above, once in a period (caches/visit.c); the sum of all CPUs' limits
 * stays what the tunable says.
 *
 * Who may touch what: @earned and the counters of an array are its owner's, inside of
 * the section (seq odd).  struct tcslab_seen is the scavenger's; tcslab_cache_mutex guards it.
 * @used of a CPU is changed by that CPU alone, with instructions that an interrupt
 * cannot split.  Others look, and may see something stale.
 */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "back/page_heap.h"
#include "back/span.h"
#include "base/bytes_param.h"
#include "cpu_budget.h"
#include "cpu_cache.h"
#include "cpu_section.h"
#include "remote.h"

#define MISS_BYTES	256	/* what a miss earns, but no more than a batch */
#define STEAL_TRIES	4	/* arrays looked at by a miss */
#define LOW_BYTES	1024	/* unused for a period: worth an interrupt */

unsigned long tcslab_cpu_budget_bytes = SZ_1M;
tcslab_bytes_param(cpu_budget_bytes, tcslab_cpu_budget_bytes, 0,
		   "bytes that per-CPU arrays may hold, per CPU on average (0: what they begin with)");

/**
 * struct cpu_budget - of one CPU
 * @used: bytes that its arrays have earned
 * @limit: bytes that they may earn; the scavenger sets it
 * @denied: misses that earned nothing
 * @last_denied: @denied when the scavenger last looked
 * @hand: size class that stealing looks at next
 * @passed: lower half of the numbers of the classes' arrays when it last did
 *
 * The last two are its misses' own.
 */
struct cpu_budget {
	long used;
	long limit;
	unsigned int denied;
	unsigned int last_denied;
	unsigned int hand;
	u32 passed[TCSLAB_NR_CLASSES];
};

static DEFINE_PER_CPU(struct cpu_budget, budgets);

/**
 * struct tcslab_seen - of one array, when the scavenger last looked
 * @seq: lower half of its number: unchanged means idle
 * @misses: refills and flushes
 * @count: objects
 *
 * Not beside the array, whose owner writes to that line at each call.
 */
struct tcslab_seen {
	u32 seq;
	u32 misses;
	u16 count;
};

int tcslab_cpu_budget_init_cache(struct tcslab_cache *cache, gfp_t gfp)
{
	cache->seen = kvcalloc(nr_cpu_ids, sizeof(*cache->seen), gfp);
	return cache->seen ? 0 : -ENOMEM;
}

void tcslab_cpu_budget_exit_cache(struct tcslab_cache *cache)
{
	kvfree(cache->seen);
}

static void set_earned(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc,
		       unsigned int earned)
{
	this_cpu_add(budgets.used, (long)earned - (long)cc->earned);
	cc->earned = earned;
	tcslab_cpu_set_capacity(cache, cc, tcslab_span_index(cache, earned));
}

void tcslab_cpu_budget_cut(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc,
			   unsigned int bytes)
{
	set_earned(cache, cc, cc->earned - min(cc->earned, bytes));
	tcslab_cpu_flush(cache, cc, cc->capacity);
}

static unsigned int nr_misses(const struct tcslab_cpu_cache *cc)
{
	return tcslab_glance(cc->refills) + tcslab_glance(cc->flushes);
}

/*
 * What @victim can do without.  One that nobody has entered since the hand came by is not needed
 * as much as what is missed now; one that had no miss since the scavenger looked may have more
 * than it needs.  An interrupt may change the number meanwhile: then it is another one.
 */
static unsigned int spared(const struct tcslab_cache *victim, const struct tcslab_cpu_cache *cc,
			   struct cpu_budget *budget, u32 *passed, long bytes)
{
	bool missed = nr_misses(cc) != tcslab_glance(victim->seen[smp_processor_id()].misses);
	u32 seq = tcslab_glance(cc->seq);
	bool idle = seq == *passed;

	*passed = seq;
	if (missed && !idle)
		return 0;
	/* It may miss that again soon: other CPUs may have more than they need. */
	budget->denied += missed;
	return max_t(long, bytes, cc->earned / 2);
}

/* Make room for @bytes at the cost of other classes. */
static void steal(long bytes)
{
	struct cpu_budget *budget = this_cpu_ptr(&budgets);
	int i;

	/* A miss gives back to the kernel what one free may, not what four arrays' may. */
	tcslab_page_heap_postpone();
	for (i = 0; i < STEAL_TRIES && bytes > 0; i++) {
		unsigned int class = budget->hand++ % (TCSLAB_NR_CLASSES - 1) + 1;
		struct tcslab_cache *victim = tcslab_general[class];
		struct tcslab_cpu_cache *cc = this_cpu_ptr(victim->cpu);
		unsigned int had = cc->earned, less;

		if (!had)
			continue;
		less = spared(victim, cc, budget, &budget->passed[class], bytes);
		/* Our own array is busy, and then no other. */
		if (!less || tcslab_glance(cc->seq) & 1)
			continue;
		cc = tcslab_cpu_enter(victim);
		if (cc) {
			tcslab_cpu_budget_cut(victim, cc, less);
			bytes -= had - cc->earned;
			/* Entered by the hand itself. */
			budget->passed[class] += 2;
		}
		tcslab_cpu_leave(cc);
	}
	tcslab_page_heap_catch_up();
}

void tcslab_cpu_budget_earn(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc,
			    size_t nr_missed)
{
	struct cpu_budget *budget = this_cpu_ptr(&budgets);
	unsigned int most = cache->max_capacity * cache->size;
	size_t bytes = max_t(size_t, MISS_BYTES, nr_missed * cache->size);
	long room;

	if (cc->earned >= most) {
		/* A minimum that was broken may be whole again. */
		tcslab_cpu_set_capacity(cache, cc, tcslab_span_index(cache, cc->earned));
		return;
	}
	bytes = min_t(size_t, bytes, cache->batch * cache->size);
	bytes = min_t(size_t, bytes, most - cc->earned);
	room = READ_ONCE(budget->limit) - this_cpu_read(budgets.used);
	if (room < (long)bytes) {
		steal(bytes - room);
		room = READ_ONCE(budget->limit) - this_cpu_read(budgets.used);
	}
	if (room <= 0)
		budget->denied++;	/* an interrupt may make us lose one */
	set_earned(cache, cc, cc->earned + clamp_t(long, room, 0, bytes));
}

void tcslab_cpu_budget_drop_dead(struct tcslab_cpu_cache *cc, unsigned int cpu)
{
	per_cpu_ptr(&budgets, cpu)->used -= cc->earned;
	cc->earned = 0;
	cc->capacity = 0;
}

/* ------------------------------------------------------------- scavenging */

unsigned int tcslab_cpu_budget_unneeded(const struct tcslab_cache *cache, unsigned int cpu)
{
	const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);
	const struct tcslab_seen *seen = &cache->seen[cpu];
	long low = min_t(long, tcslab_cpu_objs(cc), seen->count);

	if ((u32)tcslab_cpu_seq(cc) == seen->seq)
		return tcslab_glance(cc->earned);
	if (nr_misses(cc) == seen->misses && low * cache->size >= LOW_BYTES)
		return low * cache->size / 2;
	return 0;
}

unsigned int tcslab_cpu_budget_earned(const struct tcslab_cache *cache, unsigned int cpu)
{
	return tcslab_glance(per_cpu_ptr(cache->cpu, cpu)->earned);
}

bool tcslab_cpu_budget_has_stale(struct tcslab_cache *cache, unsigned int cpu)
{
	const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);

	return (u32)tcslab_cpu_seq(cc) == cache->seen[cpu].seq &&
	       tcslab_remote_count(cache, cpu);
}

/* An array that nobody entered is as it was, and nothing is written for it. */
void tcslab_cpu_budget_remember(struct tcslab_cache *cache, unsigned int cpu)
{
	const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);
	struct tcslab_seen *seen = &cache->seen[cpu];
	u32 seq = tcslab_cpu_seq(cc);

	if (seq == seen->seq)
		return;
	seen->seq = seq;
	seen->count = tcslab_cpu_objs(cc);
	WRITE_ONCE(seen->misses, nr_misses(cc));	/* steal() looks */
}

/* A CPU's share, such that all of them add up to a long. */
static long fair_share(void)
{
	return min_t(unsigned long, READ_ONCE(tcslab_cpu_budget_bytes), LONG_MAX / nr_cpu_ids);
}

void tcslab_cpu_budget_balance(void)
{
	long base = fair_share(), left = base * num_online_cpus();
	unsigned int wanting = 0, cpus = 0, cpu;
	bool want;

	for_each_online_cpu(cpu) {
		struct cpu_budget *budget = per_cpu_ptr(&budgets, cpu);
		long used = tcslab_glance(budget->used);

		cpus++;
		want = tcslab_glance(budget->denied) != budget->last_denied;
		wanting += want;
		if (!want)
			left -= clamp(used + used / 4, base / 4, max(budget->limit, base));
	}
	for_each_online_cpu(cpu) {
		struct cpu_budget *budget = per_cpu_ptr(&budgets, cpu);
		long used = tcslab_glance(budget->used), limit = 0;

		want = tcslab_glance(budget->denied) != budget->last_denied;
		budget->last_denied = tcslab_glance(budget->denied);
		if (!want)
			limit = clamp(used + used / 4, base / 4, max(budget->limit, base));
		if (want || !wanting)
			limit += left / (wanting ?: cpus);
		/* The tunable was lowered, or CPUs went. */
		if (left < 0)
			limit = base;
		WRITE_ONCE(budget->limit, limit);
	}
}

bool tcslab_cpu_budget_was_denied(unsigned int cpu)
{
	const struct cpu_budget *budget = per_cpu_ptr(&budgets, cpu);

	return tcslab_glance(budget->denied) != budget->last_denied;
}

unsigned long tcslab_cpu_budget_limit(unsigned int cpu)
{
	return READ_ONCE(per_cpu_ptr(&budgets, cpu)->limit);
}

unsigned long tcslab_cpu_budget_used(unsigned int cpu)
{
	return tcslab_glance(per_cpu_ptr(&budgets, cpu)->used);
}

void __init tcslab_cpu_budget_init(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(&budgets, cpu)->limit = fair_share();
}
