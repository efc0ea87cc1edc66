/* SPDX-License-Identifier: GPL-2.0 */
/* Making and ending caches: general ones, one per size class, and named ones. */
#ifndef TCSLAB_CACHE_H
#define TCSLAB_CACHE_H

#include <linux/tcslab.h>

/* tcslab_cache_alloc_slow() for one of whose object @size bytes are asked for. */
void *tcslab_cache_alloc_size(struct tcslab_cache *cache, size_t size, gfp_t gfp, int node,
			      unsigned long caller);

/**
 * struct tcslab_cache_debug_hooks - what caches with debug= ask the tier above
 * @made: such a cache is there
 * @goes: it is about to go; nobody looks at it when this returns
 *
 * Both in task context, without a lock of ours.
 */
struct tcslab_cache_debug_hooks {
	void (*made)(struct tcslab_cache *cache);
	void (*goes)(struct tcslab_cache *cache);
};

/* Before the first cache. */
void tcslab_cache_set_debug_hooks(const struct tcslab_cache_debug_hooks *hooks);

/**
 * struct tcslab_validated - what a look at all objects of a cache found
 * @free: objects that are free
 * @in_use: that users hold
 * @broken: of both, those that somebody wrote to who should not have
 */
struct tcslab_validated {
	unsigned long free;
	unsigned long in_use;
	unsigned long broken;
};

/*
 * Look at all objects of a cache with debug=, and report what is broken.  Free ones are mended.
 * Task context.
 */
void tcslab_cache_validate(struct tcslab_cache *cache, struct tcslab_validated *result);

/* tcslab_usable_size(), of which the caller does not ask for more than was asked for before. */
size_t tcslab_asked_size(const void *obj);

/* It stayed where it is, and has @size bytes now: only KASAN is told. */
void tcslab_resized(const void *obj, size_t size);

/* Free an object that nobody used, past the arrays.  Any context but under our locks. */
void tcslab_cache_free_central(struct tcslab_cache *cache, void *obj);

/* Is its minimum broken, or does somebody wait at its limit?  Any context. */
bool tcslab_cache_is_narrow(const struct tcslab_cache *cache);

/* Make the general cache of @class in @zone; NULL without memory.  Task context, may sleep. */
struct tcslab_cache *tcslab_cache_make_general(enum tcslab_zone zone, unsigned int class,
					       gfp_t gfp);

/* The same of the heap @owner: its pages count for @quota, and its limit is that one's. */
struct tcslab_cache *tcslab_cache_make_owned(const char *owner, unsigned int class,
					     struct tcslab_quota *quota, gfp_t gfp);

/* As tcslab_cache_create(); its pages count for @quota, too, if that is not NULL. */
struct tcslab_cache *tcslab_cache_create_for(const char *name,
					     const struct tcslab_cache_args *args,
					     struct tcslab_quota *quota);

/* May who allocates with @gfp be the one who makes a cache that is missing? */
bool tcslab_cache_may_make(gfp_t gfp);

/*
 * All that the cache has free goes to the page heap.  Returns the objects in use, those included
 * that are in arrays which stayed busy.  Task context, may sleep.
 */
unsigned long tcslab_cache_empty(struct tcslab_cache *cache);

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
