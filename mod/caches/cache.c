// SPDX-License-Identifier: GPL-2.0
/*
 * Caches: creating and destroying
 *
 * Lock order: see list.h.
 */
#include <linux/cpu.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "back/page_heap.h"
#include "back/span.h"
#include "base/random.h"
#include "base/report.h"
#include "base/window.h"
#include "debug/guard.h"
#include "debug/hard.h"
#include "debug/objects.h"
#include "debug/pattern.h"
#include "debug/shadow.h"
#include "front/cpu_budget.h"
#include "front/cpu_cache.h"
#include "front/remote.h"
#include "middle/central.h"
#include "middle/park.h"
#include "cache.h"
#include "free.h"
#include "leaks.h"
#include "limit_wait.h"
#include "list.h"
#include "minimum.h"
#include "rcu.h"
#include "size_class.h"
#include "totals.h"
#include "visit.h"

#define BATCH_BYTES		SZ_8K	/* fewer of the big ones, but */
#define FEW_OBJS		8	/* so many of those, */
#define FEW_BYTES		SZ_32K	/* or two, */
#define LARGEST_BATCHED		SZ_32K	/* one of those above it */
#define CPU_CACHE_BYTES		SZ_128K	/* a full per-CPU array holds so much, */
#define CPU_CACHE_OBJS		128	/* but no more than so many */
#define LOW_ZONE_OBJS		8	/* DMA and DMA32 memory is not to be parked */
#define QUICK_ROUNDS		16	/* of draining arrays, then one in a jiffy */
#define DRAIN_ROUNDS		64

static bool verify_frees __ro_after_init;
static const struct tcslab_cache_debug_hooks *debug_hooks __ro_after_init;

void __init tcslab_cache_set_debug_hooks(const struct tcslab_cache_debug_hooks *hooks)
{
	debug_hooks = hooks;
}

void tcslab_cache_add_nodes(struct tcslab_cache *cache)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	int node;

	lockdep_assert_held(&tcslab_cache_mutex);
	if (!static_branch_unlikely(&tcslab_numa_key))
		return;
	tcslab_remote_init(cache, gfp);
	for_each_online_node(node)
		tcslab_central_add_node(cache, node, gfp);
}

/* --------------------------------------------------------------- creating */

static bool args_are_valid(const char *name, const struct tcslab_cache_args *args)
{
	return name && args &&
	       args->size && args->size <= TCSLAB_MAX_CLASS_SIZE &&
	       (!args->align || is_power_of_2(args->align)) &&
	       args->align <= PAGE_SIZE &&
	       !(args->flags & ~TCSLAB_CACHE_FLAGS) &&
	       !(args->flags & TCSLAB_CLEAR_ON_FREE &&
		 (args->ctor || args->flags & TCSLAB_TYPESAFE_BY_RCU)) &&
	       (unsigned int)args->zone < TCSLAB_NR_ZONES &&
	       (args->node == NUMA_NO_NODE ||
		(args->node >= 0 && args->node < nr_node_ids &&
		 node_state(args->node, N_MEMORY))) &&
	       args->useroffset <= args->size &&
	       args->usersize <= args->size - args->useroffset &&
	       args->min_objects <= INT_MAX;
}

/* Of an odd number modulo 2^32: x is right to 3 bits, each step of Newton's doubles them. */
static u32 inverse_of(u32 x)
{
	u32 y = x;
	int i;

	for (i = 0; i < 4; i++)
		y *= 2 - x * y;
	return y;
}

/*
 * 2^64 / size, rounded up, and a number that no other cache has on any node, as long as there are
 * fewer than 2^16 of both; see tcslab_is_object().  The first is any, since what is linked into
 * a driver counts for itself.
 */
static u64 new_factor(unsigned int size)
{
	static atomic_t last;
	int seed = tcslab_random();

	atomic_cmpxchg(&last, 0, seed);
	return div64_u64(U64_MAX, size) + 2 +
	       ((unsigned int)atomic_inc_return(&last) * nr_node_ids & U16_MAX);
}

