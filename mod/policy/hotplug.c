// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that come and go
 *
 * What a CPU that goes has in its arrays, what it has parked and what it could not ask for is
 * taken over when it is dead, by the CPU that took it down.
 */
#include <linux/cpuhotplug.h>

#include "back/span.h"
#include "caches/list.h"
#include "caches/rcu.h"
#include "front/cpu_cache.h"
#include "middle/park.h"
#include "hotplug.h"

static enum cpuhp_state state;

static int cpu_prepare(unsigned int cpu)
{
	struct tcslab_cache *cache;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_cpu_cache_prepare(tcslab_large_cache, cpu);
	tcslab_for_each_cache(cache)
		tcslab_cpu_cache_prepare(cache, cpu);
	mutex_unlock(&tcslab_cache_mutex);
	return 0;
}

/* After the CPU is dead; its arrays are nobody's. */
static int cpu_dead(unsigned int cpu)
{
	struct tcslab_cache *cache;

	tcslab_unpark_dead(cpu);
	tcslab_rcu_cpu_dead();
	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache)
		tcslab_cpu_cache_drain_dead(cache, cpu);
	mutex_unlock(&tcslab_cache_mutex);
	return 0;
}

/*
 * cpu_prepare() is called for CPUs that are online, too: one may have come since the caches were
 * made.
 */
int __init tcslab_hotplug_init(void)
{
	int err = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "mm/tcslab:dead", cpu_prepare, cpu_dead);

	if (err < 0)
		return err;
	state = err;
	return 0;
}

void tcslab_hotplug_exit(void)
{
	cpuhp_remove_state_nocalls(state);
}
