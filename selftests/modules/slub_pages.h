/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of all slabs and large kmalloc()s, to the page: with what the CPUs have not yet
 * added to the nodes' counters.  tcslab's own are among them.
 */
#ifndef SLUB_PAGES_H
#define SLUB_PAGES_H

#include <linux/cpumask.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>

static inline long slub_pages(void)
{
	static const enum node_stat_item items[] = {
		NR_SLAB_RECLAIMABLE_B, NR_SLAB_UNRECLAIMABLE_B
	};
	long pages = 0;
	int nid, cpu, i;

	for_each_online_node(nid) {
		pg_data_t *node = NODE_DATA(nid);

		for (i = 0; i < ARRAY_SIZE(items); i++) {
			pages += atomic_long_read(&node->vm_stat[items[i]]);
			for_each_online_cpu(cpu) {
				const struct per_cpu_nodestat *stat =
					per_cpu_ptr(node->per_cpu_nodestats, cpu);

				/* Its CPU changes it, but not much while our threads rest. */
				pages += data_race(stat->vm_node_stat_diff[items[i]]);
			}
		}
	}
	return pages;
}

#endif /* SLUB_PAGES_H */