/* As SLUB: half of a cache line, a quarter, is enough for what fits into it. */
static unsigned int line_part(size_t size)
{
	unsigned int part = cache_line_size();

	while (size <= part / 2)
		part /= 2;
	return part;
}

/* Least objects in a batch: what a trip to the spans costs is to be shared. */
static unsigned int few(unsigned int size)
{
	return size > LARGEST_BATCHED ? 1 : clamp_t(unsigned int, FEW_BYTES / size, 2, FEW_OBJS);
}

/* Are all its calls to take the slow path? */
static bool is_closed(const struct tcslab_cache *cache)
{
	return verify_frees || cache->debug;
}

static void set_geometry(struct tcslab_cache *cache, const struct tcslab_cache_args *args)
{
	unsigned int align = max_t(unsigned int, args->align, sizeof(u64));

	if (args->flags & TCSLAB_HWCACHE_ALIGN)
		align = max(align, line_part(args->size));
	cache->align = align;
	cache->object_size = args->size;
	cache->size = args->size;
	/* A free that is parked must not write where readers look. */
	if (args->flags & TCSLAB_TYPESAFE_BY_RCU)
		cache->size = ALIGN(args->size, sizeof(void *)) + sizeof(void *);
	cache->size = ALIGN(cache->size, align);
	if (cache->debug)
		tcslab_objects_layout(cache);
	else
		tcslab_hard_layout(cache);
	if (!cache->debug)
		tcslab_shadow_layout(cache);
	cache->span_pages = tcslab_span_pages(cache->size);
	cache->span_objs = cache->span_pages * PAGE_SIZE / cache->size;
	cache->factor = new_factor(cache->size);
	cache->recip = DIV64_U64_ROUND_UP(1ULL << TCSLAB_RECIP_SHIFT, cache->size);
	cache->shift = __ffs(cache->size);
	cache->inverse = inverse_of(cache->size >> cache->shift);
	/* A class that has something behind its objects is aligned as said there. */
	cache->span_align = tcslab_span_align(cache->debug ||
					      (cache->general && cache->size > cache->object_size) ?
					      cache->align : cache->size);
	/* One of the largest: it is there to be used again, not to be had in numbers. */
	cache->batch = clamp_t(unsigned int, BATCH_BYTES / cache->size, few(cache->size),
			       TCSLAB_MAX_BATCH);
	cache->max_capacity = clamp_t(unsigned int, CPU_CACHE_BYTES / cache->size,
				      cache->batch, CPU_CACHE_OBJS);
	if (cache->zone != TCSLAB_ZONE_NORMAL) {
		cache->batch = min_t(unsigned int, cache->batch, LOW_ZONE_OBJS / 2);
		cache->max_capacity = min_t(unsigned int, cache->max_capacity, LOW_ZONE_OBJS);
	}
	if (is_closed(cache))
		cache->max_capacity = 0;
	cache->limit_pages = args->limit_bytes ?
		max_t(unsigned long, args->limit_bytes >> PAGE_SHIFT,
		      DIV_ROUND_UP(cache->size, PAGE_SIZE)) : 0;
}

/* What debug= says of a cache of this name; false without memory. */
static bool set_debug(struct tcslab_cache *cache, gfp_t gfp)
{
	unsigned int flags = tcslab_pattern_flags(cache->name);

	if (likely(!flags))
		return true;
	cache->debug = kzalloc(sizeof(*cache->debug), gfp);
	if (!cache->debug)
		return false;
	cache->debug->flags = flags;
	return true;
}

