/* SPDX-License-Identifier: GPL-2.0 */
/* The set of caches: general ones, one per size class, and named ones. */
#ifndef TCSLAB_CACHE_H
#define TCSLAB_CACHE_H

#include <linux/list.h>
#include <linux/mutex.h>

#include <linux/tcslab.h>

/* Guards the list and the life of every cache on it; may sleep. */
extern struct mutex tcslab_cache_mutex;
extern struct list_head tcslab_cache_list;

/*
 * Take the mutex unless that takes longer than @patience, in jiffies: who has it may be waiting for
 * memory himself, even for us.  Task context.
 */
bool tcslab_cache_lock_within(unsigned long patience);

/* Under tcslab_cache_mutex; general caches of the normal zone first, by class. */
#define tcslab_for_each_cache(cache) \
	list_for_each_entry(cache, &tcslab_cache_list, list)

/*
 * Free what no array takes: a large object; all else is reported and left alone.  @caller
 * is who freed it.
 */
void tcslab_free_odd(const void *obj, unsigned long caller);

/* tcslab_cache_alloc_slow() for one of whose object @size bytes are asked for. */
void *tcslab_cache_alloc_size(struct tcslab_cache *cache, size_t size, gfp_t gfp, int node);

/* Free an object that nobody used, past the arrays.  Any context but under our locks. */
void tcslab_cache_free_central(struct tcslab_cache *cache, void *obj);

/* Is its minimum broken, or does somebody wait at its limit?  Any context. */
bool tcslab_cache_is_narrow(const struct tcslab_cache *cache);

/* Make the general cache of @class in @zone; NULL without memory.  Task context. */
struct tcslab_cache *tcslab_cache_make_general(enum tcslab_zone zone, unsigned int class);

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

/*
 * Empty the arrays and transfer caches of all caches.  One visit to each CPU for all of
 * them, none to isolated ones.  With tcslab_cache_mutex held.
 */
void tcslab_cache_drain_all(void);

/* Give whole free chunks and free parts of the others back to the kernel.  Task context. */
void tcslab_release_all(void);

/* tcslab_cache_stats() with tcslab_cache_mutex held. */
void tcslab_cache_stats_locked(struct tcslab_cache *cache,
			       struct tcslab_cache_stats *stats);

const char *tcslab_zone_name(enum tcslab_zone zone);

/**
 * struct tcslab_totals - all tiers added up, in bytes
 * @held: in chunks from the kernel
 * @peak_held: its high-water mark
 * @in_use: in objects that users hold, large ones included
 * @large: the large ones' part
 * @cpu_cached: in per-CPU arrays
 * @transfer_cached: in transfer caches
 * @central_free: free in the spans of central lists
 * @tails: at the ends of spans, where no object fits
 * @heap_free: in FREE spans of the page heap
 * @metadata: span and chunk structures, not part of @held
 * @entries: times that per-CPU arrays were entered
 * @refills: batches fetched by them
 * @flushes: batches given back by them
 * @nested: calls that found an array busy or closed
 *
 * At rest held = in_use + cpu_cached + transfer_cached + central_free + tails +
 * heap_free, exactly.
 */
struct tcslab_totals {
	u64 held;
	u64 peak_held;
	u64 in_use;
	u64 large;
	u64 cpu_cached;
	u64 transfer_cached;
	u64 central_free;
	u64 tails;
	u64 heap_free;
	u64 metadata;
	u64 entries;
	u64 refills;
	u64 flushes;
	u64 nested;
};

void tcslab_totals(struct tcslab_totals *totals);

#endif /* TCSLAB_CACHE_H */
