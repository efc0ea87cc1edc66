// SPDX-License-Identifier: GPL-2.0
/*
 * Visits to CPUs: for all caches at once, so that each CPU is interrupted once
 *
 * What an array is to give is found out from outside, by a glance, and then done by its owner,
 * who looks again (see front/cpu_section.h).  Isolated CPUs are not visited.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "front/cpu_budget.h"
#include "front/cpu_cache.h"
#include "front/remote.h"
#include "list.h"
#include "visit.h"

/*
 * Work per interrupt, in objects.  Entering a cache costs as much as some.  An object of a
 * cache with a limit costs more, since its span goes back at once.
 */
#define MAX_DRAIN	768
#define CACHE_COST	16
#define LIMITED_COST	4
#define VISIT_CACHES	64	/* found from outside before an interrupt */

/**
 * struct visit - to one CPU
 * @drain: everything is asked for, not only what is not needed
 * @used: bytes that the CPU's arrays had earned when the visit began
 * @limit: bytes that they may have earned
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
	unsigned int bytes;

	if (visit->drain) {
		*stale = tcslab_remote_count(cache, cpu);
		return tcslab_cpu_cache_has_any(cache, cpu) ? UINT_MAX : 0;
	}
	*stale = tcslab_cpu_budget_has_stale(cache, cpu);
	bytes = tcslab_cpu_budget_unneeded(cache, cpu);
	if (visit->used > visit->limit) {
		unsigned int earned = tcslab_cpu_budget_earned(cache, cpu);

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
		unsigned int bytes;
		bool stale;

		bytes = asked_for(visit, cache, cpu, &stale);
		if (!bytes && !stale)
			continue;
		left -= CACHE_COST + tcslab_cpu_cache_count(cache, cpu) *
				     (cache->limit_pages ? LIMITED_COST : 1);
		tcslab_cpu_cache_give(cache, bytes, stale);
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
	struct visit visit = {
		.drain = drain,
		.used = tcslab_cpu_budget_used(cpu),
		.limit = tcslab_cpu_budget_limit(cpu),
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
	bool crowded = (long)tcslab_cpu_budget_used(cpu) > (long)tcslab_cpu_budget_limit(cpu);
	struct tcslab_cache *cache;

	if (tcslab_cpu_is_isolated(cpu))
		return false;
	tcslab_for_each_cache(cache) {
		/* Budget without objects is only missed when it is short. */
		if (tcslab_cpu_cache_count(cache, cpu) || tcslab_cpu_budget_was_denied(cpu))
			crowded |= tcslab_cpu_budget_unneeded(cache, cpu) > 0;
		if (crowded || tcslab_cpu_budget_has_stale(cache, cpu))
			return true;
	}
	return crowded;
}

void tcslab_visit_scavenge(void)
{
	struct tcslab_cache *cache;
	unsigned int cpu;

	lockdep_assert_held(&tcslab_cache_mutex);
	for_each_online_cpu(cpu) {
		if (has_to_give(cpu))
			visit_cpu(cpu, false);
		tcslab_for_each_cache(cache)
			tcslab_cpu_budget_remember(cache, cpu);
		cond_resched();
	}
	tcslab_cpu_budget_balance();
}

void tcslab_visit_drain(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (!tcslab_cpu_is_isolated(cpu))
			visit_cpu(cpu, true);
		cond_resched();
	}
}