/* @gfp: GFP_KERNEL, or less hard.  @quota: what its pages count for as well, or NULL. */
static struct tcslab_cache *make_cache(const char *name, const struct tcslab_cache_args *args,
				       bool general, struct tcslab_quota *quota, gfp_t gfp)
{
	struct tcslab_cache *cache = kzalloc(sizeof(*cache), gfp);

	if (!cache)
		return NULL;
	strscpy(cache->name, name, sizeof(cache->name));
	cache->zone = args->zone;
	cache->node = args->node;
	cache->flags = args->flags;
	cache->general = general;
	cache->quota = quota;
	cache->ctor = args->ctor;
	cache->useroffset = args->useroffset;
	cache->usersize = args->usersize;
	cache->created_ms = tcslab_uptime_ms();
	if (!set_debug(cache, gfp))
		goto free_cache;
	set_geometry(cache, args);
	/* What lives on after a free must not be cleared, neither then nor later. */
	if (!cache->ctor && !(cache->flags & TCSLAB_TYPESAFE_BY_RCU))
		cache->zero_size = cache->object_size;
	if (tcslab_central_init(cache, gfp))
		goto free_cache;
	if (tcslab_cpu_cache_init(cache, is_closed(cache), gfp))
		goto free_central;
	if (tcslab_limit_wait_init(cache))
		goto free_cpu_cache;
	mutex_lock(&tcslab_cache_mutex);
	list_add_tail(&cache->list, &tcslab_cache_list);
	tcslab_cache_add_nodes(cache);
	mutex_unlock(&tcslab_cache_mutex);
	if (cache->debug)
		debug_hooks->made(cache);
	return cache;

free_cpu_cache:
	tcslab_cpu_cache_exit(cache);
free_central:
	tcslab_central_exit(cache);
free_cache:
	kfree(cache->debug);
	kfree(cache);
	return NULL;
}

/**
 * tcslab_cache_create() - create a named cache
 * @name: shown in statistics and reports; copied, cut after 31 characters;
 *	need not be unique
 * @args: see struct tcslab_cache_args
 *
 * Caches are never merged.
 *
 * Context: task, may sleep.
 * Return: the cache, ERR_PTR(-EINVAL) for arguments that make no cache, or
 * ERR_PTR(-ENOMEM).
 */
struct tcslab_cache *tcslab_cache_create(const char *name,
					 const struct tcslab_cache_args *args)
{
	return tcslab_cache_create_for(name, args, NULL);
}
EXPORT_SYMBOL_GPL(tcslab_cache_create);

struct tcslab_cache *tcslab_cache_create_for(const char *name,
					     const struct tcslab_cache_args *args,
					     struct tcslab_quota *quota)
{
	struct tcslab_cache *cache;

	if (!args_are_valid(name, args))
		return ERR_PTR(-EINVAL);
	cache = make_cache(name, args, false, quota, GFP_KERNEL);
	if (!cache)
		return ERR_PTR(-ENOMEM);
	if (args->min_objects && tcslab_minimum_init(cache, args->min_objects)) {
		tcslab_cache_destroy(cache);
		return ERR_PTR(-ENOMEM);
	}
	return cache;
}

/* ------------------------------------------------------------- destroying */

/*
 * Objects in use after everything cached has been sorted back into the spans.  What
 * cannot be drained is as good as in use: whoever keeps an array busy all the time uses it.
 *
 * Under cpus_read_lock(): no CPU may be half-way out, since it would
 * not get the IPI any more, and the callback that empties its arrays would wait
 * for our mutex.
 */
static unsigned long empty_cache(struct tcslab_cache *cache)
{
	struct tcslab_cache_stats stats;

	unsigned int round;

	/* An array that is busy has a user, or an interrupt was in the way. */
	for (round = 0; tcslab_cpu_cache_drain_all(cache) && round < DRAIN_ROUNDS; round++) {
		if (round < QUICK_ROUNDS)
			cond_resched();
		else
			schedule_timeout_uninterruptible(1);
	}
	tcslab_central_drain(cache);
	/* What stands in for guarded objects that were in an array. */
	if (tcslab_guard_finish())
		tcslab_central_drain(cache);
	tcslab_cache_stats_locked(cache, &stats);
	return stats.in_use + stats.cpu_cached;
}

