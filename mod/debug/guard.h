/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guarded objects: each in a page of its own between two pages that are not there
 *
 * KFENCE's idea (Elver, Potapenko), as a module can do it.  Now and then an allocation that
 * found its array empty, or hidden (see policy/guard_timer.c), gets such an object instead of
 * one of its cache.  That one is kept aside for as long as the guarded one lives: the *stand-in*.
 * So limits, minimums, reserves and counters of the cache know of nothing.
 *
 * The pages are beside the heaps (back/aside.h): each free of an object in them takes the slow
 * path, whatever call it came by.  Only what puts a pointer into an array without a look at its
 * page does not notice one; it arrives at the central list, which hands it on to
 * tcslab_guard_free_later().
 */
#ifndef TCSLAB_GUARD_H
#define TCSLAB_GUARD_H

#include <linux/percpu.h>

#include <linux/tcslab.h>

/**
 * struct tcslab_guard_hooks - what guards ask the tiers above
 * @free: a stand-in goes back to its cache; any context but under our locks
 * @free_later: the same in a hard interrupt, past the arrays
 * @consumed: a guarded object was handed out, or would have been if there was a pool;
 *	any context
 */
struct tcslab_guard_hooks {
	void (*free)(struct tcslab_cache *cache, void *obj);
	void (*free_later)(struct tcslab_cache *cache, void *obj);
	void (*consumed)(void);
};

/* Set on a CPU whose next allocation is to be guarded. */
DECLARE_PER_CPU(bool, tcslab_guard_due);

/* Where the pool is; no bytes without one. */
extern unsigned long tcslab_guard_start, tcslab_guard_bytes;

/* Is @addr in the pool, an object or not? */
static __always_inline bool tcslab_in_guards(const void *addr)
{
	return (unsigned long)addr - READ_ONCE(tcslab_guard_start) < READ_ONCE(tcslab_guard_bytes);
}

/* May it be that the caller's allocation is to be guarded? */
static __always_inline bool tcslab_guard_is_due(void)
{
	return unlikely(raw_cpu_read(tcslab_guard_due));
}

/*
 * What can be guarded: a reader of a type-safe object would meet a page that is not there, and what
 * debug= has around an object a stand-in has, too.
 */
static inline bool tcslab_guard_serves(const struct tcslab_cache *cache)
{
	return !cache->debug && cache->zone == TCSLAB_ZONE_NORMAL && cache->node == NUMA_NO_NODE &&
	       cache->object_size <= PAGE_SIZE && !(cache->flags & TCSLAB_TYPESAFE_BY_RCU);
}

void tcslab_guard_init(const struct tcslab_guard_hooks *hooks);

/* Make the pool, if there is none.  One at a time, task context. */
int tcslab_guard_make(void);

/* After the last free: give the pool back, but for what is in use. */
void tcslab_guard_exit(void);

/*
 * A guarded object of @size bytes in place of @standin, one of @cache that nobody has
 * initialised yet; or NULL.  It is initialised as @gfp says.  Any context.
 */
void *tcslab_guard_alloc(struct tcslab_cache *cache, void *standin, size_t size, gfp_t gfp);

/*
 * Free a guarded object, or report what is wrong with @obj; false if that is in no slot of the
 * pool.  @caller is who freed it.  Any context.
 */
bool tcslab_guard_free(const void *obj, unsigned long caller);

/* The same a moment later; false if @obj is no guarded object.  Any context, under any lock. */
bool tcslab_guard_free_later(void *obj);

/* All of those have been freed when this returns.  Task context; true if there were some. */
bool tcslab_guard_finish(void);

/* The cache of the guarded object that @inside is in, or NULL. */
struct tcslab_cache *tcslab_guard_cache(const void *inside);

/* That object, and what was asked for, after tcslab_guard_cache(). */
void *tcslab_guard_object(const void *inside);
size_t tcslab_guard_size(const void *inside);

/* The guarded object that @standin stands in for, or @standin. */
const void *tcslab_guard_instead_of(const void *standin);

/* Bytes of the pool and of what describes it. */
unsigned long tcslab_guard_held_bytes(void);

/**
 * struct tcslab_guard_stats - since the load
 * @allocated: guarded objects handed out
 * @skipped: those for which there was no slot, or not worth one
 * @live: guarded objects now
 * @slots: of the pool, 0 before it is made
 * @reports: mistakes
 * @mapped: are the pages beside a slot there?  Then only canaries tell
 */
struct tcslab_guard_stats {
	unsigned long allocated;
	unsigned long skipped;
	unsigned int live;
	unsigned int slots;
	unsigned long reports;
	bool mapped;
};

void tcslab_guard_stats(struct tcslab_guard_stats *stats);

/*
 * The cache that an object is of, guarded ones included; tcslab_no_cache for what is ours and no
 * object, NULL for what is not ours.
 */
static inline struct tcslab_cache *tcslab_owner_of(const void *obj)
{
	struct tcslab_cache *cache;

	if (unlikely(tcslab_in_guards(obj))) {
		cache = tcslab_guard_cache(obj);
		if (cache)
			return cache;
	}
	return tcslab_cache_of(obj);
}

#endif /* TCSLAB_GUARD_H */
