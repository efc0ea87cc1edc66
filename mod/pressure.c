// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel can demand when memory is short
 *
 * The shrinker gives back chunks that are wholly free at once, whatever their age.  If
 * that is not enough, it empties the per-CPU arrays and transfer caches first, and takes
 * free parts of chunks as well.  So does the OOM notifier before anybody is killed.
 * The shrinker does not wait for the mutex, since the task that holds it may be the one that
 * reclaims; the notifier does for a moment, in which a scavenger is done with it.
 *
 * Both hurry what waits for a grace period (see rcu.c); the notifier waits a moment for it, too.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "cache.h"
#include "compat.h"
#include "page_heap.h"
#include "pressure.h"
#include "rcu.h"
#include "scavenger.h"

#define DRAIN_PERIOD	(HZ / 10)	/* between interrupts of all CPUs */
#define OOM_PATIENCE	(HZ / 5)	/* who holds the mutex for longer may need memory */

static atomic_long_t shrunk;
static unsigned long last_drain;
static struct shrinker *shrinker;

/*
 * From the tiers in front to the page heap, if the mutex is to be had in @patience jiffies.
 * Returns the pages that a heap gave back meanwhile because it had too many, or -EBUSY.
 */
static long drain(unsigned long patience)
{
	unsigned long begin = jiffies, before;
	long went;

	while (!mutex_trylock(&tcslab_cache_mutex)) {
		if (jiffies - begin >= patience)
			return -EBUSY;
		schedule_timeout_uninterruptible(1);
	}
	before = tcslab_released_pages();
	tcslab_cache_drain_all();
	went = tcslab_released_pages() - before;
	WRITE_ONCE(last_drain, jiffies);
	mutex_unlock(&tcslab_cache_mutex);
	return went;
}

static unsigned long backlog_pages(void)
{
	struct tcslab_rcu_backlog backlog;

	tcslab_rcu_backlog(NUMA_NO_NODE, &backlog);
	return (backlog.bytes >> PAGE_SHIFT) + backlog.span_pages;
}

static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	return tcslab_releasable_pages() + tcslab_cached_pages() + backlog_pages() ?:
	       SHRINK_EMPTY;
}

/*
 * Give @npages back, if need be at the cost of all tiers.  Who is patient has free parts of
 * chunks in any case, others once the arrays are empty.  Returns what went.
 */
static unsigned long give(unsigned long npages, unsigned long drain_period,
			  unsigned long patience)
{
	unsigned long last = READ_ONCE(last_drain);	/* first: it may be of right now */
	unsigned long freed = tcslab_page_heap_release(npages, 0);

	/* Not time_after(): the last time may be half of all jiffies ago. */
	if (freed < npages && jiffies - last >= drain_period) {
		long drained = drain(patience);

		if (drained >= 0) {
			freed += drained;
			if (freed < npages)
				freed += tcslab_page_heap_release(npages - freed, 0);
		}
		if (freed < npages && (drained >= 0 || patience))
			freed += tcslab_page_heap_release_parts(npages - freed);
	}
	atomic_long_add(freed, &shrunk);
	return freed;
}

static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long freed;

	/* What is due goes now; for the rest a grace period is hurried, and not waited for. */
	if (backlog_pages()) {
		tcslab_rcu_press(NUMA_NO_NODE);
		tcslab_rcu_reap(NUMA_NO_NODE);
	}
	freed = give(sc->nr_to_scan, DRAIN_PERIOD, 0);
	/* Who reclaims looks there, not at what is returned. */
	mm_account_reclaimed_pages(freed);
	return freed ?: SHRINK_STOP;
}

static int out_of_memory_soon(struct notifier_block *nb, unsigned long action, void *freed)
{
	if (backlog_pages())
		tcslab_rcu_press_and_wait(OOM_PATIENCE);
	*(unsigned long *)freed += give(ULONG_MAX, 0, OOM_PATIENCE);
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
	shrinker = shrinker_alloc(0, "tcslab");
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
