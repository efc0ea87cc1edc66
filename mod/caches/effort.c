// SPDX-License-Identifier: GPL-2.0
/*
 * The order of effort
 *
 * Here alone is decided what comes after what when an allocation finds nothing at hand:
 *
 * 1. What is to be had without a loss to others: a span from the page heap, other nodes' free
 *    objects, a chunk.  With a minimum: without direct reclaim, IO, and the reserves of the
 *    kernel, as mempool_alloc() tries first.  Without one: as hard as the caller says.
 * 2. The minimum.  A promise comes before reclaim, whatever the caller may do.
 * 3. With a minimum: as hard as the caller says, but one round of it, without the OOM killer.
 *    The page allocator would try for ever to serve small requests, while promised objects
 *    come back.
 * 4. What lies idle in tcslab: objects of the cache in other CPUs' arrays when its limit is
 *    reached, and those of all caches when there is no memory.  For who may sleep: it
 *    interrupts CPUs.  A bounded number of times, and for attempts (__GFP_NORETRY) not at all
 *    when there is no memory and the last one found nothing, just now.  What is on its way back
 *    is waited for, but not by attempts: at the cache's limit see limit_wait.c; at the limit of
 *    all caches, and without memory, what waits for a grace period.
 * 5. Waiting for a free: for the minimum, or at the limit with TCSLAB_LIMIT_WAIT.
 * 6. __GFP_NOFAIL: beyond the limits.  Until here it is left out, since the kernel knows neither
 *    our limits nor what we have idle.
 *
 * Reserves are caches' users: tcslab_reserve_alloc() asks without any effort and then takes
 * what it was promised, a refill goes as far as tcslab_effort_to_fill() says.  The drop-in's
 * mempools keep this order themselves.
 *
 * __GFP_NOFAIL with __GFP_NORETRY is our own: beyond the limits, but of the kernel one round
 * (see tcslab_effort()).  Who asks with both means the first.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "back/mempolicy.h"
#include "back/page_heap.h"
#include "base/trace.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "effort.h"
#include "limit_wait.h"
#include "list.h"
#include "minimum.h"
#include "rcu.h"
#include "trim.h"

#define PATIENCE	max(HZ / 50, 1)		/* for who drains all caches just now */
#define RCU_PATIENCE	(5 * HZ)		/* for a grace period's slowest reader */
#define VAIN_PERIOD	max(HZ / 10, 1)		/* between attempts while they find nothing */

/*
 * When all caches were last drained and nothing was found.  Only a hint, so it is written
 * without a lock: one drain more or less does no harm.
 */
static unsigned long last_vain;

/* Allocations from all caches, those that are gone included; see tcslab_no_memory(). */
static atomic_long_t no_memory;

/* Reclaim comes to us, or to somebody who asks for our statistics. */
static void assert_may_reclaim(gfp_t gfp)
{
	if (gfpflags_allow_blocking(gfp))
		lockdep_assert_not_held(&tcslab_cache_mutex);
}

/* ------------------------------------------------------------------- at hand */

static void *take_anywhere(struct tcslab_cache *cache)
{
	void *obj;
	int node;

	for_each_online_node(node)
		if (tcslab_central_alloc(cache, node, &obj, 1))
			return obj;
	return NULL;
}

/* ERR_PTR(-ENOMEM), or -EDQUOT when the cache's limit is in the way. */
static void *find(struct tcslab_cache *cache, gfp_t gfp, int node, int home)
{
	bool any_node = static_branch_unlikely(&tcslab_numa_key) && !(gfp & __GFP_THISNODE);
	void *obj, *more;

	assert_may_reclaim(gfp);
	gfp &= ~TCSLAB_BOUND;
	/* New memory is where the task wants it, as with kmalloc(). */
	if (any_node && node == NUMA_NO_NODE) {
		int wanted = tcslab_policy_node(home);

		if (wanted != home && tcslab_central_alloc(cache, wanted, &obj, 1))
			return obj;
		home = wanted;
		gfp = tcslab_policy_gfp(gfp);
	}
	more = tcslab_cpu_cache_grow(cache, home, any_node ? tcslab_near(gfp) : gfp);
	if (!IS_ERR(more) || !any_node)
		return more;
	/*
	 * What the other nodes have free comes before more of their memory: a node
	 * that is full, or has none, would take a new span for each object.
	 */
	obj = take_anywhere(cache);
	if (obj || (more == ERR_PTR(-EDQUOT) && !(gfp & __GFP_NOFAIL)))
		return obj ?: more;
	return tcslab_cpu_cache_grow(cache, home, gfp);
}

static void *fetch(struct tcslab_cache *cache, gfp_t gfp, int node)
{
	void *obj;
	int home;

	obj = tcslab_cpu_cache_take(cache, node, &home);
	return obj ?: find(cache, gfp, node, home);
}

/* ---------------------------------------------------------------------- idle */

static void drain_one(struct tcslab_cache *cache)
{
	if (cache == tcslab_large_cache)
		return;
	tcslab_cpu_cache_drain(cache);
	tcslab_central_drain(cache);
}