unsigned long tcslab_cache_empty(struct tcslab_cache *cache)
{
	unsigned long in_use;

	tcslab_unpark();
	cpus_read_lock();
	mutex_lock(&tcslab_cache_mutex);
	in_use = empty_cache(cache);
	mutex_unlock(&tcslab_cache_mutex);
	cpus_read_unlock();
	return in_use;
}

static void unmake_cache(struct tcslab_cache *cache)
{
	tcslab_limit_wait_exit(cache);
	tcslab_cpu_cache_exit(cache);
	tcslab_central_exit(cache);
	kfree(cache->debug);
	kfree(cache);
}

/**
 * tcslab_cache_destroy() - destroy a named cache
 * @cache: the cache, or NULL
 *
 * Refuses while objects are in use: it logs their number and the first of their
 * addresses, and the cache remains as it was.  Waits for tcslab_free_rcu().
 *
 * Context: task, may sleep.
 * Return: 0, -EBUSY when objects are in use, -EINVAL for a general cache.
 */
int tcslab_cache_destroy(struct tcslab_cache *cache)
{
	unsigned long in_use, busy = 0;

	if (!cache)
		return 0;
	if (tcslab_warn(cache->general, "tcslab: cache %s is not to be destroyed\n", cache->name))
		return -EINVAL;
	tcslab_rcu_barrier();
	tcslab_unpark();
	cpus_read_lock();
	mutex_lock(&tcslab_cache_mutex);
	in_use = empty_cache(cache) - tcslab_minimum_left(cache) + cache->pins;
	if (in_use)
		busy = tcslab_cpu_cache_left(cache);
	if (!in_use) {
		if (cache->minimum) {
			tcslab_minimum_exit(cache);
			empty_cache(cache);
		}
		list_del(&cache->list);
	}
	mutex_unlock(&tcslab_cache_mutex);
	cpus_read_unlock();
	if (in_use) {
		WARN(1, "tcslab: cache %s: %lu objects in use, not destroyed\n",
		     cache->name, in_use);
		if (busy)
			pr_err("tcslab: cache %s: %lu of them in arrays that stayed busy\n",
			       cache->name, busy);
		tcslab_report_objects(cache, TCSLAB_LEAKS_SHOWN);
		return -EBUSY;
	}
	if (cache->debug)
		debug_hooks->goes(cache);
	/*
	 * Spans on their way back to the page heap still refer to it, until they are no longer
	 * charged.  Whoever gives one back does so in an RCU section.
	 */
	if (cache->flags & TCSLAB_TYPESAFE_BY_RCU) {
		tcslab_rcu_barrier();
		while (atomic_long_read(&cache->span_pages_held)) {
			schedule_timeout_uninterruptible(1);
			tcslab_rcu_barrier();
		}
		synchronize_rcu();
	}
	unmake_cache(cache);
	return 0;
}
EXPORT_SYMBOL_GPL(tcslab_cache_destroy);

/* See tcslab_cpu_cache_narrow(). */
bool tcslab_cache_is_narrow(const struct tcslab_cache *cache)
{
	return (cache->minimum && tcslab_minimum_is_broken(cache)) ||
	       tcslab_limit_is_waited_for(cache);
}

/* ---------------------------------------------------------------- set-up */

struct tcslab_cache *tcslab_cache_make_general(enum tcslab_zone zone, unsigned int class,
					       gfp_t gfp)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(tcslab_class_size(class));
	char name[sizeof_field(struct tcslab_cache, name)];

	args.zone = zone;
	snprintf(name, sizeof(name), "%s-%u", tcslab_zone_name(zone), tcslab_class_size(class));
	return make_cache(name, &args, true, NULL, gfp);
}

