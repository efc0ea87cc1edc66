/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory nodes: which are served
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
 */
#ifndef TCSLAB_NODES_H
#define TCSLAB_NODES_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Whose memory all is until others are served; the first node with memory may become another. */
extern int tcslab_only_node;

extern bool tcslab_many_nodes;

/* May a chunk come from any node?  Once true, it stays so. */
static inline bool tcslab_nodes_are_served(void)
{
	/* Pairs with tcslab_nodes_serve_all(): then every free looks at an object's node. */
	return smp_load_acquire(&tcslab_many_nodes);
}

/*
 * Whether memory of @node may be asked for by name.  On a machine that had one node at load
 * all memory is of that, whatever is named.
 */
bool tcslab_node_is_served(int node, gfp_t gfp);

/* The nodes of now; before the first chunk. */
void tcslab_nodes_init(void);

/* A second node is about to come.  With the lock of memory hotplug, one at a time. */
void tcslab_nodes_serve_all(void);

#endif /* TCSLAB_NODES_H */