/*
 * What is in front of the page heap goes there, of all caches.  Where that would take too long
 * only @cache is drained, and this is false.
 */
static bool drain_all_caches(struct tcslab_cache *cache)
{
	if (!tcslab_cache_lock_within(PATIENCE)) {
		drain_one(cache);
		return false;
	}
	tcslab_cache_drain_all();
	mutex_unlock(&tcslab_cache_mutex);
	return true;
}

/* For more than a page this is an attempt of somebody who has other means. */
static bool may_drain(size_t size, gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) && !(gfp & __GFP_NORETRY && size > PAGE_SIZE);
}

/* At the limit: arrays, then those of isolated CPUs, too, then what has not come back yet. */
static void *at_limit(struct tcslab_cache *cache, gfp_t gfp, int node, bool attempt)
{
	void *obj = ERR_PTR(-EDQUOT);
	int round;

	if (!gfpflags_allow_blocking(gfp))
		return obj;
	for (round = 0; round < 2 && obj == ERR_PTR(-EDQUOT); round++) {
		if (!round)
			tcslab_cpu_cache_drain(cache);
		else
			tcslab_cpu_cache_drain_all(cache);
		tcslab_central_drain(cache);
		/* Others' idle objects count as well. */
		if (cache->quota)
			tcslab_effort_drain_quota(cache->quota);
		obj = fetch(cache, gfp, node);
	}
	if (obj == ERR_PTR(-EDQUOT) && !attempt)
		obj = tcslab_limit_look(cache, gfp, node, fetch);
	return obj;
}

void tcslab_effort_drain_quota(const struct tcslab_quota *quota)
{
	struct tcslab_cache *cache;

	if (!tcslab_cache_lock_within(PATIENCE))
		return;
	tcslab_for_each_cache(cache)
		if (cache->quota == quota)
			drain_one(cache);
	mutex_unlock(&tcslab_cache_mutex);
}

/* Does anything of ours wait for a grace period?  Then it is waited for, as long as need be. */
static bool await_rcu(bool attempt)
{
	struct tcslab_rcu_backlog backlog;

	tcslab_rcu_backlog(NUMA_NO_NODE, &backlog);
	if (attempt || !(backlog.objects || backlog.span_pages))
		return false;
	tcslab_rcu_press_and_wait(RCU_PATIENCE);
	return true;
}

static void *without_memory(struct tcslab_cache *cache, gfp_t gfp, int node, bool attempt)
{
	void *obj;
	bool all;

	if (!may_drain(cache->size, gfp))
		return ERR_PTR(-ENOMEM);
	/* Not time_after(): the last time may be half of all jiffies ago. */
	if (attempt && jiffies - READ_ONCE(last_vain) < VAIN_PERIOD)
		return ERR_PTR(-ENOMEM);
	all = drain_all_caches(cache);
	obj = fetch(cache, gfp | __GFP_NOWARN, node);
	if (obj != ERR_PTR(-ENOMEM))
		return obj;
	if (await_rcu(attempt))
		drain_all_caches(cache);
	/* What other heaps have is of use to us only by way of the kernel. */
	tcslab_page_heap_release_all();
	obj = fetch(cache, gfp, node);
	if (all && obj == ERR_PTR(-ENOMEM))
		WRITE_ONCE(last_vain, jiffies);
	return obj;
}

/* @attempt: who asks will do without, and is soon back. */
static void *find_idle(struct tcslab_cache *cache, gfp_t gfp, int node, bool attempt, void *err)
{
	if (err == ERR_PTR(-EDQUOT))
		err = at_limit(cache, gfp, node, attempt);
	if (err == ERR_PTR(-ENOMEM))
		err = without_memory(cache, gfp, node, attempt);
	return err;
}

/* --------------------------------------------------------------------- objects */

static bool may_wait(gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) && !(gfp & __GFP_NORETRY);
}

/*
 * For who has no memory.  The minimum is of any node, so it is not for __GFP_THISNODE,
 * and nobody has to dip into it: __GFP_NOMEMALLOC.
 */
static bool may_take_minimum(const struct tcslab_cache *cache, gfp_t gfp)
{
	return cache->minimum && !(gfp & __GFP_NOMEMALLOC) &&
	       !(gfp & __GFP_THISNODE && cache->node == NUMA_NO_NODE);
}

/*
 * For want of memory a minimum never refuses who may sleep, not when he is killed either, as
 * mempool does not.  At the limit he waits as TCSLAB_LIMIT_WAIT says.
 */
static bool waits_at_limit(const struct tcslab_cache *cache, const void *err)
{
	return err == ERR_PTR(-EDQUOT) && cache->flags & TCSLAB_LIMIT_WAIT;
}

