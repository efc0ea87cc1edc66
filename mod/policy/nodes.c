// SPDX-License-Identifier: GPL-2.0
/*
 * Memory nodes, also those that come after the module was loaded
 *
 * With one node no free looks at an object's node (tcslab_numa_key is off) and all memory
 * is of that node.  Before the first page of a second node goes online the key is
 * switched on, and only then may chunks come from there:
 *
 *   1. the key: each CPU's code has the look at the node when that call returns;
 *   2. a round of interrupts: no CPU executes what it fetched before;
 *   3. tcslab_many_nodes: chunks of all nodes are adopted.
 *
 * A section that began before 1 cannot meet an object of the new node: it knew its objects
 * when it began, and the first one of that node is allocated after 3.  What it puts into an array
 * is of the old node, as all that is there.
 *
 * What a cache has per node is made then, if there is memory for it, or at the next change;
 * it works without (see remote.h, central.h).  So nothing here can fail.
 *
 * A node that goes leaves arrays of CPUs that were near it; those move to the nearest that is
 * left.  The key stays on.
 *
 * Lock: the memory hotplug lock, which includes cpus_read_lock(), then tcslab_cache_mutex,
 * under which nothing reclaims.
 */
#include <linux/cpu.h>
#include <linux/cpuset.h>
#include <linux/jump_label.h>
#include <linux/memory.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "back/span.h"
#include "base/compat.h"
#include "caches/cache.h"
#include "front/cpu_cache.h"
#include "front/remote.h"
#include "middle/central.h"
#include "nodes.h"

int tcslab_only_node __ro_after_init;
bool tcslab_many_nodes __read_mostly;

/* Off on machines with one node: then no free looks at an object's node. */
DEFINE_STATIC_KEY_FALSE(tcslab_numa_key);
EXPORT_SYMBOL_GPL(tcslab_numa_key);

void tcslab_nodes_prepare(struct tcslab_cache *cache)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	int node;

	lockdep_assert_held(&tcslab_cache_mutex);
	if (!static_branch_unlikely(&tcslab_numa_key))
		return;
	tcslab_remote_init(cache, gfp);
	for_each_online_node(node)
		tcslab_central_add_node(cache, node, gfp);
}

void __init tcslab_nodes_init(void)
{
	tcslab_only_node = first_memory_node;
	if (nr_online_nodes > 1) {
		static_branch_enable(&tcslab_numa_key);
		tcslab_many_nodes = true;
	}
}

#ifdef CONFIG_MEMORY_HOTPLUG
/* Of which nodes the arrays know; under tcslab_cache_mutex. */
static nodemask_t known;

/* In the order that is argued above. */
static void serve_all(void)
{
	if (tcslab_nodes_are_served())
		return;
	static_branch_enable_cpuslocked(&tcslab_numa_key);
	kick_all_cpus_sync();
	smp_store_release(&tcslab_many_nodes, true);	/* for tcslab_nodes_are_served() */
}

static void prepare_all(void)
{
	struct tcslab_cache *cache;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		tcslab_nodes_prepare(cache);
		cond_resched();
	}
	mutex_unlock(&tcslab_cache_mutex);
}

static void move_homes(void)
{
	struct tcslab_cache *cache;

	mutex_lock(&tcslab_cache_mutex);
	if (tcslab_nodes_are_served() && !nodes_equal(known, node_states[N_MEMORY])) {
		known = node_states[N_MEMORY];
		tcslab_cpu_cache_move_home(tcslab_large_cache);
		tcslab_for_each_cache(cache) {
			tcslab_cpu_cache_move_home(cache);
			cond_resched();
		}
	}
	mutex_unlock(&tcslab_cache_mutex);
}

static int memory_changes(struct notifier_block *nb, unsigned long action, void *arg)
{
	const struct memory_notify *block = arg;

	switch (action) {
	case MEM_GOING_ONLINE:
		if (pfn_to_nid(block->start_pfn) != tcslab_only_node)
			serve_all();
		break;
	case MEM_ONLINE:
		prepare_all();
		fallthrough;
	case MEM_OFFLINE:
		move_homes();
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block memory_notifier = { .notifier_call = memory_changes };

void __init tcslab_nodes_watch(void)
{
	known = node_states[N_MEMORY];
	if (register_memory_notifier(&memory_notifier)) {
		pr_warn("tcslab: no notice of memory that comes\n");
		return;
	}
	/* One may have come while we were loading. */
	if (num_online_nodes() > 1 && !tcslab_nodes_are_served()) {
		cpus_read_lock();
		serve_all();
		cpus_read_unlock();
		prepare_all();
	}
}

void tcslab_nodes_unwatch(void)
{
	unregister_memory_notifier(&memory_notifier);
}
#else
void __init tcslab_nodes_watch(void) { }
void tcslab_nodes_unwatch(void) { }
#endif

/* ------------------------------------------------------------ a task's wish */

#ifdef CONFIG_NUMA
static int nearest(int home, const nodemask_t *nodes)
{
	int best = home, node;

	if (node_isset(home, *nodes))
		return home;
	for_each_node_mask(node, *nodes)
		if (best == home || node_distance(home, node) < node_distance(home, best))
			best = node;
	return best;
}

/* One after the other; the kernel's own turn of the task is not touched. */
static int next_in_turn(const nodemask_t *nodes)
{
	static atomic_t turn;
	unsigned int n = (unsigned int)atomic_inc_return(&turn) % nodes_weight(*nodes);
	int node = first_node(*nodes);

	while (n--)
		node = next_node_in(node, *nodes);
	return node;
}

int tcslab_policy_node(int home)
{
	const struct mempolicy *policy;
	nodemask_t nodes, wanted;

	if (!static_branch_unlikely(&tcslab_numa_key) || !in_task())
		return home;
	nodes = data_race(cpuset_current_mems_allowed);	/* others may change it: then of before */
	nodes_and(nodes, nodes, node_states[N_MEMORY]);
	policy = current->mempolicy;	/* only we ourselves put another one there */
	if (policy) {
		wanted = data_race(policy->nodes);	/* the same */
		nodes_and(wanted, wanted, nodes);
		/* MPOL_LOCAL names none. */
		if (!nodes_empty(wanted))
			nodes = wanted;
		if (!nodes_empty(wanted) && (policy->mode == MPOL_INTERLEAVE ||
					     policy->mode == MPOL_WEIGHTED_INTERLEAVE))
			return next_in_turn(&wanted);
	}
	return nearest(home, &nodes);
}

/*
 * What decides is the page allocator: it keeps MPOL_BIND strictly, but for GFP_ATOMIC when
 * memory is short, and not at all where bottom halves are off.
 */
gfp_t tcslab_policy_gfp(gfp_t gfp)
{
	const struct mempolicy *policy;

	gfp &= ~TCSLAB_BOUND;
	if (!static_branch_unlikely(&tcslab_numa_key) || gfp & __GFP_THISNODE || in_interrupt())
		return gfp;
	policy = current->mempolicy;
	return policy && policy->mode == MPOL_BIND ? gfp | TCSLAB_BOUND : gfp;
}

bool tcslab_policy_allows(int node)
{
	/* Others may change its nodes, when the cpuset's change. */
	return node_isset(node, data_race(current->mempolicy->nodes));
}
#endif
