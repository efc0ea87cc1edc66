/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The middle tier, per cache and node: a transfer cache, which is a stack of
 * object pointers moved in whole batches, over the central free list, which is
 * the spans that have free objects.  What the front tier may do:
 */
#ifndef TCSLAB_CENTRAL_H
#define TCSLAB_CENTRAL_H

#include <linux/tcslab.h>

struct tcslab_span;

/* Objects in a batch: bounds every section under a raw lock. */
#define TCSLAB_MAX_BATCH	64

/* Number of lists of spans by fls(free objects), of which a page has no more than fit. */
#define TCSLAB_OCCUPANCY_LISTS	(PAGE_SHIFT - 1)

/*
 * Move pointers between tiers, last first.  A batch is too short for the start-up cost
 * of memcpy()'s string instructions; READ_ONCE() keeps the compiler from calling it.
 */
static inline void tcslab_copy_objs(void **to, void **from, size_t n)
{
	for (; n >= 4; n -= 4) {
		to[n - 1] = READ_ONCE(from[n - 1]);
		to[n - 2] = READ_ONCE(from[n - 2]);
		to[n - 3] = READ_ONCE(from[n - 3]);
		to[n - 4] = READ_ONCE(from[n - 4]);
	}
	for (; n; n--)
		to[n - 1] = READ_ONCE(from[n - 1]);
}

/**
 * struct tcslab_central_hooks - what the tiers above do when asked from here
 * @came_back: objects or pages came back to a cache at whose limit somebody may wait; any context
 * @defer: keep an empty span of a cache that is type-safe by RCU until nobody can read it, then
 *	call tcslab_central_release_now(); any context
 * @free_large: free a large object that was parked
 */
struct tcslab_central_hooks {
	void (*came_back)(struct tcslab_cache *cache);
	void (*defer)(struct tcslab_span *span);
	void (*free_large)(const void *obj);
};

/* Before the first object. */
void tcslab_central_set_hooks(const struct tcslab_central_hooks *hooks);

/* Hand objects out in the order of their addresses; before the first one. */
void tcslab_central_keep_order(void);

int tcslab_central_init(struct tcslab_cache *cache, gfp_t gfp);

/* A node has come: make what tcslab_central_init() did not, if there is memory. */
void tcslab_central_add_node(struct tcslab_cache *cache, int node, gfp_t gfp);

/* All spans must be gone. */
void tcslab_central_exit(struct tcslab_cache *cache);

/* Take up to @n objects that are there; returns how many.  Any context. */
unsigned int tcslab_central_alloc(struct tcslab_cache *cache, int node, void **objs,
				  unsigned int n);

/*
 * Give @n objects of @node back.  Those that are no live objects of @cache are
 * reported and dropped; @caller freed them, or it is 0.  Any context, NMI included.
 */
void tcslab_central_free(struct tcslab_cache *cache, int node, void **objs, unsigned int n,
			 unsigned long caller);

/*
 * Get a span, from @node if possible, and more of the same node for up to @nr_objs objects if they
 * lie at hand: onto @spans, which is empty, for tcslab_central_add().  -ENOMEM when there is no
 * memory, or -EDQUOT when the cache's limit is reached.  Sleeps if @gfp says so.
 */
int tcslab_central_grow(struct tcslab_cache *cache, int node, gfp_t gfp, unsigned int nr_objs,
			struct hlist_head *spans);

/*
 * Put what tcslab_central_grow() got into the lists, less up to @n objects, at least one, for the
 * caller; returns how many.
 */
unsigned int tcslab_central_add(struct tcslab_cache *cache, struct hlist_head *spans,
				void **objs, unsigned int n);

/* Empty the transfer caches into the spans, give empty spans back.  Task context. */
void tcslab_central_drain(struct tcslab_cache *cache);

/* The same on one node; false if there was nothing. */
bool tcslab_central_drain_node(struct tcslab_cache *cache, int node);

/* The same with what was in them all the time since the last call.  Task context. */
void tcslab_central_scavenge(struct tcslab_cache *cache);

/*
 * The start of the object that @inside is part of, of a large one in its first page.
 * NULL, and a report, if it is not ours.
 */
void *tcslab_object_around(void *inside);

/* True if @obj is the start of an object of @cache; it may be a free one. */
bool tcslab_central_owns(struct tcslab_cache *cache, const void *obj);

/*
 * Pages of spans that are charged and in no list: in the hands of who gives them back or has
 * just got them, or waiting for a grace period.  A glance: what comes into a list
 * meanwhile is counted, what leaves one may not be.
 */
long tcslab_central_in_hands(const struct tcslab_cache *cache);

/*
 * Addresses of up to @max objects in use; of those in arrays it is not known that they are
 * free.  Returns how many.
 */
unsigned int tcslab_central_live(struct tcslab_cache *cache, void **objs, unsigned int max);

/**
 * struct tcslab_visitor - who walks all objects of a cache
 * @look: called for each, under the lock; @is_free if it is in its span
 * @pause: called without it after a few spans; or NULL
 */
struct tcslab_visitor {
	void (*look)(struct tcslab_cache *cache, void *obj, bool is_free, void *arg);
	void (*pause)(struct tcslab_cache *cache, void *arg);
};

/* What moves meanwhile may be seen twice or not at all.  Task context. */
void tcslab_central_visit(struct tcslab_cache *cache, const struct tcslab_visitor *visitor,
			  void *arg);

/* The grace period of a span that was deferred is over: back to the page heap with it. */
void tcslab_central_release_now(struct tcslab_span *span);

/* Fill the central part of @stats: transfer_cached, central_free, spans, held_bytes, tail_bytes. */
void tcslab_central_stats(struct tcslab_cache *cache, struct tcslab_cache_stats *stats);

/*
 * Spans by occupancy: @hist[0] counts full ones, @hist[i] those with 2^(i-1) or more free
 * objects and fewer than 2^i, the last one those without an object in use.  Counted all the
 * time, not now.
 */
#define TCSLAB_OCCUPANCY_STEPS	(TCSLAB_OCCUPANCY_LISTS + 1)
void tcslab_central_occupancy(struct tcslab_cache *cache,
			      unsigned long hist[TCSLAB_OCCUPANCY_STEPS]);

#endif /* TCSLAB_CENTRAL_H */
