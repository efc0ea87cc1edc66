// SPDX-License-Identifier: GPL-2.0
/*
 * The scavenger: a worker that looks once a second while we hold memory
 *
 * It empties the arrays that nobody entered since it last looked, and gives back
 * chunks that have been wholly free for a while, so many bytes per second and
 * not the last few of them.  Freeing never has to wake it: it runs for as long as
 * there is a chunk, and taking a chunk starts it.  The timer is deferrable, so an idle
 * machine is not woken.
 *
 * Under pressure the shrinker gives free chunks back at once, whatever their age.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "cache.h"
#include "central.h"
#include "compat.h"
#include "cpu_cache.h"
#include "page_heap.h"
#include "scavenger.h"

#define PERIOD		HZ
#define MIN_AGE		HZ	/* a chunk that was free for less is about to be used */

unsigned long tcslab_release_rate = SZ_128M;
module_param_named(release_rate, tcslab_release_rate, ulong, 0600);
MODULE_PARM_DESC(release_rate, "bytes per second that the background release gives back (0: none)");

unsigned long tcslab_keep_bytes = SZ_1M;
module_param_named(keep_bytes, tcslab_keep_bytes, ulong, 0600);
MODULE_PARM_DESC(keep_bytes, "free bytes that the background release leaves alone");

static atomic_long_t scavenged, shrunk;
static struct shrinker *shrinker;

static void scavenge(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(scavenge_work, scavenge);

static void drain_idle(void)
{
	struct tcslab_cache *cache;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		tcslab_cpu_cache_drain_idle(cache);
		cond_resched();
	}
	mutex_unlock(&tcslab_cache_mutex);
}

static unsigned long due_pages(void)
{
	unsigned long free = tcslab_releasable_pages();
	unsigned long keep = READ_ONCE(tcslab_keep_bytes) >> PAGE_SHIFT;
	unsigned long rate = READ_ONCE(tcslab_release_rate) >> PAGE_SHIFT;

	return free > keep ? min(free - keep, rate) : 0;
}

static void scavenge(struct work_struct *work)
{
	unsigned long due;

	drain_idle();
	due = due_pages();
	if (due)
		atomic_long_add(tcslab_page_heap_release(due, MIN_AGE), &scavenged);
	if (tcslab_held_pages())
		queue_delayed_work(system_dfl_wq, &scavenge_work, PERIOD);
}

void tcslab_scavenger_wake(void)
{
	queue_delayed_work(system_dfl_wq, &scavenge_work, PERIOD);
}

unsigned long tcslab_scavenged_pages(void)
{
	return atomic_long_read(&scavenged);
}

unsigned long tcslab_shrunk_pages(void)
{
	return atomic_long_read(&shrunk);
}

static unsigned long shrink_count(struct shrinker *s, struct shrink_control *sc)
{
	return tcslab_releasable_pages() ?: SHRINK_EMPTY;
}

static unsigned long shrink_scan(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long freed = tcslab_page_heap_release(sc->nr_to_scan, 0);

	atomic_long_add(freed, &shrunk);
	return freed ?: SHRINK_STOP;
}

int __init tcslab_scavenger_init(void)
{
	shrinker = shrinker_alloc(0, "tcslab");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = shrink_count;
	shrinker->scan_objects = shrink_scan;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	return 0;
}

void tcslab_scavenger_exit(void)
{
	shrinker_free(shrinker);
	cancel_delayed_work_sync(&scavenge_work);
}
