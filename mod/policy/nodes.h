/* SPDX-License-Identifier: GPL-2.0 */
/* Memory nodes: which are served, and which one a task wants. */
#ifndef TCSLAB_NODES_H
#define TCSLAB_NODES_H

#include <linux/compiler.h>
#include <linux/types.h>

struct tcslab_cache;

/* Whose memory all is until others are served; the first node with memory may become another. */
extern int tcslab_only_node;

extern bool tcslab_many_nodes;

/* May a chunk come from any node?  Once true, it stays so. */
static inline bool tcslab_nodes_are_served(void)
{
	/* Pairs with serve_all() in nodes.c: then every free looks at an object's node. */
	return smp_load_acquire(&tcslab_many_nodes);
}

/* The nodes of now; before the first chunk. */
void tcslab_nodes_init(void);

/* Those that come later; and no more.  Task context. */
void tcslab_nodes_watch(void);
void tcslab_nodes_unwatch(void);

/* A new cache, on the list: nodes may have come since it was made.  With tcslab_cache_mutex. */
void tcslab_nodes_prepare(struct tcslab_cache *cache);

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

#endif /* TCSLAB_NODES_H */
