// SPDX-License-Identifier: GPL-2.0
/*
 * What waits for a grace period: the bundles of the CPUs, and lists
 *
 * Objects lie in bundles of pointers, one being filled for each CPU.  Sealed, it has the number of
 * the grace period that it waits for, and whoever comes when that is over may free it.
 *
 * Objects for which there was no bundle, and empty spans of type-safe caches, are in lists, linked
 * through themselves (rcu_list.h).
 *
 * When this is done, and by whom, is for rcu.c, where it is said what it is for.  Nothing here
 * allocates: an allocation may wait for what is here.
 *
 * Lock: a CPU's, raw, interrupts off, is a leaf; nothing is freed under it.  Sections are bounded
 * by a bundle.
 */
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/topology.h>

#include "back/page_heap.h"
#include "back/span.h"
#include "base/lock.h"
#include "debug/guard.h"
#include "middle/central.h"
#include "free.h"
#include "rcu.h"
#include "rcu_backlog.h"
#include "rcu_list.h"

#define BUNDLE_BYTES	SZ_64K	/* in objects: what is large does not wait to be many */

/**
 * struct rcu_bundle - objects that wait for the same grace period
 * @next: sealed: the next one of its CPU
 * @gp: sealed: of get_state_synchronize_rcu()
 * @n: objects in @objs
 * @bytes: in them
 * @limited: some are of caches with a limit, which count them
 * @objs: the objects
 */
struct rcu_bundle {
	struct rcu_bundle *next;
	unsigned long gp;
	unsigned int n;
	bool limited;
	unsigned long bytes;
	void *objs[];
};

#define BUNDLE_OBJS	((TCSLAB_BUNDLE_ROOM - sizeof(struct rcu_bundle)) / sizeof(void *))

/**
 * struct rcu_cpu - what one CPU collects
 * @lock: guards all but @reapers
 * @bundle: has room for one object at least; or NULL
 * @first: sealed bundles, the oldest first
 * @last: where the next one is linked
 * @count: objects in all of them
 * @bytes: that these take
 * @reapers: who are freeing a bundle that was in @first, each inside of a reader's section
 */
struct rcu_cpu {
	raw_spinlock_t lock;
	struct rcu_bundle *bundle;
	struct rcu_bundle *first;
	struct rcu_bundle **last;
	unsigned long count;
	unsigned long bytes;
	atomic_t reapers;
};

static DEFINE_PER_CPU(struct rcu_cpu, rcu_cpus);

static void free_head(struct llist_node *node);
static void free_span(struct llist_node *node);

/*
 * Objects for which there was no bundle.  One pointer is all that a head needs to
 * have: the kernel's kvfree_rcu_head, which the drop-in's kfree_rcu() passes, can be
 * shorter than what call_rcu() takes.
 */
static struct tcslab_rcu_list heads = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(heads.lock),
	.free = free_head,
};

static atomic_long_t head_count, head_bytes;

/* Spans of type-safe caches. */
static struct tcslab_rcu_list spans = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(spans.lock),
	.free = free_span,
};

static atomic_long_t span_pages;

static unsigned long size_of(const void *obj, const struct tcslab_cache *cache)
{
	if (cache == tcslab_large_cache)
		return (unsigned long)tcslab_page_span(virt_to_page(obj))->npages << PAGE_SHIFT;
	return cache ? cache->size : 0;
}

/* -------------------------------------------------------------------- bundles */

static void seal(struct rcu_cpu *cpu)
{
	struct rcu_bundle *bundle = cpu->bundle;

	lockdep_assert_held(&cpu->lock);
	if (!bundle)
		return;
	cpu->bundle = NULL;
	bundle->gp = get_state_synchronize_rcu();
	bundle->next = NULL;
	*cpu->last = bundle;
	cpu->last = &bundle->next;
}

/* The oldest bundle if it is due. */
static struct rcu_bundle *take_due(struct rcu_cpu *cpu)
{
	struct rcu_bundle *bundle;
	unsigned long flags;

