/* SPDX-License-Identifier: GPL-2.0 */
/* The node that a task wants: its memory policy and cpuset. */
#ifndef TCSLAB_MEMPOLICY_H
#define TCSLAB_MEMPOLICY_H

#include <linux/types.h>

#ifdef CONFIG_NUMA
/* Where new memory of this task is to come from, who names no node and runs near @home. */
int tcslab_policy_node(int home);

/* @gfp of somebody who names no node: with TCSLAB_BOUND if he must not leave some. */
gfp_t tcslab_policy_gfp(gfp_t gfp);

/* Is @node one of those?  For a task with TCSLAB_BOUND. */
bool tcslab_policy_allows(int node);
#else
static inline int tcslab_policy_node(int home)
{
	return home;
}

static inline gfp_t tcslab_policy_gfp(gfp_t gfp)
{
	return gfp;
}

static inline bool tcslab_policy_allows(int node)
{
	return true;
}
#endif

#endif /* TCSLAB_MEMPOLICY_H */
