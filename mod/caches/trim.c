// SPDX-License-Identifier: GPL-2.0
/* Giving back what nobody uses, when somebody asks: of one cache, of all */
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "back/page_heap.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "list.h"
#include "rcu.h"
#include "trim.h"
#include "visit.h"

/**
 * tcslab_cache_shrink() - give back what a cache holds and nobody uses
 * @cache: the cache
 *
 * Context: task, may sleep.
 * Return: pages given back to the kernel meanwhile, by whomever.
 */
unsigned long tcslab_cache_shrink(struct tcslab_cache *cache)
{
	unsigned long before = tcslab_released_pages();

	tcslab_cpu_cache_drain(cache);
	tcslab_central_drain(cache);
	tcslab_page_heap_release_all();
	return tcslab_released_pages() - before;
}
EXPORT_SYMBOL_GPL(tcslab_cache_shrink);

void tcslab_cache_drain_all(void)
{
	struct tcslab_cache *cache;

	lockdep_assert_held(&tcslab_cache_mutex);
	tcslab_visit_drain();
	tcslab_for_each_cache(cache) {
		tcslab_central_drain(cache);
		cond_resched();
	}
}

/**
 * tcslab_trim() - give back everything that nobody uses, of all caches
 *
 * Waits for what was given to tcslab_free_rcu() before.
 *
 * Context: task, may sleep.
 * Return: pages given back to the kernel meanwhile, by whomever.
 */
unsigned long tcslab_trim(void)
{
	unsigned long before = tcslab_released_pages();
	struct tcslab_rcu_backlog backlog;

	tcslab_rcu_barrier();
	mutex_lock(&tcslab_cache_mutex);
	tcslab_cache_drain_all();
	mutex_unlock(&tcslab_cache_mutex);
	/* Spans of type-safe caches that have become empty by that. */
	tcslab_rcu_backlog(NUMA_NO_NODE, &backlog);
	if (backlog.span_pages)
		tcslab_rcu_barrier();
	tcslab_page_heap_release_all();
	return tcslab_released_pages() - before;
}
EXPORT_SYMBOL_GPL(tcslab_trim);
