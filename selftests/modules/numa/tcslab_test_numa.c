// SPDX-License-Identifier: GPL-2.0
/*
 * Two nodes: memory comes from the node that was named, and goes back to it
 *
 * Needs a guest with two nodes that have memory and CPUs; numa=fake=2 will do.  If
 * one of them has no memory, its CPUs must live well on the other's.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
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
		if (IS_ERR(cache)) {
			bad += MANY;
			continue;
		}
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

	if (!context_check(!IS_ERR(cache), "a cache for all nodes"))
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

/* ------------------------------------------------------- frees in batches */

#define FEW	3	/* less than a batch */

struct sender {
	struct work_struct work;
	struct tcslab_cache *cache;
	int node;
	unsigned int n;
};

/* Allocates as well: a CPU of @node would fill its array with a batch on the way. */
static void send(struct work_struct *work)
{
	struct sender *s = container_of(work, struct sender, work);
	unsigned int i;

	for (i = 0; i < s->n; i++)
		objs[i] = tcslab_cache_alloc_node(s->cache, GFP_KERNEL | __GFP_THISNODE,
						  s->node);
	for (i = 0; i < s->n; i++)
		tcslab_cache_free(s->cache, objs[i]);
}

/* Free @n objects of @node on @cpu, which is of another one. */
static void free_from(struct tcslab_cache *cache, int cpu, int node, unsigned int n,
		      struct tcslab_cache_stats *stats)
{
	struct sender s = { .cache = cache, .node = node, .n = n };

	INIT_WORK_ONSTACK(&s.work, send);
	schedule_work_on(cpu, &s.work);
	flush_work(&s.work);
	destroy_work_on_stack(&s.work);
	tcslab_cache_stats(cache, stats);
}

/* A CPU other than the first, so that it may go, and a node that is not its own. */
static int pick_cpu(int *node)
{
	int cpu;

	for_each_online_cpu(cpu) {
		if (!cpu)
			continue;
		for_each_node_state(*node, N_MEMORY)
			if (*node != cpu_to_mem(cpu))
				return cpu;
	}
	return -1;
}

static void remote_batches(struct tcslab_cache_args args)
{
	struct tcslab_cache *cache = tcslab_cache_create("batches", &args);
	struct tcslab_cache_stats stats;
	int node, cpu = pick_cpu(&node);

	if (!context_check(!IS_ERR(cache) && cpu > 0, "a CPU of another node"))
		return;
	free_from(cache, cpu, node, MANY, &stats);
	context_check(stats.flushes >= MANY / 32 && stats.flushes <= MANY / 8,
		      "%u remote frees went home in %llu batches", MANY, stats.flushes);
	context_check(!stats.in_use && stats.cpu_cached < 32,
		      "the rest is counted as cached (%lu in use, %lu cached)",
		      stats.in_use, stats.cpu_cached);
	tcslab_cache_shrink(cache);
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.cpu_cached && !stats.spans, "a shrink sends it home");

	free_from(cache, cpu, node, FEW, &stats);
	context_check(!stats.in_use && stats.cpu_cached == FEW, "a few wait for more");
	while (stats.cpu_cached) {	/* for the scavenger */
		msleep(100);
		tcslab_cache_stats(cache, &stats);
	}
	context_check(!stats.in_use, "but not for ever");

	free_from(cache, cpu, node, FEW, &stats);
	if (IS_ENABLED(CONFIG_HOTPLUG_CPU) && context_check(!remove_cpu(cpu), "the CPU goes")) {
		tcslab_cache_stats(cache, &stats);
		context_check(!stats.in_use && !stats.cpu_cached,
			      "nothing stays with a CPU that goes (%lu did)", stats.cpu_cached);
		add_cpu(cpu);
	}
	free_from(cache, cpu, node, FEW, &stats);
	context_check(!tcslab_cache_destroy(cache), "destroying sends it home");
}

/* --------------------------------------------------------- frees in bulk */

struct bulk {
	struct work_struct work;
	struct tcslab_cache *cache;
	unsigned int foreign;
};

