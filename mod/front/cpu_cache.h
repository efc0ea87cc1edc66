/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The front end: per-CPU arrays of free objects.  The fast path is inline in
 * <linux/tcslab.h>; here is what the tier above may do.
 */
#ifndef TCSLAB_CPU_CACHE_H
#define TCSLAB_CPU_CACHE_H

#include <linux/percpu.h>

#include <linux/tcslab.h>

/**
 * struct tcslab_cpu_cache_hooks - what the front end asks the tier above
 * @is_narrow: must no array of the cache take a free now?  Asked for caches that have ->narrows;
 *	any context
 */
struct tcslab_cpu_cache_hooks {
	bool (*is_narrow)(const struct tcslab_cache *cache);
};

/* Before the first cache. */
void tcslab_cpu_cache_set_hooks(const struct tcslab_cpu_cache_hooks *hooks);

/*
 * Make the arrays; closed ones let nothing in.  An array starts without any room and
 * grows with misses up to cache->max_capacity.
 */
int tcslab_cpu_cache_init(struct tcslab_cache *cache, bool closed, gfp_t gfp);
void tcslab_cpu_cache_exit(struct tcslab_cache *cache);

/*
 * Empty the arrays of all online CPUs but isolated ones, which are left alone.  An
 * array that is busy at the moment is left for the next round.  Task context.
 */
void tcslab_cpu_cache_drain(struct tcslab_cache *cache);

/* Those of isolated CPUs, too; returns the number of objects still in arrays. */
unsigned long tcslab_cpu_cache_drain_all(struct tcslab_cache *cache);

/* Objects in the arrays of all CPUs, and beside them; a glance. */
unsigned long tcslab_cpu_cache_left(const struct tcslab_cache *cache);

/*
 * Those of all CPUs, until none was busy.  After tcslab_cpu_cache_narrow(): then no object that
 * was freed before is in an array, or on its way out of one, nor will one be while the cache
 * is narrow.
 */
void tcslab_cpu_cache_settle(struct tcslab_cache *cache);

/*
 * One object of @node, or of the array's node if that is NUMA_NO_NODE, from the array or the
 * middle tier; an array of that node is refilled on the way.  NULL when there is none; then
 * *@home is the node to grow.  Any context.
 */
void *tcslab_cpu_cache_take(struct tcslab_cache *cache, int node, int *home);

/*
 * Add memory to the cache, from @node if possible, as @gfp allows, and take an object of it; what
 * else of it this CPU's array has room for goes there.  ERR_PTR(-ENOMEM) or ERR_PTR(-EDQUOT), as
 * tcslab_central_grow().
 */
void *tcslab_cpu_cache_grow(struct tcslab_cache *cache, int node, gfp_t gfp);

/*
 * Free an object that did not fit into the array: @obj has been cleared and
 * reported to kmemleak.  @caller is for a report.  Any context.
 */
void tcslab_cpu_cache_put(struct tcslab_cache *cache, void *obj, unsigned long caller);

/* Is @obj the one that was freed last here, and is free still?  Any context. */
bool tcslab_cpu_cache_is_latest(struct tcslab_cache *cache, const void *obj);

/* Up to @n objects of the local node without growing; what is not there is left out. */
size_t tcslab_cpu_cache_take_bulk(struct tcslab_cache *cache, size_t n, void **objs);

/*
 * Add memory for up to @n objects and take them, without a loss to others: what needs more effort
 * than that is left out.
 */
size_t tcslab_cpu_cache_grow_bulk(struct tcslab_cache *cache, gfp_t gfp, size_t n, void **objs);

/* Free @n objects of any node; @objs is put into another order. */
void tcslab_cpu_cache_put_bulk(struct tcslab_cache *cache, size_t n, void **objs);

/* Objects that the array of @cpu holds, those of other nodes included; a glance. */
unsigned long tcslab_cpu_cache_count(const struct tcslab_cache *cache, unsigned int cpu);

/* Has the CPU something of the cache, objects or room for them?  A glance. */
bool tcslab_cpu_cache_has_any(const struct tcslab_cache *cache, unsigned int cpu);

/* The node that objects come from here for who names none; it may change meanwhile. */
static inline int tcslab_cpu_cache_node(const struct tcslab_cache *cache)
{
	return raw_cpu_ptr(cache->cpu)->node;
}

/*
 * A cache is narrow while its minimum is broken, or somebody waits at its limit: then no array
 * takes a free.  Take the room from all arrays; after what makes it so.  Any context.
 */
void tcslab_cpu_cache_narrow(struct tcslab_cache *cache);

/* A CPU is about to come: its array is empty, and it may be on another node now. */
void tcslab_cpu_cache_prepare(struct tcslab_cache *cache, unsigned int cpu);

/*
 * Nodes have come or gone: let the arrays of all CPUs hold objects of the nearest.  Task context;
 * CPUs neither come nor go.
 */
void tcslab_cpu_cache_move_home(struct tcslab_cache *cache);

/*
 * Let this CPU's array give up room for @bytes, or what it has, and with @others what lies beside
 * it for other nodes; nothing if it is busy.  With interrupts off.
 */
void tcslab_cpu_cache_give(struct tcslab_cache *cache, unsigned int bytes, bool others);

/*
 * Hide what the array of this CPU holds, so that the next call, to allocate or to free, takes
 * the slow path and shows it again.  In an interrupt, with tcslab_cache_mutex held by
 * whoever sent it, so that who has the mutex never sees less than there is.
 */
void tcslab_cpu_hide(struct tcslab_cache *cache);

/* Empty the array of a CPU that is dead. */
void tcslab_cpu_cache_drain_dead(struct tcslab_cache *cache, unsigned int cpu);

/* isolcpus=, nohz_full=: not to be interrupted for memory. */
bool tcslab_cpu_is_isolated(unsigned int cpu);

/* Add what @cpu has to cpu_cached, entries, refills, flushes and nested of @stats. */
void tcslab_cpu_cache_add_stats(const struct tcslab_cache *cache, unsigned int cpu,
				struct tcslab_cache_stats *stats);

/* Fill these with what all CPUs have. */
void tcslab_cpu_cache_stats(struct tcslab_cache *cache,
			    struct tcslab_cache_stats *stats);

#endif /* TCSLAB_CPU_CACHE_H */
