/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frees that must not wait for a lock of ours (see base/lock.h): they lie on a list of their
 * CPU until an irq_work empties it a moment later.
 */
#ifndef TCSLAB_PARK_H
#define TCSLAB_PARK_H

#include <linux/align.h>

#include <linux/tcslab.h>

#include "debug/objects.h"

/*
 * Where in a free object of @cache the list's link is: behind what a user may read,
 * if there is room.  Caches that are type-safe by RCU make room; the others run
 * their constructor again if there is none.
 */
static inline size_t tcslab_park_offset(const struct tcslab_cache *cache)
{
	size_t offset = ALIGN(cache->object_size, sizeof(void *));

	/* There is a place for it, see debug/objects.h. */
	if (unlikely(cache->debug))
		return cache->debug->tail;
	return offset + sizeof(void *) <= cache->size ? offset : 0;
}

void tcslab_park_init(void);

/* Keep a free object of @cache until the locks can be taken.  Any context. */
void tcslab_park(struct tcslab_cache *cache, void *obj);

/* A free that was refused, to be reported in a moment.  Any context. */
void tcslab_park_mistake(struct tcslab_cache *cache, const void *obj, unsigned long caller);

/* Do what is parked, on all CPUs.  Task context. */
void tcslab_unpark(void);

/* The same, but for what CPUs have that are gone: true if there is some.  Task context. */
bool tcslab_unpark_online(void);

/* The same for a CPU that is dead. */
void tcslab_unpark_dead(unsigned int cpu);

#endif /* TCSLAB_PARK_H */
