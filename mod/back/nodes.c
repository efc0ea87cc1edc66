// SPDX-License-Identifier: GPL-2.0
/* Memory nodes: which are served; see nodes.h */
#include <linux/cpu.h>
#include <linux/jump_label.h>
#include <linux/nodemask.h>
#include <linux/smp.h>

#include <linux/tcslab.h>

#include "nodes.h"

int tcslab_only_node __ro_after_init;
bool tcslab_many_nodes __read_mostly;

/* Off on machines with one node: then no free looks at an object's node. */
DEFINE_STATIC_KEY_FALSE(tcslab_numa_key);
EXPORT_SYMBOL_GPL(tcslab_numa_key);

bool tcslab_node_is_served(int node, gfp_t gfp)
{
	if (node < 0 || node >= nr_node_ids || !node_online(node))
		return false;
	return static_branch_unlikely(&tcslab_numa_key) || node == tcslab_only_node ||
	       !(gfp & __GFP_THISNODE);
}

/* In the order that is argued in nodes.h. */
void tcslab_nodes_serve_all(void)
{
	if (tcslab_nodes_are_served())
		return;
	static_branch_enable_cpuslocked(&tcslab_numa_key);
	kick_all_cpus_sync();
	smp_store_release(&tcslab_many_nodes, true);	/* for tcslab_nodes_are_served() */
}

void __init tcslab_nodes_init(void)
{
	tcslab_only_node = first_memory_node;
	if (nr_online_nodes > 1) {
		static_branch_enable(&tcslab_numa_key);
		tcslab_many_nodes = true;
	}
}
