/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The front end: per-CPU arrays of free objects.  The fast path is inline in
 * <linux/tcslab.h>; here are the slow paths' neighbours.
 */
#ifndef TCSLAB_CPU_CACHE_H
#define TCSLAB_CPU_CACHE_H

#include <linux/tcslab.h>

/*
 * Make the arrays; closed ones let nothing in.  An array starts with room for one
 * batch and grows up to cache->max_capacity.
 */
int tcslab_cpu_cache_init(struct tcslab_cache *cache, bool closed);
void tcslab_cpu_cache_exit(struct tcslab_cache *cache);

/*
 * Empty the arrays of all online CPUs but isolated ones, which are left alone.  An
 * array that is busy at the moment is left for the next round.  Task context.
 */
void tcslab_cpu_cache_drain(struct tcslab_cache *cache);

/* Those of isolated CPUs, too; returns the number of objects still in arrays. */
unsigned long tcslab_cpu_cache_drain_all(struct tcslab_cache *cache);

/* Objects that the array of @cpu holds, those of other nodes included; a glance. */
unsigned long tcslab_cpu_cache_count(const struct tcslab_cache *cache, unsigned int cpu);

/* The node that objects come from here for who names none; it may change meanwhile. */
static inline int tcslab_cpu_cache_node(const struct tcslab_cache *cache)
{
	return raw_cpu_ptr(cache->cpu)->node;
}

/*
 * Let no array take a free any more until the cache's minimum is whole.  Any context;
 * after an object has left it.
 */
void tcslab_cpu_cache_narrow(struct tcslab_cache *cache);

/* A CPU is about to come: its array is empty, and it may be on another node now. */
void tcslab_cpu_cache_prepare(struct tcslab_cache *cache, unsigned int cpu);

/* Empty the array of a CPU that is dead. */
void tcslab_cpu_cache_drain_dead(struct tcslab_cache *cache, unsigned int cpu);

/*
 * Empty the arrays that nobody has entered since the last call, those of isolated CPUs
 * left out.  Task context.
 */
void tcslab_cpu_cache_drain_idle(struct tcslab_cache *cache);

/* Fill cpu_cached, entries, refills, flushes and nested of @stats. */
void tcslab_cpu_cache_stats(struct tcslab_cache *cache,
			    struct tcslab_cache_stats *stats);

#endif /* TCSLAB_CPU_CACHE_H */
