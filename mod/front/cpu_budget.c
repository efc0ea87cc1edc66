// SPDX-License-Identifier: GPL-2.0
/*
 * The budget of the per-CPU arrays
 *
 * An array begins with nothing.  Each miss earns it some bytes out of its CPU's budget,
 * and it may hold as many objects as fit into what it earned, so what a CPU parks is
 * never more than its budget.  When the budget is used up, a miss takes from arrays
 * of the same CPU that had no miss lately (TCMalloc's stealing, by a clock hand over
 * the size classes).  The scavenger does the slow part, see tcslab_cpu_budget_scavenge();
 * the sum of all CPUs' limits stays what the tunable says.
 *
 * Who may touch what: @earned and the counters of an array are its owner's, inside of
 * the section (seq odd).  struct tcslab_seen is the scavenger's; its mutex guards it.
 * @used of a CPU is changed by that CPU alone, with instructions that an interrupt
 * cannot split.  Others look, and may see something stale.
 */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "back/span.h"
#include "caches/cache.h"
#include "cpu_budget.h"
#include "cpu_cache.h"
#include "remote.h"

#define MISS_BYTES	256	/* what a miss earns, but no more than a batch */
#define STEAL_TRIES	4	/* arrays looked at by a miss */
#define LOW_BYTES	1024	/* unused for a period: worth an interrupt */
#define MAX_DRAIN	1024	/* objects per interrupt, or as much work as that; */
#define CACHE_COST	16	/* a cache is as much as so many */
#define VISIT_CACHES	64	/* found from outside before an interrupt */

/* A counter that its owner changes meanwhile: what we see may be stale. */
#define look(counter)	data_race(READ_ONCE(counter))	/* as said above */

unsigned long tcslab_cpu_budget_bytes = SZ_1M;
module_param_named(cpu_budget_bytes, tcslab_cpu_budget_bytes, ulong, 0600);
MODULE_PARM_DESC(cpu_budget_bytes,
		 "bytes that per-CPU arrays may hold, per CPU on average");

/**
 * struct cpu_budget - of one CPU
 * @used: bytes that its arrays have earned
 * @limit: bytes that they may earn; the scavenger sets it
 * @denied: misses that earned nothing
 * @last_denied: @denied when the scavenger last looked
 * @hand: size class that stealing looks at next
 */
struct cpu_budget {
	long used;
	long limit;
	unsigned int denied;
	unsigned int last_denied;
	unsigned int hand;
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

int tcslab_cpu_budget_init_cache(struct tcslab_cache *cache)
{
	cache->seen = kvcalloc(nr_cpu_ids, sizeof(*cache->seen), GFP_KERNEL);
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
	return look(cc->refills) + look(cc->flushes);
}

/* Make room for @bytes at the cost of classes that had no miss since the last look. */
static void steal(long bytes)
{
	struct cpu_budget *budget = this_cpu_ptr(&budgets);
	int i;

	for (i = 0; i < STEAL_TRIES && bytes > 0; i++) {
		unsigned int class = budget->hand++ % (TCSLAB_NR_CLASSES - 1) + 1;
		struct tcslab_cache *victim = tcslab_general[TCSLAB_ZONE_NORMAL][class];
		struct tcslab_cpu_cache *cc = this_cpu_ptr(victim->cpu);
		unsigned int had = cc->earned;

		/* Our own array is busy, too. */
		if (!had || nr_misses(cc) != look(victim->seen[smp_processor_id()].misses))
			continue;
		cc = tcslab_cpu_enter(victim);
		if (cc) {
			tcslab_cpu_budget_cut(victim, cc, max_t(long, bytes, had / 2));
			bytes -= had - cc->earned;
		}
		tcslab_cpu_leave(cc);
	}
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

/*
 * What an array had too much of since the scavenger last looked: all when nobody
 * entered it, and half of what was never needed when it had no miss.
 */
static unsigned int unneeded(const struct tcslab_cache *cache, unsigned int cpu)
{
	const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);
	const struct tcslab_seen *seen = &cache->seen[cpu];
	long low = min_t(long, look(cc->count), seen->count);

	if ((u32)look(cc->seq) == seen->seq)
		return look(cc->earned);
	if (nr_misses(cc) == seen->misses && low * cache->size >= LOW_BYTES)
		return low * cache->size / 2;
	return 0;
}

/* Objects of other nodes lie beside an array that nobody entered. */
static bool has_stale(struct tcslab_cache *cache, unsigned int cpu)
{
	const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);

	return (u32)look(cc->seq) == cache->seen[cpu].seq && tcslab_remote_count(cache, cpu);
}

/* An array that nobody entered is as it was, and nothing is written for it. */
static void remember(struct tcslab_cache *cache, unsigned int cpu)
{
	const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);
	struct tcslab_seen *seen = &cache->seen[cpu];
	u32 seq = look(cc->seq);

	if (seq == seen->seq)
		return;
	seen->seq = seq;
	seen->count = look(cc->count);
	WRITE_ONCE(seen->misses, nr_misses(cc));	/* steal() looks */
}

/**
 * struct visit - to one CPU
 * @drain: everything is asked for, not only what is not needed
 * @used: bytes that the CPU's arrays had earned when the visit began
 * @limit: and might
 * @n: caches that have something to give, as it looked from outside
 * @done: of these, how many have been asked
 * @caches: the caches; the mutex keeps them
 */
struct visit {
	bool drain;
	long used;
	long limit;
	unsigned int n;
	unsigned int done;
	struct tcslab_cache *caches[VISIT_CACHES];
};

