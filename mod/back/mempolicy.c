// SPDX-License-Identifier: GPL-2.0
/* The node that a task wants; see mempolicy.h */
#include <linux/cpuset.h>
#include <linux/jump_label.h>
#include <linux/mempolicy.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "base/compat.h"
#include "mempolicy.h"
#include "span.h"

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
