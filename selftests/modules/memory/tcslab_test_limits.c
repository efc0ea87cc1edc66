// SPDX-License-Identifier: GPL-2.0
/* A cache's limit: under concurrency, where objects lie idle, and beyond it */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>

#include "context_test.h"
#include "takers.h"

static void cache_limit(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(1000);
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;
	unsigned long taken;

	args.limit_bytes = SZ_2M;
	cache = tcslab_cache_create("memory-limit", &args);
	if (!context_check(!IS_ERR(cache), "a cache with a limit"))
		return;
	taken = take_all(cache, NULL, 0, args.limit_bytes);
	/* Arrays of CPUs keep a few from the others; no page of the limit is unused. */
	context_check(taken * 1000 > args.limit_bytes * 9 / 10, "%lu objects came out", taken);
	tcslab_cache_stats(cache, &stats);
	context_check(stats.limit_refusals >= num_online_cpus(), "%lu refusals counted",
		      stats.limit_refusals);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* -------------------------------------------------------------- what lies idle */

#define IDLE		32
#define IDLE_SIZE	1000

struct idle {
	struct tcslab_cache *cache;
	gfp_t gfp;
	bool bulk;
	unsigned int n;
	void *objs[IDLE];
};

static long take_idle(void *arg)
{
	struct idle *idle = arg;

	if (idle->bulk) {
		idle->n = tcslab_cache_alloc_bulk(idle->cache, idle->gfp, IDLE, idle->objs);
		return 0;
	}
	for (idle->n = 0; idle->n < IDLE; idle->n++) {
		idle->objs[idle->n] = tcslab_cache_alloc(idle->cache, idle->gfp);
		if (!idle->objs[idle->n])
			break;
	}
	return 0;
}

static long free_idle(void *arg)
{
	struct idle *idle = arg;

	while (idle->n)
		tcslab_cache_free(idle->cache, idle->objs[--idle->n]);
	return 0;
}

/* Until a CPU's array has room for all of them, and they are there. */
static long use_idle(void *arg)
{
	int i;

	for (i = 0; i < 30; i++) {
		take_idle(arg);
		free_idle(arg);
	}
	return 0;
}

/* Nothing is in use: nobody may be refused for what another CPU has put aside. */
static void idle_objects(void)
{
	static struct idle there, here;
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(IDLE_SIZE);
	unsigned int last = cpumask_last(cpu_online_mask);
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;

	args.limit_bytes = IDLE / (PAGE_SIZE / IDLE_SIZE) * PAGE_SIZE;
	cache = tcslab_cache_create("memory-idle", &args);
	if (!context_check(!IS_ERR(cache), "a cache of %u objects", IDLE))
		return;
	there = (struct idle){ .cache = cache, .gfp = GFP_KERNEL };
	here = there;
	work_on_cpu(last, use_idle, &there);
	tcslab_cache_stats(cache, &stats);
	work_on_cpu(0, take_idle, &here);
	context_check(here.n == IDLE, "%u of them elsewhere, of which %lu were in an array",
		      here.n, stats.cpu_cached);
	work_on_cpu(0, free_idle, &here);
	work_on_cpu(0, use_idle, &here);
	there.bulk = true;
	work_on_cpu(last, take_idle, &there);
	context_check(there.n == IDLE, "in bulk, too: %u", there.n);
	work_on_cpu(last, free_idle, &there);
	there.bulk = false;
	work_on_cpu(last, use_idle, &there);
	tcslab_cache_stats(cache, &stats);
	here.gfp = GFP_ATOMIC;
	work_on_cpu(0, take_idle, &here);
	context_check(here.n + stats.cpu_cached >= IDLE,
		      "who may not sleep: %u, all but what was in arrays, %lu", here.n,
		      stats.cpu_cached);
	free_idle(&here);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* ------------------------------------------------------------ beyond the limit */

static void over_limit(const char *what, unsigned int flags, unsigned int min_objects)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;
	void *objs[16] = {};
	unsigned int i, n = 0;

	args.limit_bytes = 4 * PAGE_SIZE;
	args.flags = flags;
	args.min_objects = min_objects;
	cache = tcslab_cache_create("memory-over", &args);
	if (!context_check(!IS_ERR(cache), "%s", what))
		return;
	for (i = 0; i < 4; i++) {
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY);
		n += !!objs[i];
	}
	context_check(n == 4 && !tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY),
		      "four objects and no more");
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.limit_overruns && stats.limit_refusals == 1, "refused once");
	objs[4] = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NOFAIL);
	objs[5] = tcslab_cache_alloc(cache, GFP_NOIO | __GFP_NOFAIL | __GFP_NORETRY);
	n = tcslab_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOFAIL, 4, objs + 6);
	tcslab_cache_stats(cache, &stats);
	context_check(objs[4] && objs[5] && n == 4 && stats.limit_overruns == 6 &&
		      stats.held_bytes == 10 * PAGE_SIZE,
		      "__GFP_NOFAIL goes above it, %lu times, to %lu bytes",
		      stats.limit_overruns, stats.held_bytes);
	context_check(!tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY | __GFP_NOMEMALLOC),
		      "others are refused above it");
	for (i = 3; i < 10; i++)
		tcslab_cache_free(cache, objs[i]);
	tcslab_cache_shrink(cache);
	objs[3] = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY);
	context_check(objs[3], "and served below");
	for (i = 0; i < 4; i++)
		tcslab_cache_free(cache, objs[i]);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* A reserve that cannot be refused goes beyond the limit, not to what the cache promised others. */
static void refill_beyond(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct tcslab_reserve *reserve;
	struct tcslab_cache *cache;
	void *obj, *objs[3];
	int err;

	args.limit_bytes = 4 * PAGE_SIZE;
	args.min_objects = 2;
	cache = tcslab_cache_create("memory-refill", &args);
	if (!context_check(!IS_ERR(cache), "a cache with a minimum and a reserve"))
		return;
	reserve = tcslab_reserve_create(cache, 1, GFP_KERNEL);
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	if (context_check(!IS_ERR(reserve) && obj, "all that it may have")) {
		objs[2] = tcslab_reserve_alloc(reserve);
		err = tcslab_reserve_refill(reserve, GFP_KERNEL | __GFP_NOFAIL);
		objs[0] = tcslab_cache_alloc(cache, GFP_ATOMIC);
		objs[1] = tcslab_cache_alloc(cache, GFP_ATOMIC);
		context_check(!err && objs[0] && objs[1],
			      "a refill without fail leaves the minimum alone");
		tcslab_cache_free(cache, objs[0]);
		tcslab_cache_free(cache, objs[1]);
		tcslab_cache_free(cache, objs[2]);
		tcslab_reserve_destroy(reserve);
	}
	tcslab_cache_free(cache, obj);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

static int __init limits_init(void)
{
	cache_limit();
	idle_objects();
	over_limit("a limit", 0, 0);
	over_limit("a limit to wait at", TCSLAB_LIMIT_WAIT, 0);
	over_limit("a limit and a minimum", 0, 2);
	refill_beyond();
	context_plan();
	return 0;
}

static void __exit limits_exit(void)
{
}

module_init(limits_init);
module_exit(limits_exit);

MODULE_DESCRIPTION("tcslab test: limits of caches");
MODULE_LICENSE("GPL");
