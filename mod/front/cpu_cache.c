// SPDX-License-Identifier: GPL-2.0
/*
 * The per-CPU arrays: what happens when the inline fast path gives up
 *
 * A refill does not depend on whether the caller may sleep: the array is filled
 * from the middle tier under a raw lock, and pages are allocated outside of the
 * section with whatever gfp the caller has.
 */
#include <linux/err.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "back/nodes.h"
#include "back/span.h"
#include "base/random.h"
#include "debug/hard.h"
#include "middle/central.h"
#include "cpu_budget.h"
#include "cpu_cache.h"
#include "cpu_section.h"
#include "remote.h"

/* ------------------------------------------------------------------ alloc */

void *tcslab_cpu_cache_take(struct tcslab_cache *cache, int node, int *home)
{
	struct tcslab_cpu_cache *cc = tcslab_cpu_enter(cache);
	int local = this_cpu_ptr(cache->cpu)->node;
	void *obj = NULL;
	unsigned int n;

	*home = node == NUMA_NO_NODE ? local : node;
	if (!cc || *home != local) {
		tcslab_central_alloc(cache, *home, &obj, 1);
	} else if (cc->count) {
		obj = cc->objs[--cc->count];	/* we came to another CPU */
	} else {
		tcslab_cpu_budget_earn(cache, cc, 0);
		n = tcslab_central_alloc(cache, *home, cc->objs,
					 clamp_t(long, cc->capacity, 1, cache->batch));
		if (n) {
			cc->count = n - 1;
			obj = cc->objs[n - 1];
			cc->refills++;
		}
	}
	tcslab_cpu_leave(cc);
	return obj;
}

/* A waiter may take the room at any time (tcslab_cpu_cache_narrow()): then it is none, not less. */
static long room_of(const struct tcslab_cpu_cache *cc)
{
	return max(READ_ONCE(cc->capacity) - cc->count, 0L);
}

/* A glance, from outside of the section: what a growth is for. */
static unsigned int wanted(const struct tcslab_cache *cache)
{
	/* Of this CPU or another one, as it is at the moment. */
	long room = data_race(READ_ONCE(raw_cpu_ptr(cache->cpu)->capacity));

	return clamp_t(long, room, 1, cache->batch);
}

void *tcslab_cpu_cache_grow(struct tcslab_cache *cache, int node, gfp_t gfp)
{
	struct tcslab_cpu_cache *cc;
	void *obj = NULL, **objs = &obj;
	unsigned int n = 1;
	HLIST_HEAD(spans);
	int err;

	err = tcslab_central_grow(cache, node, gfp, wanted(cache), &spans);
	if (err)
		return ERR_PTR(err);
	node = tcslab_span_node(hlist_entry(spans.first, struct tcslab_span, link));
	cc = tcslab_cpu_enter(cache);
	if (cc && cc->node == node && room_of(cc)) {
		objs = cc->objs + cc->count;
		n = min_t(long, room_of(cc) ?: 1, cache->batch);
	}
	n = tcslab_central_add(cache, &spans, objs, n) - 1;
	obj = objs[n];
	if (objs != &obj) {
		cc->count += n;
		cc->refills++;
	}
	tcslab_cpu_leave(cc);
	return obj;
}

/* ------------------------------------------------------------------- free */

bool tcslab_cpu_cache_is_latest(struct tcslab_cache *cache, const void *obj)
{
	struct tcslab_cpu_cache *cc;
	unsigned int n;
	bool latest;

	/*
	 * A glance, but of our own CPU: what an interrupt changes meanwhile are other objects that
	 * are free, and @obj is none of these unless it is freed twice.  If we are that interrupt
	 * the count may be ahead of the object on top, and what lies there has gone to the central
	 * list since, and may be in our caller's hands.
	 */
	preempt_disable();
	cc = this_cpu_ptr(cache->cpu);
	n = cc->seq & 1 ? 0 : tcslab_cpu_objs(cc);
	latest = n && tcslab_glance(cc->objs[n - 1]) == obj;
	preempt_enable();
	return latest;
}

/* After objects of other nodes were put aside, inside the section: who waits looks here once. */
static void flush_if_narrow(struct tcslab_cache *cache)
{
	if (tcslab_cpu_became_narrow(cache))
		tcslab_remote_flush(cache, smp_processor_id());
}