	tcslab_lock_irqsave(&cpu->lock, flags);
	bundle = cpu->first;
	if (bundle && poll_state_synchronize_rcu(bundle->gp)) {
		cpu->first = bundle->next;
		if (!cpu->first)
			cpu->last = &cpu->first;
		cpu->count -= bundle->n;
		cpu->bytes -= bundle->bytes;
		atomic_inc(&cpu->reapers);
	} else {
		bundle = NULL;
	}
	tcslab_unlock_irqrestore(&cpu->lock, flags);
	return bundle;
}

/* Who is to be refused at its limit waits for what the cache counts; see limit_wait.c. */
static bool is_limited(const struct tcslab_cache *cache)
{
	return cache && cache->limit_pages;
}

/* Inside of a reader's section: who destroys the cache waits for the barrier, and so for us. */
static void free_limited(struct tcslab_cache *cache, void *obj)
{
	tcslab_free(obj);	/* it may be a guarded one */
	smp_mb__before_atomic();	/* what came back, then the count */
	atomic_long_dec(&cache->rcu_objects);
}

static void free_bundle(struct rcu_bundle *bundle)
{
	unsigned int i;

	if (likely(!bundle->limited)) {
		tcslab_free_known(bundle->n, bundle->objs);
		return;
	}
	for (i = 0; i < bundle->n; i++) {
		struct tcslab_cache *cache = tcslab_owner_of(bundle->objs[i]);

		if (is_limited(cache))
			free_limited(cache, bundle->objs[i]);
		else
			tcslab_free(bundle->objs[i]);
	}
}

/* Free a bundle that is due; false if there is none. */
static bool reap_one(struct rcu_cpu *cpu)
{
	struct rcu_bundle *bundle;

	rcu_read_lock();	/* the barrier waits for us */
	bundle = take_due(cpu);
	if (bundle) {
		/* Who gave the last one may have preemption off. */
		tcslab_page_heap_postpone();
		free_bundle(bundle);
		tcslab_free(bundle);
		tcslab_page_heap_catch_up();
		atomic_dec(&cpu->reapers);
	}
	rcu_read_unlock();
	return bundle;
}

void tcslab_backlog_reap_some(unsigned int n)
{
	struct rcu_cpu *cpu = raw_cpu_ptr(&rcu_cpus);

	while (n-- && reap_one(cpu))
		;
}

/*
 * CPUs of a node without memory count for the first node that has some: the shrinker never asks
 * for theirs.
 */
static bool is_of(int node, unsigned int cpu)
{
	int home = cpu_to_mem(cpu);

	return node == NUMA_NO_NODE ||
	       node == (node_state(home, N_MEMORY) ? home : first_memory_node);
}

static void seal_cpus(int node)
{
	unsigned long flags;
	int i;

	for_each_possible_cpu(i) {
		struct rcu_cpu *cpu = per_cpu_ptr(&rcu_cpus, i);

		if (!is_of(node, i))
			continue;
		tcslab_lock_irqsave(&cpu->lock, flags);
		seal(cpu);
		tcslab_unlock_irqrestore(&cpu->lock, flags);
	}
}

/* ---------------------------------------------------------------------- lists */

static void free_head(struct llist_node *node)
{
	struct tcslab_cache *cache = tcslab_owner_of(node);
	void *obj = tcslab_object_around(node);

	atomic_long_dec(&head_count);
	atomic_long_sub(size_of(node, cache), &head_bytes);
	if (is_limited(cache))
		free_limited(cache, obj);
	else
		tcslab_free(obj);
}

static void free_span(struct llist_node *node)
{
	struct tcslab_span *span = llist_entry(node, struct tcslab_span, waiting);
	unsigned int npages = span->npages;

	tcslab_central_release_now(span);
	atomic_long_sub(npages, &span_pages);
}

/* ------------------------------------------------------------- what rcu.c calls */

void tcslab_backlog_seal(int node)
{
	seal_cpus(node);
	tcslab_rcu_list_seal_if_none(&heads);
	tcslab_rcu_list_seal_if_none(&spans);
}

bool tcslab_backlog_has_list(void)
{
	return READ_ONCE(heads.first) || READ_ONCE(spans.first);	/* a glance */
}