/* All of this CPU's node, then of all nodes in turn, some more than an array has room for. */
static void free_mixed(struct work_struct *work)
{
	static const unsigned int sizes[] = { 1, 2, 16, 64, MANY };
	struct bulk *b = container_of(work, struct bulk, work);
	unsigned int i, s;
	int node, mixed;

	for (s = 0; s < 4 * ARRAY_SIZE(sizes); s++) {
		unsigned int n = sizes[s / 4];

		mixed = s % 4;
		node = numa_mem_id();
		for (i = 0; i < n; i++) {
			objs[i] = tcslab_cache_alloc_node(b->cache, GFP_KERNEL, node);
			/* The last one, the first one, each second one, none. */
			if (mixed == 1 || (!mixed && i == n - 2) || (mixed == 2 && !i))
				node = next_node_in(node, node_states[N_MEMORY]);
			else if (mixed == 2 && i == 1)
				node = numa_mem_id();
		}
		tcslab_cache_free_bulk(b->cache, n, objs);
		/* What the array has now is handed out here. */
		for (i = 0; i < n; i++)
			objs[i] = tcslab_cache_alloc(b->cache, GFP_KERNEL);
		b->foreign += on_other_nodes(numa_mem_id(), n);
		tcslab_cache_free_bulk(b->cache, n, objs);
	}
}

static void bulk_frees(struct tcslab_cache_args args)
{
	struct bulk b = { .cache = tcslab_cache_create("bulk", &args) };
	struct tcslab_cache_stats stats;
	int cpu;

	if (!context_check(!IS_ERR(b.cache), "a cache for frees in bulk"))
		return;
	INIT_WORK_ONSTACK(&b.work, free_mixed);
	for_each_online_cpu(cpu) {
		schedule_work_on(cpu, &b.work);
		flush_work(&b.work);
	}
	destroy_work_on_stack(&b.work);
	context_check(!b.foreign, "arrays hold objects of their node, %u are not", b.foreign);
	tcslab_cache_stats(b.cache, &stats);
	context_check(!stats.in_use, "none is lost: %lu in use", stats.in_use);
	tcslab_cache_shrink(b.cache);
	tcslab_cache_stats(b.cache, &stats);
	context_check(!stats.spans, "all went home: %lu spans", stats.spans);
	context_check(!tcslab_cache_destroy(b.cache), "destroyed");
}

/* ------------------------------------------------- who may not sleep at a limit */

struct atomic {
	struct work_struct work;
	struct tcslab_cache *cache;
	unsigned int n;
};

static void take_atomically(struct work_struct *work)
{
	struct atomic *a = container_of(work, struct atomic, work);

	for (a->n = 0; a->n < MANY; a->n++) {
		objs[a->n] = tcslab_cache_alloc(a->cache, GFP_ATOMIC);
		if (!objs[a->n])
			break;
	}
}

/* A few objects have been freed on a CPU of another node, too few to be sent home in a batch. */
static void remote_at_limit(struct tcslab_cache_args args)
{
	struct tcslab_cache_stats stats;
	int node, cpu = pick_cpu(&node);
	struct atomic a;
	unsigned int had;

	args.limit_bytes = 8 * PAGE_SIZE;
	a.cache = tcslab_cache_create("remote-limit", &args);
	if (!context_check(!IS_ERR(a.cache) && cpu > 0, "a limit on all nodes"))
		return;
	INIT_WORK_ONSTACK(&a.work, take_atomically);
	schedule_work_on(cpumask_first(cpumask_of_node(node)), &a.work);
	flush_work(&a.work);
	had = a.n;
	while (a.n)
		tcslab_cache_free(a.cache, objs[--a.n]);
	tcslab_cache_shrink(a.cache);
	free_from(a.cache, cpu, node, FEW, &stats);
	schedule_work_on(cpumask_first(cpumask_of_node(node)), &a.work);
	flush_work(&a.work);
	destroy_work_on_stack(&a.work);
	context_check(had && a.n == had, "%u of %u after %u were freed on another node", a.n, had,
		      FEW);
	while (a.n)
		tcslab_cache_free(a.cache, objs[--a.n]);
	context_check(!tcslab_cache_destroy(a.cache), "destroyed");
}

