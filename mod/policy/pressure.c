// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel can demand when memory is short
 *
 * The shrinker gives about as much as it is asked for, of the node that it is asked for, and
 * first what costs least: whole free chunks, free parts of chunks, empty spans and transfer
 * caches.  The per-CPU arrays come last: emptying them interrupts every CPU, and serves no
 * smaller demand than all of them.  So it is done when as much has been asked for in vain as
 * lies in them, and not often.  The OOM notifier takes everything before anybody is killed.
 *
 * The shrinker does not wait for the mutex, since the task that holds it may be the one that
 * reclaims; the notifier does for a moment, in which a scavenger is done with it.
 *
 * Both hurry what waits for a grace period (see rcu.c); the notifier waits a moment for it, too.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "back/page_heap.h"
#include "base/compat.h"
#include "caches/list.h"
#include "caches/rcu.h"
#include "caches/trim.h"
#include "middle/central.h"
#include "pressure.h"
#include "scavenger.h"

#define DRAIN_PERIOD	(HZ / 10)	/* between interrupts of all CPUs */
#define OOM_PATIENCE	(HZ / 5)	/* who holds the mutex for longer may need memory */

static atomic_long_t shrunk;
static atomic_long_t owed;	/* asked of the shrinker in vain, since the arrays were emptied */
static unsigned long last_drain;
static struct shrinker *shrinker;

static unsigned long backlog_pages(int node)
{
	struct tcslab_rcu_backlog backlog;

	tcslab_rcu_backlog(node, &backlog);
	return (backlog.bytes >> PAGE_SHIFT) + backlog.span_pages;
}

/* ------------------------------------------------------- what a release takes */

/* Give back about @npages of free pages; interrupts no CPU. */
static unsigned long release(int node, unsigned long npages)
{
	unsigned long freed = tcslab_page_heap_release(node, npages);

	if (freed < npages)
		freed += tcslab_page_heap_release_parts(node, npages - freed);
	return freed;
}

/* What lies in the middle tier of @node, of one cache after the other until it is enough. */
static void release_central(int node, unsigned long npages)
{
	unsigned long begin = tcslab_released_pages(), freed = 0;
	struct tcslab_cache *cache;

	lockdep_assert_held(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		/* A heap that had too much has given some of it back at once. */
		if (tcslab_central_drain_node(cache, node))
			release(node, npages - freed);
		freed = tcslab_released_pages() - begin;
		if (freed >= npages)
			break;
		cond_resched();
	}
}

static void drain_all(void)
{
	lockdep_assert_held(&tcslab_cache_mutex);
	tcslab_cache_drain_all();
	tcslab_cached_is_drained();
	atomic_long_set(&owed, 0);
	WRITE_ONCE(last_drain, jiffies);
}

/* ------------------------------------------------------------------- shrinker */

/* Nobody knows where the objects in arrays lie: an equal share on each node. */
static unsigned long cached_share(void)
{
	return tcslab_cached_pages() / max(num_node_state(N_MEMORY), 1);
}

static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	return tcslab_heap_free_pages(sc->nid) + cached_share() + backlog_pages(sc->nid) ?:
	       SHRINK_EMPTY;
}

/* May the arrays be emptied?  Only if that is a page or more for each interrupt. */
static bool may_drain(void)
{
	/* Not time_after(): the last time may be half of all jiffies ago. */
	return tcslab_cached_pages() >= num_online_cpus() &&
	       jiffies - READ_ONCE(last_drain) >= DRAIN_PERIOD;
}

/* From the tiers in front, if their mutex is free.  Returns what went meanwhile. */
static unsigned long release_cached(int node, unsigned long npages)
{
	unsigned long begin, freed;

	if (!mutex_trylock(&tcslab_cache_mutex))
		return 0;
	begin = tcslab_released_pages();
	release_central(node, npages);
	freed = tcslab_released_pages() - begin;
	if (freed < npages && may_drain() &&
	    atomic_long_add_return(npages - freed, &owed) >= tcslab_cached_pages()) {
		drain_all();
		freed = tcslab_released_pages() - begin;
		if (freed < npages)
			release(node, npages - freed);
		freed = tcslab_released_pages() - begin;
	}
	mutex_unlock(&tcslab_cache_mutex);
	return freed;
}

static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long freed;

	/* What is due goes now; for the rest a grace period is hurried, and not waited for. */
	if (backlog_pages(sc->nid)) {
		tcslab_rcu_press(sc->nid);
		tcslab_rcu_reap(sc->nid);
	}
	freed = release(sc->nid, sc->nr_to_scan);
	if (freed < sc->nr_to_scan)
		freed += release_cached(sc->nid, sc->nr_to_scan - freed);
	atomic_long_add(freed, &shrunk);
	/* Who reclaims looks there, not at what is returned. */
	mm_account_reclaimed_pages(freed);
	/* A chunk may be more than was asked for: then less is asked for next. */
	sc->nr_scanned = max(freed, sc->nr_to_scan);
	/* Asked once more, we may have to empty the arrays. */
	return freed || may_drain() ? freed : SHRINK_STOP;
}

/* ----------------------------------------------------------------- out of memory */

static int out_of_memory_soon(struct notifier_block *nb, unsigned long action, void *freed)
{
	unsigned long begin = tcslab_released_pages(), given;

	if (backlog_pages(NUMA_NO_NODE))
		tcslab_rcu_press_and_wait(OOM_PATIENCE);
	/* Before we wait for anything else. */
	tcslab_page_heap_release(NUMA_NO_NODE, ULONG_MAX);
	if (tcslab_cache_lock_within(OOM_PATIENCE)) {
		drain_all();
		mutex_unlock(&tcslab_cache_mutex);
	}
	release(NUMA_NO_NODE, ULONG_MAX);
	given = tcslab_released_pages() - begin;
	atomic_long_add(given, &shrunk);
	*(unsigned long *)freed += given;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = { .notifier_call = out_of_memory_soon };

unsigned long tcslab_shrunk_pages(void)
{
	return atomic_long_read(&shrunk);
}

/* ---------------------------------------------------------------- set-up */

int __init tcslab_pressure_init(void)
{
	last_drain = jiffies - DRAIN_PERIOD;
	shrinker = shrinker_alloc(SHRINKER_NUMA_AWARE, "tcslab");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = shrink_count;
	shrinker->scan_objects = shrink_scan;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	if (register_oom_notifier(&oom_notifier))
		pr_warn("tcslab: no notice before OOM\n");
	return 0;
}

void tcslab_pressure_exit(void)
{
	unregister_oom_notifier(&oom_notifier);
	shrinker_free(shrinker);
}
