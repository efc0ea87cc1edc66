// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting at a cache's limit
 *
 * A free goes into an array of the CPU that it is on, where nobody else sees it.  So while
 * somebody waits the cache is narrow, as while its minimum is broken: no array has room, each
 * free takes the slow path and ends in tcslab_central_free(), and what comes back there, or
 * as pages of the limit, is an event.  Arrays get their room back with their next misses
 * once nobody waits.
 *
 * Why no event is missed (selftests/model/limit_wait.pml tries every order of the steps):
 *
 * 1. Nothing hides in an array.  Who begins to wait first counts himself in @n, then takes the
 *    room from all arrays (the barrier between the two is in tcslab_cpu_cache_narrow()), then
 *    empties them, and once more while any was busy (tcslab_cpu_cache_settle()).  An owner who
 *    makes room looks at @n after he did, with a barrier in between (tcslab_cpu_set_capacity()):
 *    either he sees the waiter and takes the room back, or the waiter sees the room and interrupts
 *    him.  So does who has put an object aside for another node.  A free that had seen
 *    room before it was taken is inside of a section then: that is what busy means.  The
 *    array of a CPU that goes reaches tcslab_central_free(), too.
 *
 * 2. Nothing is overlooked between looking and sleeping.  A free first makes the object, or the
 *    pages, available, then looks at @n, then counts @events, with a barrier after the first
 *    (in tcslab_limit_wake()).  A waiter has counted himself with a barrier, reads
 *    @events, then looks for an object.  So the free sees @n, or the waiter sees what it made
 *    available; and if the waiter does not see it, @events changes after he read it, and
 *    he does not go to sleep: swait looks at the condition after it has put him into the
 *    queue, and the free at the queue after @events, both with a barrier in between.  What was
 *    charged for a moment and is given back because there was no memory is an event, too.
 *
 * 3. One is woken at a time, and passes it on.  Several events may wake one waiter, since
 *    the irq_work is queued once for all of them.  He looks, and if he is served, leaves for
 *    another reason, or found nothing only because he wants a certain node, he wakes the next.
 *    One who has looked goes to the end of the queue, so that those in front
 *    of him have looked before him.  The chain ends at the first one for whom there was
 *    no event after he looked; then there was none for those behind him either.
 *
 * Who is to be refused (tcslab_limit_look()) may be so only for what is in use.  He becomes a
 * waiter, so that nothing hides in an array, and looks.  If something came back while he did,
 * he looks again.  What had been freed before, and is not there, is
 *
 * - in a span that is charged but in no list: in the hands of who gives it back, waiting for a
 *   grace period if the cache is type-safe, or got by who has not cut it yet;
 * - given to tcslab_free_rcu(), or in the hands of who frees it after its grace period: such
 *   objects are counted until they are free;
 * - no longer charged, of which nobody has been told yet: it is counted with those;
 * - parked by a free that could not take a lock: an interrupt that he waits for;
 * - in the array of a CPU that is going.
 *
 * While there is any of these he waits for it, and makes the grace period an expedited one.  A free
 * that has not returned yet has not happened.
 */
#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/swait.h>

#include "base/lock.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "middle/park.h"
#include "limit_wait.h"
#include "rcu.h"

/* A grace period takes as long as its slowest reader, and a virtual CPU may not run for long. */
#define LOOK_AT_MOST	(5 * HZ)
#define LOOKS		100	/* that others were faster, before he is one too many */

/**
 * struct tcslab_waiting - who waits at the limit of one cache
 * @n: their number, those who look just now included
 * @events: that somebody may have waited for
 * @queue: those who sleep, the longest first
 * @wake: wakes one; a free may come from where nobody can be woken
 */
struct tcslab_waiting {
	atomic_t n;
	atomic_t events;
	struct swait_queue_head queue;
	struct irq_work wake;
};

static void wake_one(struct irq_work *work)
{
	swake_up_one(&container_of(work, struct tcslab_waiting, wake)->queue);
}

bool tcslab_limit_is_waited_for(const struct tcslab_cache *cache)
{
	return cache->waiting && atomic_read(&cache->waiting->n);
}

void tcslab_limit_wake(struct tcslab_cache *cache)
{
	struct tcslab_waiting *w = cache->waiting;

	smp_mb();	/* what came back, then @n; pairs with the one in tcslab_limit_wait() */
	if (likely(!atomic_read(&w->n)))
		return;
	atomic_inc(&w->events);
	/* Its barrier pairs with the one in prepare_to_swait_event(). */
	if (swq_has_sleeper(&w->queue))
		tcslab_irq_work_queue(&w->wake);
}