void tcslab_cpu_cache_put(struct tcslab_cache *cache, void *obj, unsigned long caller)
{
	int node = page_to_nid(virt_to_page(obj));
	bool hidden = this_cpu_read(cache->cpu->hidden);
	struct tcslab_cpu_cache *cc = tcslab_cpu_enter(cache);
	long n;

	if (!cc) {
		tcslab_cpu_leave(cc);
		tcslab_central_free(cache, node, &obj, 1, caller);
		return;
	}
	if (node != cc->node) {
		cc->flushes += tcslab_remote_put(cache, obj);
		flush_if_narrow(cache);
		tcslab_cpu_leave(cc);
		return;
	}
	if (cc->count >= cc->capacity) {
		cc->flushes++;
		tcslab_cpu_budget_earn(cache, cc, 0);
	}
	if (cc->count >= cc->capacity) {
		n = min_t(long, cc->count, cache->batch);
		cc->count -= n;
		if (n)
			tcslab_central_free(cache, node, cc->objs + cc->count, n, 0);
	}
	if (cc->capacity) {
		cc->objs[cc->count++] = obj;
		if (static_branch_unlikely(&tcslab_hard_key))
			tcslab_shuffle_one(cc->objs, cc->count, tcslab_random());
	} else {
		tcslab_central_free(cache, node, &obj, 1, caller);
	}
	if (unlikely(hidden))
		tcslab_cpu_hide_again(cc);
	tcslab_cpu_leave(cc);
}

/* ------------------------------------------------------------------- bulk */

/* Up to @n objects from the middle tier. */
static size_t take_batches(struct tcslab_cache *cache, int node, size_t n, void **objs)
{
	size_t got = 0;

	while (got < n) {
		unsigned int more = tcslab_central_alloc(cache, node, objs + got,
							 min_t(size_t, n - got, cache->batch));
		if (!more)
			break;
		got += more;
	}
	return got;
}

size_t tcslab_cpu_cache_take_bulk(struct tcslab_cache *cache, size_t n, void **objs)
{
	struct tcslab_cpu_cache *cc = tcslab_cpu_enter(cache);
	int node = this_cpu_ptr(cache->cpu)->node;
	size_t got = 0;

	if (cc) {
		got = min_t(size_t, n, cc->count);
		cc->count -= got;
		tcslab_copy_objs(objs, cc->objs + cc->count, got);
		if (got < n)
			tcslab_cpu_budget_earn(cache, cc, n - got);
	}
	tcslab_cpu_leave(cc);
	/* The rest comes in batches past the array, which others may use meanwhile. */
	return got + take_batches(cache, node, n - got, objs + got);
}

size_t tcslab_cpu_cache_grow_bulk(struct tcslab_cache *cache, gfp_t gfp, size_t n, void **objs)
{
	int node = tcslab_cpu_cache_node(cache);
	size_t got = 0;

	/* Who else has a claim to what lies at hand is asked object by object. */
	if (static_branch_unlikely(&tcslab_numa_key) || cache->limit_pages || cache->minimum)
		return 0;
	while (got < n) {
		unsigned int some = min_t(size_t, n - got, TCSLAB_MAX_BATCH);
		HLIST_HEAD(spans);

		if (tcslab_central_grow(cache, node, tcslab_optional(gfp), some, &spans))
			break;
		got += tcslab_central_add(cache, &spans, objs + got, some);
		got += take_batches(cache, node, n - got, objs + got);
	}
	return got;
}

/*
 * Free those of @objs that are not of @node, and move the rest to the beginning.  Inside the
 * section of @cc, or without one.  Returns how many are left.
 */
static size_t put_others(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc, int node,
			 size_t n, void **objs)
{
	size_t left = 0, i;

	for (i = 0; i < n; i++) {
		int home = page_to_nid(virt_to_page(objs[i]));

		if (home == node)
			objs[left++] = objs[i];
		else if (cc)
			cc->flushes += tcslab_remote_put(cache, objs[i]);
		else
			tcslab_central_free(cache, home, &objs[i], 1, 0);
	}
	if (cc && left < n)
		flush_if_narrow(cache);
	return left;
}

