/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A cache's own reserve: its minimum (tcslab_cache_args.min_objects), the second door to what
 * reserve.c does.  This is all that is its own:
 *
 * While one of the promised objects is out, each object of the cache that is freed,
 * on whatever CPU, goes to the reserve first.  No array may swallow it: whoever takes
 * one of them sets the capacity of all arrays to 0, so that every free takes the slow
 * path, and arrays get their room back when the reserve is whole.
 */
#ifndef TCSLAB_MINIMUM_H
#define TCSLAB_MINIMUM_H

#include <linux/tcslab.h>

/* Set @n objects aside, -ENOMEM without them; and take them back.  In reserve.c, task context. */
int tcslab_minimum_init(struct tcslab_cache *cache, unsigned int n);
void tcslab_minimum_exit(struct tcslab_cache *cache);

/* Objects that are there. */
unsigned int tcslab_minimum_left(const struct tcslab_cache *cache);

/* True while one is out, or on its way. */
bool tcslab_minimum_is_broken(const struct tcslab_cache *cache);

/* For caches that have a minimum: take an object of it, or NULL.  Any context. */
void *tcslab_minimum_take(struct tcslab_cache *cache);

/* Sleep until there may be one.  False if it is @killable, and a fatal signal has come. */
bool tcslab_minimum_wait(struct tcslab_cache *cache, bool killable);

/* True if @obj, which must be one of @cache's, is wanted there.  Any context. */
bool tcslab_minimum_give(struct tcslab_cache *cache, void *obj);

#endif /* TCSLAB_MINIMUM_H */
