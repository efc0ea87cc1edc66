// SPDX-License-Identifier: GPL-2.0
/* The three tiers without the caches above: what a miss does at most when it steals */
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "front/cpu_budget.h"
#include "front/cpu_cache.h"
#include "front/cpu_section.h"
#include "middle/central.h"
#include "middle/park.h"
#include "tiers.h"

#define NR_VICTIMS	4	/* a miss takes from no more */
#define EACH		8	/* objects, each alone in its span */
#define SIZE		(2 * PAGE_SIZE)
#define PILED_UP	64	/* chunks that are too many */
#define CHUNKS_AT_ONCE	2	/* that one free may give back */

static struct tcslab_cache victims[NR_VICTIMS], thief;
static struct tcslab_span *spans[PILED_UP];

static bool is_narrow(const struct tcslab_cache *cache)
{
	return false;
}

/* What this CPU's arrays take: they are asked, the CPU may be of any node. */
static int __init here(void)
{
	return this_cpu_ptr(victims[0].cpu)->node;
}

static const struct tcslab_cpu_cache_hooks front_hooks = { .is_narrow = is_narrow };
static const struct tcslab_central_hooks central_hooks;	/* nobody waits, nothing is deferred */

static bool __init make(struct tcslab_cache *cache, unsigned int size, unsigned int batch)
{
	set_geometry(cache, size, size / PAGE_SIZE);
	cache->batch = batch;
	return !tcslab_central_init(cache, GFP_KERNEL) &&
	       !tcslab_cpu_cache_init(cache, false, GFP_KERNEL);
}

static void __init unmake(struct tcslab_cache *cache)
{
	tcslab_cpu_cache_drain_all(cache);
	tcslab_central_drain(cache);
	tcslab_cpu_cache_exit(cache);
	tcslab_central_exit(cache);
}

static void __init earn(struct tcslab_cache *cache)
{
	struct tcslab_cpu_cache *cc = tcslab_cpu_enter(cache);

	if (cc)
		tcslab_cpu_budget_earn(cache, cc, cache->batch);
	tcslab_cpu_leave(cc);
}

/* As many objects as its array has earned room for, without a miss. */
static unsigned long __init fill(struct tcslab_cache *cache)
{
	unsigned int i;

	for (i = 0; i < EACH / cache->batch; i++)
		earn(cache);
	for (i = 0; i < EACH; i++) {
		void *obj = grow(cache, here());

		if (!IS_ERR(obj))
			tcslab_cpu_cache_put(cache, obj, 0);
	}
	return tcslab_cpu_cache_count(cache, raw_smp_processor_id());
}

/* Chunks that no free has given back. */
static void __init pile_up(void)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < PILED_UP; i++)
		spans[i] = tcslab_page_heap_alloc(&thief, TCSLAB_ZONE_NORMAL, TCSLAB_SPAN_LARGE, 8,
						  8, GFP_KERNEL, here());
	for (i = 0; i < PILED_UP; i++) {
		local_irq_save(flags);
		if (spans[i])
			tcslab_page_heap_free(spans[i]);
		local_irq_restore(flags);
	}
}

static unsigned long __init released(void)
{
	struct tcslab_page_heap_stats stats;

	tcslab_page_heap_stats(here(), TCSLAB_ZONE_NORMAL, &stats);
	return stats.released;
}

static void __init steal(void)
{
	unsigned long full = 0, left = 0, before, went;
	unsigned int i;

	for (i = 0; i < NR_VICTIMS; i++)
		full += fill(&victims[i]);
	context_check(full == NR_VICTIMS * EACH, "%lu objects in arrays", full);
	pile_up();
	before = released();
	earn(&thief);
	went = released() - before;
	for (i = 0; i < NR_VICTIMS; i++)
		left += tcslab_cpu_cache_count(&victims[i], raw_smp_processor_id());
	context_check(!left, "a miss takes the room of all of them: %lu are left", left);
	/* On PREEMPT_RT it is for the background. */
	context_check(went <= CHUNKS_AT_ONCE && (went || IS_ENABLED(CONFIG_PREEMPT_RT)),
		      "and gives back what one free may: %lu chunks", went);
}

static int __init front_init(void)
{
	bool made = true;
	unsigned int i;

	tcslab_cpu_cache_set_hooks(&front_hooks);
	tcslab_central_set_hooks(&central_hooks);
	tcslab_park_init();
	tcslab_cpu_budget_bytes = NR_VICTIMS * EACH * SIZE;
	tcslab_cpu_budget_init();
	if (begin_back()) {
		migrate_disable();
		for (i = 0; i < NR_VICTIMS; i++)
			made &= make(&victims[i], SIZE, EACH / 2);
		made &= make(&thief, 2 * SIZE, NR_VICTIMS * EACH / 2);
		for (i = 0; i < TCSLAB_NR_CLASSES; i++)
			tcslab_general[i] = &victims[i % NR_VICTIMS];
		if (context_check(made, "caches"))
			steal();
		migrate_enable();
		for (i = 0; i < NR_VICTIMS; i++)
			unmake(&victims[i]);
		unmake(&thief);
		end_back();
	}
	context_plan();
	return 0;
}

static void __exit front_exit(void)
{
}

module_init(front_init);
module_exit(front_exit);

MODULE_DESCRIPTION("tcslab test: the tiers without the caches");
MODULE_LICENSE("GPL");