struct tcslab_cache *tcslab_cache_make_owned(const char *owner, unsigned int class,
					     struct tcslab_quota *quota, gfp_t gfp)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(tcslab_class_size(class));
	char name[sizeof_field(struct tcslab_cache, name)];

	args.limit_bytes = quota->limit_pages << PAGE_SHIFT;
	/* The size is what has to be seen of a long one. */
	snprintf(name, sizeof(name), "%.25s-%u", owner, tcslab_class_size(class));
	return make_cache(name, &args, false, quota, gfp);
}

/* What makes a cache allocates with GFP_KERNEL, no less hard and no less loud. */
bool tcslab_cache_may_make(gfp_t gfp)
{
	const gfp_t modest = __GFP_NORETRY | __GFP_RETRY_MAYFAIL | __GFP_NOWARN | __GFP_NOMEMALLOC;

	return (gfp & (GFP_KERNEL | modest)) == GFP_KERNEL &&
	       (current_gfp_context(gfp) & GFP_KERNEL) == GFP_KERNEL &&
	       !(current->flags & PF_MEMALLOC);
}

/* Closed and without a capacity, so that everything about it is a slow path. */
static int __init make_large(void)
{
	tcslab_large_cache = kzalloc(sizeof(*tcslab_large_cache), GFP_KERNEL);
	if (!tcslab_large_cache)
		return -ENOMEM;
	/* On no list, and kmemleak does not look into __ro_after_init of modules. */
	kmemleak_not_leak(tcslab_large_cache);
	strscpy(tcslab_large_cache->name, "large", sizeof(tcslab_large_cache->name));
	tcslab_large_cache->node = NUMA_NO_NODE;
	if (tcslab_cpu_cache_init(tcslab_large_cache, true, GFP_KERNEL))
		return -ENOMEM;
	tcslab_no_cache.cpu = tcslab_large_cache->cpu;
	tcslab_no_cache.fast = tcslab_large_cache->cpu;
	return 0;
}

int __init tcslab_cache_init(bool checks)
{
	unsigned int class;
	int err;

	tcslab_free_init();
	verify_frees = checks;
	tcslab_uptime_init();
	tcslab_cpu_budget_init();
	err = make_large();
	tcslab_general[0] = tcslab_large_cache;
	for (class = 1; !err && class < TCSLAB_NR_CLASSES; class++) {
		tcslab_general[class] = tcslab_cache_make_general(TCSLAB_ZONE_NORMAL, class,
								  GFP_KERNEL);
		if (!tcslab_general[class])
			err = -ENOMEM;
	}
	if (err)
		tcslab_cache_exit();
	return err;
}

/* With CPUs kept from going, and without the callback that looks after those that went. */
static void empty_all(void)
{
	struct tcslab_cache *cache;
	unsigned int cpu;

	tcslab_for_each_cache(cache) {
		if (cache->minimum)
			tcslab_minimum_exit(cache);
		for_each_possible_cpu(cpu)
			if (!cpu_online(cpu))
				tcslab_cpu_cache_drain_dead(cache, cpu);
		empty_cache(cache);
		cond_resched();
	}
}

void tcslab_cache_exit(void)
{
	struct tcslab_cache *cache, *next;

	tcslab_unpark();
	cpus_read_lock();
	mutex_lock(&tcslab_cache_mutex);
	empty_all();
	tcslab_window("cache-empty");
	mutex_unlock(&tcslab_cache_mutex);
	cpus_read_unlock();
	/* Spans of type-safe caches are on their way, also of some that could not be destroyed. */
	tcslab_rcu_barrier();
	tcslab_report_leaks();
	list_for_each_entry_safe(cache, next, &tcslab_cache_list, list) {
		list_del(&cache->list);
		unmake_cache(cache);
	}
	if (tcslab_large_cache) {
		tcslab_cpu_cache_exit(tcslab_large_cache);
		kfree(tcslab_large_cache);
	}
}
