// SPDX-License-Identifier: GPL-2.0
/* All caches; see list.h */
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "list.h"

DEFINE_MUTEX(tcslab_cache_mutex);	/* guards the list, and the life of the caches on it */
LIST_HEAD(tcslab_cache_list);

bool tcslab_cache_lock_within(unsigned long patience)
{
	unsigned long begin = jiffies;

	while (!mutex_trylock(&tcslab_cache_mutex)) {
		if (jiffies - begin >= patience)
			return false;
		schedule_timeout_uninterruptible(1);
	}
	return true;
}