void tcslab_backlog_seal_all(void)
{
	seal_cpus(NUMA_NO_NODE);
	tcslab_rcu_list_seal(&heads);
	tcslab_rcu_list_seal(&spans);
}

void tcslab_rcu_reap(int node)
{
	int i;

	for_each_possible_cpu(i) {
		if (!is_of(node, i))
			continue;
		while (reap_one(per_cpu_ptr(&rcu_cpus, i)))
			cond_resched();
	}
	tcslab_rcu_list_reap(&heads);
	tcslab_rcu_list_reap(&spans);
}

void tcslab_rcu_backlog(int node, struct tcslab_rcu_backlog *backlog)
{
	unsigned long flags;
	int i;

	*backlog = (struct tcslab_rcu_backlog){ };
	/* Lists belong to no CPU; they count once. */
	if (node == NUMA_NO_NODE || node == first_memory_node) {
		backlog->objects = atomic_long_read(&head_count);
		backlog->bytes = atomic_long_read(&head_bytes);
		backlog->span_pages = atomic_long_read(&span_pages);
	}
	for_each_possible_cpu(i) {
		struct rcu_cpu *cpu = per_cpu_ptr(&rcu_cpus, i);

		if (!is_of(node, i))
			continue;
		tcslab_lock_irqsave(&cpu->lock, flags);
		backlog->objects += cpu->count;
		backlog->bytes += cpu->bytes;
		tcslab_unlock_irqrestore(&cpu->lock, flags);
	}
}

/* Use @room for a bundle. */
static struct rcu_bundle *begin_bundle(void *room)
{
	struct rcu_bundle *bundle = room;

	bundle->n = 0;
	bundle->limited = false;
	bundle->bytes = 0;
	return bundle;
}

enum tcslab_added tcslab_backlog_add(void *obj, void **room)
{
	struct rcu_cpu *cpu = raw_cpu_ptr(&rcu_cpus);
	enum tcslab_added added = TCSLAB_NOT_ADDED;
	struct rcu_bundle *bundle;
	unsigned long flags;

	tcslab_lock_irqsave(&cpu->lock, flags);
	if (!cpu->bundle && *room) {
		cpu->bundle = begin_bundle(*room);
		*room = NULL;
	}
	bundle = cpu->bundle;
	if (bundle) {
		struct tcslab_cache *cache = tcslab_owner_of(obj);
		unsigned long size = size_of(obj, cache);

		if (is_limited(cache)) {
			atomic_long_inc(&cache->rcu_objects);
			bundle->limited = true;
		}
		added = bundle->n ? TCSLAB_ADDED : TCSLAB_ADDED_FIRST;
		bundle->objs[bundle->n++] = obj;
		bundle->bytes += size;
		cpu->count++;
		cpu->bytes += size;
		if (bundle->n == BUNDLE_OBJS || bundle->bytes >= BUNDLE_BYTES) {
			added = TCSLAB_ADDED_LAST;
			seal(cpu);
		}
	}
	tcslab_unlock_irqrestore(&cpu->lock, flags);
	return added;
}

void tcslab_backlog_add_head(void *head)
{
	struct tcslab_cache *cache = tcslab_owner_of(head);

	if (is_limited(cache))
		atomic_long_inc(&cache->rcu_objects);
	atomic_long_inc(&head_count);
	atomic_long_add(size_of(head, cache), &head_bytes);
	llist_add(head, &heads.fresh);
}

void tcslab_backlog_add_span(struct tcslab_span *span)
{
	atomic_long_add(span->npages, &span_pages);
	llist_add(&span->waiting, &spans.fresh);
}

bool tcslab_backlog_is_reaped(void)
{
	int cpu;

	/* Who saw that nothing is counted any more sees who took it. */
	smp_mb();
	if (atomic_read(&heads.reapers) || atomic_read(&spans.reapers))
		return true;
	for_each_possible_cpu(cpu)
		if (atomic_read(&per_cpu_ptr(&rcu_cpus, cpu)->reapers))
			return true;
	return false;
}

void __init tcslab_backlog_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rcu_cpu *rcu = per_cpu_ptr(&rcu_cpus, cpu);

		raw_spin_lock_init(&rcu->lock);
		rcu->last = &rcu->first;
	}
}