static void *promised(struct tcslab_cache *cache, gfp_t gfp, int node, int home, bool wait)
{
	gfp_t first = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_NOFAIL)) |
		      __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
	gfp_t round = (gfp & ~__GFP_NOFAIL) | __GFP_NORETRY;
	void *obj = find(cache, first, node, home), *set_aside;
	bool drained = false;

	wait = wait && may_wait(gfp);
	/* Who waits for a promise leaves the kernel's reserves to those who cannot. */
	if (wait)
		round |= __GFP_NOMEMALLOC | __GFP_NOWARN;
	for (; IS_ERR(obj); obj = fetch(cache, first, node)) {
		set_aside = tcslab_minimum_take(cache);
		if (set_aside)
			return set_aside;
		obj = fetch(cache, round, node);
		/* Later ones are narrow, and reclaim asks for the others'. */
		if (IS_ERR(obj) && !drained)
			obj = find_idle(cache, round, node, gfp & __GFP_NORETRY, obj);
		drained = true;
		if (obj == ERR_PTR(-EDQUOT) && gfp & __GFP_NOFAIL)
			obj = fetch(cache, round | __GFP_NOFAIL, node);
		if (!IS_ERR(obj))
			break;
		if (!wait || !tcslab_minimum_wait(cache, waits_at_limit(cache, obj)))
			break;
	}
	if (!IS_ERR(obj))
		return obj;
	set_aside = tcslab_minimum_take(cache);
	if (set_aside)
		return set_aside;
	/* In bulk nobody waits for the minimum; who cannot be refused waits for memory. */
	return gfp & __GFP_NOFAIL ? fetch(cache, gfp, node) : obj;
}

/* Of who cannot be refused: what the kernel says meanwhile is of no interest. */
static gfp_t once_first(gfp_t gfp)
{
	return gfp & __GFP_NOFAIL ? (gfp & ~__GFP_NOFAIL) | __GFP_NOWARN : gfp;
}

static void *unpromised(struct tcslab_cache *cache, gfp_t gfp, int node, int home, bool wait)
{
	bool again = may_drain(cache->size, gfp);
	gfp_t once = once_first(gfp);
	void *obj = find(cache, again ? once | __GFP_NOWARN : once, node, home);

	if (IS_ERR(obj))
		obj = find_idle(cache, once, node, gfp & __GFP_NORETRY, obj);
	if (!IS_ERR(obj))
		return obj;
	if (gfp & __GFP_NOFAIL)
		return fetch(cache, gfp, node);
	if (wait && waits_at_limit(cache, obj) && may_wait(gfp))
		return tcslab_limit_wait(cache, gfp, node, fetch);
	return obj;
}

unsigned long tcslab_no_memory(void)
{
	return atomic_long_read(&no_memory);
}

/* Somebody gets nothing, and it is not for the limit of @cache. */
static void note_no_memory(struct tcslab_cache *cache, unsigned int npages)
{
	atomic_long_inc(&cache->no_memory);
	atomic_long_inc(&no_memory);
	tcslab_note_refusal(npages);
}

void *tcslab_effort_object(struct tcslab_cache *cache, gfp_t gfp, int node, int home, bool wait)
{
	void *obj;

	if (unlikely(gfp & __GFP_NOFAIL))
		gfp &= ~__GFP_NORETRY;
	obj = may_take_minimum(cache, gfp) ? promised(cache, gfp, node, home, wait) :
					     unpromised(cache, gfp, node, home, wait);
	if (!IS_ERR(obj))
		return obj;
	if (obj == ERR_PTR(-EDQUOT)) {
		atomic_long_inc(&cache->limit_refusals);
		trace_limit_refused(cache->name);
	} else {
		note_no_memory(cache, DIV_ROUND_UP(cache->size, PAGE_SIZE));
	}
	return NULL;
}

/* --------------------------------------------------------------- large objects */

static struct tcslab_span *large(enum tcslab_zone zone, unsigned int npages, unsigned int align,
				 gfp_t gfp, int node)
{
	return tcslab_page_heap_alloc(tcslab_large_cache, zone, TCSLAB_SPAN_LARGE, npages, align,
				      gfp, node);
}

struct tcslab_span *tcslab_effort_large(enum tcslab_zone zone, unsigned int npages,
					unsigned int align, gfp_t gfp, int node)
{
	bool again = may_drain((size_t)npages << PAGE_SHIFT, gfp);
	gfp_t once = once_first(gfp);
	struct tcslab_span *span;

	assert_may_reclaim(gfp);
	span = large(zone, npages, align, again ? once | __GFP_NOWARN : once, node);
	if (!span && again) {
		drain_all_caches(tcslab_large_cache);
		span = large(zone, npages, align, once | __GFP_NOWARN, node);
	}
	if (!span && again) {
		if (await_rcu(gfp & __GFP_NORETRY))
			drain_all_caches(tcslab_large_cache);
		tcslab_page_heap_release_all();
		span = large(zone, npages, align, once, node);
	}
	if (!span && gfp & __GFP_NOFAIL)
		span = large(zone, npages, align, gfp & ~__GFP_NORETRY, node);
	if (!span)
		note_no_memory(tcslab_large_cache, npages);
	return span;
}
