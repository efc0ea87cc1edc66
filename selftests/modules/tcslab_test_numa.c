// SPDX-License-Identifier: GPL-2.0
/*
 * Two nodes: memory comes from the node that was named, and goes back to it
 *
 * Needs a guest with two nodes that have memory and CPUs; numa=fake=2 will do.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define MANY	600

static void *objs[MANY];

static unsigned int on_other_nodes(int node, unsigned int n)
{
	unsigned int i, bad = 0;

	for (i = 0; i < n; i++)
		bad += !objs[i] || page_to_nid(virt_to_page(objs[i])) != node;
	return bad;
}

static void general(void)
{
	unsigned int bad = 0, i, n;
	size_t size;
	int node;

	for_each_node_state(node, N_MEMORY) {
		for (size = 8; size <= SZ_1M; size *= 4) {
			n = size > SZ_16K ? 4 : MANY;
			for (i = 0; i < n; i++)
				objs[i] = tcslab_alloc_node(size, i & 1 ? GFP_KERNEL :
							    GFP_KERNEL | __GFP_THISNODE, node);
			bad += on_other_nodes(node, n);
			for (i = 0; i < n; i++)
				tcslab_free(objs[i]);
		}
	}
	context_check(!bad, "memory of the node that was named, %u are not", bad);
}

static void bound_cache(struct tcslab_cache_args args)
{
	struct tcslab_cache *cache;
	unsigned int bad = 0, i;
	size_t got;
	int node;

	for_each_node_state(node, N_MEMORY) {
		args.node = node;
		cache = tcslab_cache_create("bound", &args);
		if (IS_ERR(cache))
			continue;
		got = tcslab_cache_alloc_bulk(cache, GFP_KERNEL, MANY / 2, objs);
		for (i = got; i < MANY; i++)
			objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
		bad += on_other_nodes(node, MANY);
		tcslab_cache_free_bulk(cache, MANY, objs);
		bad += tcslab_cache_destroy(cache) != 0;
	}
	context_check(!bad, "a cache that is bound to a node, %u are elsewhere", bad);
}

struct visit {
	struct work_struct work;
	struct tcslab_cache *cache;
	unsigned int foreign;
	int node;
};

/* On a CPU of the other node: free what came from the first, then allocate. */
static void visit(struct work_struct *work)
{
	struct visit *v = container_of(work, struct visit, work);
	unsigned int i;

	v->node = numa_mem_id();
	for (i = 0; i < MANY; i++)
		tcslab_cache_free(v->cache, objs[i]);
	for (i = 0; i < MANY; i++)
		objs[i] = tcslab_cache_alloc(v->cache, GFP_KERNEL);
	v->foreign = on_other_nodes(v->node, MANY);
}

static void remote_frees(struct tcslab_cache_args args)
{
	struct tcslab_cache *cache = tcslab_cache_create("remote", &args);
	struct tcslab_cache_stats stats;
	unsigned int i, bad = 0, nodes = 0;
	struct visit v = { .cache = cache };
	int cpu;

	if (IS_ERR(cache))
		return;
	for (i = 0; i < MANY; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	INIT_WORK_ONSTACK(&v.work, visit);
	for_each_online_cpu(cpu) {
		int from = objs[0] ? page_to_nid(virt_to_page(objs[0])) : -1;

		schedule_work_on(cpu, &v.work);
		flush_work(&v.work);
		bad += v.foreign;
		nodes += v.node != from;
	}
	destroy_work_on_stack(&v.work);
	context_check(nodes, "objects were freed on another node %u times", nodes);
	context_check(!bad, "a CPU gets memory of its node, %u are not", bad);
	tcslab_cache_free_bulk(cache, MANY, objs);
	tcslab_cache_shrink(cache);
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.in_use && !stats.spans, "all went home: %lu in use, %lu spans",
		      stats.in_use, stats.spans);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

static int __init numa_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(500);

	if (num_node_state(N_MEMORY) < 2) {
		pr_notice(CONTEXT_PREFIX "1..0 # SKIP this machine has one node\n");
		return 0;
	}
	general();
	bound_cache(args);
	remote_frees(args);
	context_check(!tcslab_alloc_node(100, GFP_KERNEL, num_possible_nodes()),
		      "a node that is not there has no memory");
	context_plan();
	return 0;
}

static void __exit numa_exit(void)
{
}

module_init(numa_init);
module_exit(numa_exit);

MODULE_DESCRIPTION("tcslab test: nodes");
MODULE_LICENSE("GPL");
