/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All caches, but that of large objects
 *
 * Lock order: cpus_read_lock(), tcslab_cache_mutex, then the locks of the tiers.  The mutex
 * guards the list and keeps a cache alive while somebody walks it or looks at it.  Nobody
 * reclaims under it; allocation and free do not need it.
 */
#ifndef TCSLAB_LIST_H
#define TCSLAB_LIST_H

#include <linux/list.h>
#include <linux/mutex.h>

#include <linux/tcslab.h>

extern struct mutex tcslab_cache_mutex;		/* may sleep */
/* General ones of the normal zone first, by class. */
extern struct list_head tcslab_cache_list;

/*
 * Take the mutex unless that takes longer than @patience, in jiffies: who has it may be waiting for
 * memory himself, even for us.  Task context.
 */
bool tcslab_cache_lock_within(unsigned long patience);

/* Under the mutex. */
#define tcslab_for_each_cache(cache) \
	list_for_each_entry(cache, &tcslab_cache_list, list)

#endif /* TCSLAB_LIST_H */
