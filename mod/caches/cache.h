/* SPDX-License-Identifier: GPL-2.0 */
/* Making and ending caches: general ones, one per size class, and named ones. */
#ifndef TCSLAB_CACHE_H
#define TCSLAB_CACHE_H

#include <linux/tcslab.h>

/* tcslab_cache_alloc_slow() for one of whose object @size bytes are asked for. */
void *tcslab_cache_alloc_size(struct tcslab_cache *cache, size_t size, gfp_t gfp, int node);

/* Free an object that nobody used, past the arrays.  Any context but under our locks. */
void tcslab_cache_free_central(struct tcslab_cache *cache, void *obj);

/* Is its minimum broken, or does somebody wait at its limit?  Any context. */
bool tcslab_cache_is_narrow(const struct tcslab_cache *cache);

/* Make the general cache of @class in @zone; NULL without memory.  Task context, may sleep. */
struct tcslab_cache *tcslab_cache_make_general(enum tcslab_zone zone, unsigned int class,
					       gfp_t gfp);

/*
 * Create the general caches of the normal zone; with @checks all arrays are closed, so that every
 * free is verified at the central list.
 */
int tcslab_cache_init(bool checks);
void tcslab_cache_exit(void);

/*
 * Nodes may have come: make what the cache has for each, if there is memory.  With
 * tcslab_cache_mutex held.
 */
void tcslab_cache_add_nodes(struct tcslab_cache *cache);

#endif /* TCSLAB_CACHE_H */