/* Bytes that an array is to give, and whether what lies beside it is. */
static unsigned int asked_for(const struct visit *visit, struct tcslab_cache *cache,
			      unsigned int cpu, bool *stale)
{
	const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);
	unsigned int bytes;

	if (visit->drain) {
		*stale = tcslab_remote_count(cache, cpu);
		return tcslab_cpu_cache_has_any(cache, cpu) ? UINT_MAX : 0;
	}
	*stale = has_stale(cache, cpu);
	bytes = unneeded(cache, cpu);
	if (visit->used > visit->limit) {
		unsigned int earned = look(cc->earned);

		bytes = max_t(u64, bytes, earned -
			      div64_u64((u64)earned * visit->limit, visit->used));
	}
	return bytes;
}

/* An interrupt, which may be in the middle of somebody's section. */
static void visit_local(void *info)
{
	unsigned int cpu = smp_processor_id();
	struct visit *visit = info;
	long left = MAX_DRAIN;

	for (; visit->done < visit->n && left > 0; visit->done++) {
		struct tcslab_cache *cache = visit->caches[visit->done];
		struct tcslab_cpu_cache *cc;
		unsigned int bytes;
		bool stale;

		bytes = asked_for(visit, cache, cpu, &stale);
		if (!bytes && !stale)
			continue;
		cc = tcslab_cpu_enter(cache);
		left -= CACHE_COST + tcslab_cpu_cache_count(cache, cpu);
		if (cc) {
			if (stale)
				tcslab_remote_flush(cache, cpu);
			tcslab_cpu_budget_cut(cache, cc, bytes);
		}
		tcslab_cpu_leave(cc);
	}
}

/* False if the CPU is gone by now; then cpu_dead() empties its arrays. */
static bool interrupt(unsigned int cpu, struct visit *visit)
{
	visit->done = 0;
	while (visit->done < visit->n)
		if (smp_call_function_single(cpu, visit_local, visit, true))
			return false;
	visit->n = 0;
	return true;
}

/*
 * Through all caches of @cpu, which is woken for it once: an interrupt drains so much that nobody
 * has to wait for long, and the next one follows at once.  Which caches have something is found
 * out from here, so that with many caches no interrupt has to look for them.
 */
static void visit_cpu(unsigned int cpu, bool drain)
{
	const struct cpu_budget *budget = per_cpu_ptr(&budgets, cpu);
	struct visit visit = {
		.drain = drain,
		.used = look(budget->used),
		.limit = READ_ONCE(budget->limit),
	};
	struct tcslab_cache *cache;
	bool stale;

	lockdep_assert_held(&tcslab_cache_mutex);	/* the list stays as it is */
	tcslab_for_each_cache(cache) {
		if (!asked_for(&visit, cache, cpu, &stale) && !stale)
			continue;
		visit.caches[visit.n++] = cache;
		if (visit.n == VISIT_CACHES && !interrupt(cpu, &visit))
			return;
	}
	interrupt(cpu, &visit);
}

/* Is there a reason to interrupt @cpu? */
static bool has_to_give(unsigned int cpu)
{
	struct cpu_budget *budget = per_cpu_ptr(&budgets, cpu);
	bool crowded = look(budget->used) > READ_ONCE(budget->limit);
	struct tcslab_cache *cache;

	if (tcslab_cpu_is_isolated(cpu))
		return false;
	tcslab_for_each_cache(cache) {
		const struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);

		/* Budget without objects is only missed when it is short. */
		if (look(cc->count) || look(budget->denied) != budget->last_denied)
			crowded |= unneeded(cache, cpu) > 0;
		if (crowded || has_stale(cache, cpu))
			return true;
	}
	return crowded;
}

/* A CPU's share, such that all of them add up to a long. */
static long fair_share(void)
{
	return min_t(unsigned long, READ_ONCE(tcslab_cpu_budget_bytes), LONG_MAX / nr_cpu_ids);
}

/*
 * Who was denied something shares what the others do not need; if nobody was, all do.
 * The limits add up to the tunable times the number of CPUs.
 */
static void balance(void)
{
	long base = fair_share(), left = base * num_online_cpus();
	unsigned int wanting = 0, cpus = 0, cpu;
	bool want;

	for_each_online_cpu(cpu) {
		struct cpu_budget *budget = per_cpu_ptr(&budgets, cpu);
		long used = look(budget->used);

		cpus++;
		want = look(budget->denied) != budget->last_denied;
		wanting += want;
		if (!want)
			left -= clamp(used + used / 4, base / 4, max(budget->limit, base));
	}
	for_each_online_cpu(cpu) {
		struct cpu_budget *budget = per_cpu_ptr(&budgets, cpu);
		long used = look(budget->used), limit = 0;

		want = look(budget->denied) != budget->last_denied;
		budget->last_denied = look(budget->denied);
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

void tcslab_cpu_budget_scavenge(void)
{
	struct tcslab_cache *cache;
	unsigned int cpu;

	lockdep_assert_held(&tcslab_cache_mutex);
	for_each_online_cpu(cpu) {
		if (has_to_give(cpu))
			visit_cpu(cpu, false);
		tcslab_for_each_cache(cache)
			remember(cache, cpu);
		cond_resched();
	}
	balance();
}

void tcslab_cpu_budget_drain(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (!tcslab_cpu_is_isolated(cpu))
			visit_cpu(cpu, true);
		cond_resched();
	}
}

unsigned long tcslab_cpu_budget_limit(unsigned int cpu)
{
	return READ_ONCE(per_cpu_ptr(&budgets, cpu)->limit);
}

unsigned long tcslab_cpu_budget_used(unsigned int cpu)
{
	return look(per_cpu_ptr(&budgets, cpu)->used);
}

void __init tcslab_cpu_budget_init(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(&budgets, cpu)->limit = fair_share();
}
