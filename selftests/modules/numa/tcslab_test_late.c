// SPDX-License-Identifier: GPL-2.0
/* Objects of a node that may have come after tcslab did; caches that are older and newer. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define MANY	300

static int node;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "the last one that has memory");

static uint seconds;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long objects come and go, whoever has memory meanwhile");

static void *objs[MANY];

static unsigned int take(size_t size, gfp_t gfp, int nid)
{
	unsigned int missing = 0, i;

	for (i = 0; i < MANY; i++) {
		objs[i] = nid == NUMA_NO_NODE ? tcslab_alloc(size, gfp) :
			  tcslab_alloc_node(size, gfp, nid);
		missing += !objs[i];
	}
	return missing;
}

static unsigned int elsewhere(int nid)
{
	unsigned int n = 0, i;

	for (i = 0; i < MANY; i++)
		n += objs[i] && page_to_nid(virt_to_page(objs[i])) != nid;
	return n;
}

static void drop(void)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		tcslab_free(objs[i]);
}

static long drop_on(void *unused)
{
	drop();
	return 0;
}

static void once(struct tcslab_cache *cache)
{
	struct tcslab_cache_stats stats;
	unsigned int missing, bad;
	size_t size;
	int cpu, i;

	/* As kmalloc(): clean page cache goes. */
	missing = take(SZ_64K, GFP_KERNEL, NUMA_NO_NODE);
	context_check(!missing, "%u of %u allocations of 64 KiB failed", missing, MANY);
	drop();
	for (size = 64; size <= SZ_16K; size *= 4) {
		missing = take(size, GFP_KERNEL | __GFP_THISNODE, node);
		bad = elsewhere(node);
		context_check(!missing && !bad,
			      "%zu bytes of the last node: %u are missing, %u are elsewhere",
			      size, missing, bad);
		cpu = cpumask_last(cpu_online_mask);
		work_on_cpu(cpu, drop_on, NULL);
	}
	for (i = 0; i < MANY; i++)
		objs[i] = tcslab_cache_alloc_node(cache, GFP_KERNEL, i & 1 ? node : 0);
	drop();
	tcslab_cache_shrink(cache);
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.in_use && !stats.spans, "all went home: %lu in use, %lu spans",
		      stats.in_use, stats.spans);
}

/* Objects of both nodes, for as long as @seconds, and a cache is made and destroyed each time. */
static void for_a_while(struct tcslab_cache_args args)
{
	unsigned long end = jiffies + seconds * HZ, rounds = 0;
	unsigned int missing = 0, bad = 0;

	while (time_before(jiffies, end)) {
		struct tcslab_cache *cache = tcslab_cache_create("late-new", &args);
		unsigned int i;

		if (IS_ERR(cache))
			break;
		for (i = 0; i < MANY; i++)
			objs[i] = tcslab_cache_alloc_node(cache, GFP_KERNEL, i & 1 ? node : 0);
		drop();
		bad += tcslab_cache_destroy(cache) != 0;
		missing += take(rounds & 1 ? 100 : SZ_16K, GFP_KERNEL, node);
		work_on_cpu(rounds & 1, drop_on, NULL);
		if (rounds++ % 8 == 0)
			tcslab_trim();
		cond_resched();
	}
	context_check(rounds && !bad && !missing, "%lu rounds, %u caches stayed, %u are missing",
		      rounds, bad, missing);
}

static int __init late_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(500);
	struct tcslab_cache *cache = tcslab_cache_create("late", &args);

	if (IS_ERR(cache))
		return PTR_ERR(cache);
	if (seconds)
		for_a_while(args);
	else
		once(cache);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
	context_plan();
	return 0;
}

static void __exit late_exit(void)
{
}

module_init(late_init);
module_exit(late_exit);

MODULE_DESCRIPTION("tcslab test: a node that comes late");
MODULE_LICENSE("GPL");
