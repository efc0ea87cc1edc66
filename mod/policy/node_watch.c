// SPDX-License-Identifier: GPL-2.0
/*
 * Memory nodes that come after the module was loaded, and go
 *
 * What a cache has per node is made when one comes, if there is memory for it, or at the next
 * change; it works without (see remote.h, central.h).  So nothing here can fail.
 *
 * A node that goes leaves arrays of CPUs that were near it; those move to the nearest that is
 * left.  The key stays on.
 *
 * Lock: the memory hotplug lock, which includes cpus_read_lock(), then tcslab_cache_mutex,
 * under which nothing reclaims.
 */
#include <linux/cpu.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/notifier.h>
#include <linux/sched.h>

#include "back/nodes.h"
#include "back/span.h"
#include "base/compat.h"
#include "caches/cache.h"
#include "caches/list.h"
#include "front/cpu_cache.h"
#include "node_watch.h"

#ifdef CONFIG_MEMORY_HOTPLUG
/* Of which nodes the arrays know; under tcslab_cache_mutex. */
static nodemask_t known;

static void prepare_all(void)
{
	struct tcslab_cache *cache;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		tcslab_cache_add_nodes(cache);
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
			tcslab_nodes_serve_all();
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
		tcslab_nodes_serve_all();
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