/* ------------------------------------------------------------ a full node */

/* Promised to be of one node or nothing, however full the node is. */
static void full_node(void)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	int node = first_memory_node;
	unsigned int n = 0;
	void *other = NULL;

	while (n < MANY && (objs[n] = tcslab_alloc_node(SZ_2M, gfp | __GFP_THISNODE, node)))
		n++;
	context_check(n && n < MANY, "a node is full after %u", n);
	context_check(!on_other_nodes(node, n), "all of it from there");
	/* Reclaim may have made room on the node since. */
	while (n < MANY) {
		other = tcslab_alloc_node(SZ_2M, gfp, node);
		if (!other || page_to_nid(virt_to_page(other)) != node)
			break;
		objs[n++] = other;
	}
	context_check(n < MANY && other, "who only prefers it gets another");
	if (n < MANY)
		tcslab_free(other);
	while (n)
		tcslab_free(objs[--n]);
	tcslab_trim();
}

/* ---------------------------------------------------- a node without memory */

struct poor {
	struct work_struct work;
	struct tcslab_cache *cache;
	unsigned int missing;
	bool thisnode;
};

static void live_poorly(struct work_struct *work)
{
	struct poor *p = container_of(work, struct poor, work);
	unsigned int i, round;
	void *large;

	for (round = 0; round < 10; round++) {
		for (i = 0; i < MANY; i++) {
			objs[i] = tcslab_cache_alloc(p->cache, GFP_KERNEL);
			p->missing += !objs[i];
		}
		for (i = 0; i < MANY; i++)
			tcslab_cache_free(p->cache, objs[i]);
	}
	/* As kmalloc(): who names no node means the nearest that has memory. */
	large = tcslab_alloc(SZ_64K, GFP_KERNEL | __GFP_THISNODE);
	objs[0] = tcslab_alloc(100, GFP_KERNEL | __GFP_THISNODE);
	p->thisnode = large && objs[0];
	tcslab_free(large);
	tcslab_free(objs[0]);
}

static void no_memory(int node, struct tcslab_cache_args args)
{
	struct poor p = { .cache = tcslab_cache_create("poor", &args) };
	struct tcslab_cache_stats stats;
	size_t size;

	if (IS_ERR(p.cache))
		return;
	for (size = 8; size <= SZ_1M; size *= 4) {
		objs[0] = tcslab_alloc_node(size, GFP_KERNEL, node);
		objs[1] = tcslab_alloc_node(size, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN,
					    node);
		context_check(objs[0] && !objs[1], "%zu bytes: preferred there, or only there",
			      size);
		tcslab_free(objs[0]);
		tcslab_free(objs[1]);
	}
	INIT_WORK_ONSTACK(&p.work, live_poorly);
	schedule_work_on(cpumask_first(cpumask_of_node(node)), &p.work);
	flush_work(&p.work);
	destroy_work_on_stack(&p.work);
	tcslab_cache_stats(p.cache, &stats);
	context_check(!p.missing, "a CPU without memory of its own, %u are missing", p.missing);
	context_check(p.thisnode, "it has a nearest node, for small and large");
	context_check(stats.refills && stats.refills < MANY * 10 / 8,
		      "its array works: %llu refills", stats.refills);
	context_check(stats.spans <= MANY / 4, "no span for each object: %lu", stats.spans);
	context_check(!tcslab_cache_destroy(p.cache), "destroyed");
}

static int __init numa_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(500);
	int node;

	for_each_online_node(node) {
		if (node_state(node, N_MEMORY) || cpumask_empty(cpumask_of_node(node)))
			continue;
		no_memory(node, args);
		context_plan();
		return 0;
	}
	if (num_node_state(N_MEMORY) < 2) {
		pr_notice(CONTEXT_PREFIX "1..0 # SKIP this machine has one node\n");
		return 0;
	}
	general();
	bound_cache(args);
	remote_frees(args);
	remote_batches(args);
	bulk_frees(args);
	remote_at_limit(args);
	full_node();
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
