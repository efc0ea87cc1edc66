// SPDX-License-Identifier: GPL-2.0
/*
 * The scavenger: a worker that looks once a second while we hold memory
 *
 * It goes through the tiers from the front: per-CPU arrays that are idle or larger than
 * need be, what nobody took from the transfer caches, and free chunks that are not worth keeping
 * any more: so many bytes per second, and not the last few of them.  Freeing never
 * has to wake it: it runs for as long as there is a chunk, and taking a chunk starts it.
 * When there is nothing that it could do, its timer is deferrable, so that an idle
 * machine is not woken.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "back/page_heap.h"
#include "base/bytes_param.h"
#include "base/compat.h"
#include "base/window.h"
#include "caches/list.h"
#include "caches/trim.h"
#include "caches/visit.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "scavenger.h"

#define PERIOD		TCSLAB_KEEP_PERIOD
#define SOFT_PERIOD	(HZ / 4)	/* above the soft limit */

unsigned long tcslab_release_rate = SZ_128M;
tcslab_bytes_param(release_rate, tcslab_release_rate, 0,
		   "bytes per second that the background release gives back (0: none)");

unsigned long tcslab_soft_limit_bytes;
tcslab_bytes_param(soft_limit_bytes, tcslab_soft_limit_bytes, 0,
		   "bytes held above which all that is free is given back (0: no limit)");

static atomic_long_t scavenged;
static atomic_t hurried;	/* prompt_work has been brought forward and has not run since */
static unsigned long cached_pages;
static bool stopping;

static void scavenge(struct work_struct *work);
static DECLARE_DELAYED_WORK(prompt_work, scavenge);
static DECLARE_DEFERRABLE_WORK(lazy_work, scavenge);

static bool above_soft_limit(void)
{
	unsigned long limit = READ_ONCE(tcslab_soft_limit_bytes) >> PAGE_SHIFT;

	return limit && tcslab_held_pages() > limit;
}

/* Through the arrays and transfer caches; returns the bytes that are left in them. */
static u64 scavenge_caches(bool everything)
{
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;
	u64 bytes = 0;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_visit_scavenge();
	if (everything)
		tcslab_cache_drain_all();
	tcslab_for_each_cache(cache) {
		tcslab_central_scavenge(cache);
		tcslab_cpu_cache_stats(cache, &stats);
		tcslab_central_stats(cache, &stats);
		bytes += (u64)(stats.cpu_cached + stats.transfer_cached) * cache->size;
		cond_resched();
	}
	mutex_unlock(&tcslab_cache_mutex);
	return bytes;
}

/* What is worth keeping now need not be so in a second. */
static bool more_to_give(void)
{
	return READ_ONCE(tcslab_release_rate) >> PAGE_SHIFT &&
	       tcslab_releasable_pages() > READ_ONCE(tcslab_keep_bytes) >> PAGE_SHIFT;
}

static void scavenge(struct work_struct *work)
{
	bool everything = above_soft_limit();
	unsigned long rate = READ_ONCE(tcslab_release_rate) >> PAGE_SHIFT, given;
	u64 cached;

	atomic_set(&hurried, 0);
	cached = scavenge_caches(everything);
	WRITE_ONCE(cached_pages, cached >> PAGE_SHIFT);
	given = tcslab_page_heap_scavenge(rate);
	if (everything)
		given += tcslab_page_heap_release(NUMA_NO_NODE, ULONG_MAX);
	atomic_long_add(given, &scavenged);
	if (!tcslab_held_pages() || READ_ONCE(stopping))
		return;
	/* One of the two is queued; a wake-up may have queued the other meanwhile. */
	cancel_delayed_work(&lazy_work);
	if (above_soft_limit() && (cached || tcslab_releasable_pages()))
		queue_delayed_work(system_dfl_wq, &prompt_work, SOFT_PERIOD);
	else if (cached || more_to_give())
		queue_delayed_work(system_dfl_wq, &prompt_work, PERIOD);
	else if (!delayed_work_pending(&prompt_work))
		queue_delayed_work(system_dfl_wq, &lazy_work, PERIOD);
}

void tcslab_scavenger_wake(void)
{
	/* At unload the last frees come after the last run. */
	if (unlikely(READ_ONCE(stopping)))
		return;
	if (likely(!above_soft_limit()))
		queue_delayed_work(system_dfl_wq, &prompt_work, PERIOD);
	/* Once: each growth that moves the timer would put the run off. */
	else if (!atomic_xchg(&hurried, 1))
		mod_delayed_work(system_dfl_wq, &prompt_work, SOFT_PERIOD);
}

unsigned long tcslab_cached_pages(void)
{
	return READ_ONCE(cached_pages);
}

void tcslab_cached_is_drained(void)
{
	WRITE_ONCE(cached_pages, 0);
}

unsigned long tcslab_scavenged_pages(void)
{
	return atomic_long_read(&scavenged);
}

void tcslab_scavenger_exit(void)
{
	WRITE_ONCE(stopping, true);	/* for runs that begin from here on */
	cancel_delayed_work_sync(&prompt_work);
	tcslab_window("scavenger-lazy");
	cancel_delayed_work_sync(&lazy_work);
	/* It may have queued the other one after that was cancelled. */
	cancel_delayed_work_sync(&prompt_work);
}