static void put_several(struct tcslab_cache *cache, size_t n, void **objs)
{
	bool hidden = this_cpu_read(cache->cpu->hidden);
	struct tcslab_cpu_cache *cc = tcslab_cpu_enter(cache);
	int node = this_cpu_ptr(cache->cpu)->node;
	size_t room = 0, i;

	if (static_branch_unlikely(&tcslab_numa_key))
		n = put_others(cache, cc, node, n, objs);
	if (cc) {
		room = room_of(cc);
		if (n > room)
			tcslab_cpu_budget_earn(cache, cc, n - room);
		room = min_t(size_t, n, room_of(cc));
		tcslab_copy_objs(cc->objs + cc->count, objs, room);
		cc->count += room;
		if (unlikely(hidden))
			tcslab_cpu_hide_again(cc);
	}
	tcslab_cpu_leave(cc);
	for (i = room; i < n; i += room) {
		room = min_t(size_t, n - i, cache->batch);
		tcslab_central_free(cache, node, objs + i, room, 0);
	}
}

void tcslab_cpu_cache_put_bulk(struct tcslab_cache *cache, size_t n, void **objs)
{
	size_t most = n, part;

	/* Each is looked at inside of a section then. */
	if (static_branch_unlikely(&tcslab_numa_key))
		most = cache->batch;
	for (; n; n -= part, objs += part) {
		part = min(n, most);
		put_several(cache, part, objs);
	}
}

/* ----------------------------------------------------------------- set-up */

/* The node that a CPU's array takes objects from: its own, or the nearest with memory. */
static int local_node(const struct tcslab_cache *cache, unsigned int cpu)
{
	int home = cpu_to_mem(cpu), best = NUMA_NO_NODE, node;

	if (cache->node != NUMA_NO_NODE)
		return cache->node;
	/* A CPU that was never there may have no node yet. */
	if (home == NUMA_NO_NODE || !static_branch_unlikely(&tcslab_numa_key))
		return tcslab_only_node;
	for_each_node_state(node, N_MEMORY)
		if (best == NUMA_NO_NODE ||
		    node_distance(home, node) < node_distance(home, best))
			best = node;
	return best;
}

/* IPI: the array of this CPU, empty, to where its objects are to come from now. */
static void move_home(void *arg)
{
	struct tcslab_cache *cache = arg;
	unsigned int cpu = smp_processor_id();
	struct tcslab_cpu_cache *cc = tcslab_cpu_enter(cache);

	if (cc) {
		tcslab_remote_flush(cache, cpu);
		tcslab_cpu_flush(cache, cc, 0);
	}
	/* One that is busy is of the old node for now, which costs way, nothing else. */
	if (cc || !cache->max_capacity)
		tcslab_cpu_cache_prepare(cache, cpu);
	tcslab_cpu_leave(cc);
}

void tcslab_cpu_cache_move_home(struct tcslab_cache *cache)
{
	on_each_cpu(move_home, cache, 1);
}

void tcslab_cpu_cache_prepare(struct tcslab_cache *cache, unsigned int cpu)
{
	struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);

	cc->node = local_node(cache, cpu);
	cc->factor = tcslab_factor(cache, cc->node);
}

int tcslab_cpu_cache_init(struct tcslab_cache *cache, bool closed, gfp_t gfp)
{
	size_t bytes = struct_size(cache->cpu, objs, cache->max_capacity);
	int cpu;

	cache->cpu = __alloc_percpu_gfp(bytes, cache_line_size(), gfp);
	if (!cache->cpu)
		return -ENOMEM;
	/* Those of large objects are closed, and there before all others. */
	cache->fast = tcslab_is_hard(cache) ? tcslab_large_cache->cpu : cache->cpu;
	for_each_possible_cpu(cpu) {
		struct tcslab_cpu_cache *cc = per_cpu_ptr(cache->cpu, cpu);

		cc->state = closed ? TCSLAB_BUSY : 0;
		tcslab_cpu_cache_prepare(cache, cpu);
	}
	if (tcslab_cpu_budget_init_cache(cache, gfp) || tcslab_remote_init(cache, gfp)) {
		tcslab_cpu_cache_exit(cache);
		return -ENOMEM;
	}
	return 0;
}

void tcslab_cpu_cache_exit(struct tcslab_cache *cache)
{
	tcslab_remote_exit(cache);
	tcslab_cpu_budget_exit_cache(cache);
	free_percpu(cache->cpu);
	cache->cpu = NULL;
	cache->fast = NULL;
}