static void begin(struct tcslab_cache *cache)
{
	atomic_inc(&cache->waiting->n);
	tcslab_cpu_cache_narrow(cache);
	tcslab_cpu_cache_settle(cache);
}

static void end(struct tcslab_cache *cache)
{
	atomic_dec(&cache->waiting->n);
	swake_up_one(&cache->waiting->queue);
}

/* What he finds may be of a node that he does not want; others would take it. */
static void pass_on(struct tcslab_cache *cache, gfp_t gfp)
{
	if (cache->node == NUMA_NO_NODE && gfp & __GFP_THISNODE)
		swake_up_one(&cache->waiting->queue);
}

void *tcslab_limit_wait(struct tcslab_cache *cache, gfp_t gfp, int node,
			void *(*fetch)(struct tcslab_cache *cache, gfp_t gfp, int node))
{
	struct tcslab_waiting *w = cache->waiting;
	void *obj;
	int seen;

	begin(cache);
	do {
		seen = atomic_read(&w->events);
		smp_mb();	/* @n and @events, then what came back */
		obj = fetch(cache, gfp, node);
		if (obj != ERR_PTR(-EDQUOT) || fatal_signal_pending(current))
			break;
		pass_on(cache, gfp);
		/* Returns for a fatal signal, too, after which he looks a last time. */
		(void)___swait_event(w->queue, atomic_read(&w->events) != seen, TASK_KILLABLE, 0,
				     schedule());
	} while (true);
	end(cache);
	return obj;
}

/* Is something on its way back?  What it says no to has come, and is an event. */
static bool is_coming(struct tcslab_cache *cache)
{
	bool coming = tcslab_cpu_cache_left(cache) || tcslab_central_in_hands(cache) > 0;

	smp_rmb();	/* what is charged, then what is not and of which nobody knows yet */
	coming |= atomic_long_read(&cache->rcu_objects);
	smp_rmb();	/* then @events */
	return coming;
}

/* Until something comes, or for a moment. */
static void wait_a_moment(struct tcslab_cache *cache, int seen)
{
	struct tcslab_waiting *w = cache->waiting;
	bool rcu = cache->flags & TCSLAB_TYPESAFE_BY_RCU || atomic_long_read(&cache->rcu_objects);

	if (rcu)
		tcslab_rcu_press(NUMA_NO_NODE);
	(void)___swait_event(w->queue, ___wait_cond_timeout(atomic_read(&w->events) != seen),
			     TASK_KILLABLE, 1, __ret = schedule_timeout(__ret));
	if (rcu)
		tcslab_rcu_reap(NUMA_NO_NODE);
}

void *tcslab_limit_look(struct tcslab_cache *cache, gfp_t gfp, int node,
			void *(*fetch)(struct tcslab_cache *cache, gfp_t gfp, int node))
{
	unsigned long since = jiffies;
	unsigned int looks = 0;
	bool coming;
	void *obj;
	int seen;

	begin(cache);
	do {
		tcslab_unpark_online();
		seen = atomic_read(&cache->waiting->events);
		smp_mb();	/* @n and @events, then what came back */
		obj = fetch(cache, gfp, node);
		if (obj != ERR_PTR(-EDQUOT) || fatal_signal_pending(current))
			break;
		coming = is_coming(cache);
		if (atomic_read(&cache->waiting->events) != seen) {
			if (++looks == LOOKS)
				break;
			cond_resched();
			continue;
		}
		if (!coming)
			break;
		pass_on(cache, gfp);
		wait_a_moment(cache, seen);
	} while (jiffies - since < LOOK_AT_MOST);
	end(cache);
	return obj;
}

int tcslab_limit_wait_init(struct tcslab_cache *cache)
{
	struct tcslab_waiting *w;

	if (!cache->limit_pages)
		return 0;
	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	init_swait_queue_head(&w->queue);
	w->wake = IRQ_WORK_INIT_HARD(wake_one);
	cache->waiting = w;
	cache->narrows = true;
	return 0;
}

void tcslab_limit_wait_exit(struct tcslab_cache *cache)
{
	if (cache->waiting)
		irq_work_sync(&cache->waiting->wake);
	kfree(cache->waiting);
}
