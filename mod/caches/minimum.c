// SPDX-License-Identifier: GPL-2.0
/* A cache's own reserve, which it asks itself; see minimum.h */
#include <linux/sched/signal.h>

#include "base/trace.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "minimum.h"
#include "slots.h"

/* As mempool: memory may come from elsewhere without anybody telling us. */
#define WAIT_AT_MOST	HZ

unsigned int tcslab_minimum_left(const struct tcslab_cache *cache)
{
	return cache->minimum ? atomic_read(&cache->minimum->left) : 0;
}

bool tcslab_minimum_is_broken(const struct tcslab_cache *cache)
{
	return tcslab_slots_any(&cache->minimum->vacant);
}

void *tcslab_minimum_take(struct tcslab_cache *cache)
{
	void *obj = tcslab_slots_take(cache->minimum);

	if (obj) {
		tcslab_cpu_cache_narrow(cache);
		trace_reserve_taken(cache->name, tcslab_minimum_left(cache));
	}
	return obj;
}

bool tcslab_minimum_wait(struct tcslab_cache *cache, bool killable)
{
	unsigned int state = killable ? TASK_KILLABLE : TASK_UNINTERRUPTIBLE;
	struct tcslab_reserve *reserve = cache->minimum;

	(void)___swait_event(reserve->waiting,
			     ___wait_cond_timeout(tcslab_slots_any(&reserve->full)),
			     state, WAIT_AT_MOST, __ret = schedule_timeout(__ret));
	return !killable || !fatal_signal_pending(current);
}

bool tcslab_minimum_give(struct tcslab_cache *cache, void *obj)
{
	return tcslab_minimum_is_broken(cache) && tcslab_slots_fill(cache->minimum, obj);
}
