/* SPDX-License-Identifier: GPL-2.0 */
/* Whose an object is, and how many there are; for files with <linux/tcslab_slab.h>. */
#ifndef SLAB_OBJECTS_H
#define SLAB_OBJECTS_H

#include <linux/rcupdate.h>
#include <linux/types.h>

struct thing {
	u64 number;
	struct rcu_head rcu;
	char text[80];
};

static inline bool ours(const void *obj)
{
	return tcslab_cache_of(obj);
}

/* The page of a guarded object does not say which. */
static inline struct tcslab_cache *cache_for(const void *obj, size_t size)
{
	return tcslab_cache_of(obj) ? tcslab_general[tcslab_size_class(size)] : NULL;
}

static inline unsigned long in_use(struct tcslab_cache *cache)
{
	struct tcslab_cache_stats stats;

	tcslab_cache_stats(cache, &stats);
	return stats.in_use;
}

#endif /* SLAB_OBJECTS_H */
