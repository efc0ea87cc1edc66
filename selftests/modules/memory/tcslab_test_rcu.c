// SPDX-License-Identifier: GPL-2.0
/*
 * What waits for a grace period: how much of it there is, and when it goes
 *
 *   insmod tcslab_test_rcu.ko mode=million|trim|typed|hold|flood [loops=] [threads=]
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <linux/tcslab.h>

#include "base/compat.h"
#include "context_test.h"

static char *mode = "";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "which load");

static unsigned int loops = 50;
module_param(loops, uint, 0444);
MODULE_PARM_DESC(loops, "flood: times 8000 frees of each thread");

static unsigned int threads = 8;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "flood: their number");

#define MAX_THREADS	64
#define PER_LOOP	8000

struct small {
	unsigned long first;
	struct rcu_head rcu;
	unsigned long fill[5];	/* 64 bytes in all */
};

struct large {
	struct rcu_head rcu;
	char fill[SZ_16K - sizeof(struct rcu_head)];
};

/* ------------------------------------------------------------------ threads */

static void (*thread_work)(unsigned int n);
static struct completion go;
static atomic_t failed;

static int thread(void *n)
{
	wait_for_completion(&go);
	thread_work((unsigned long)n);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void run_threads(unsigned int n, void (*work)(unsigned int n), unsigned int arg)
{
	struct task_struct *tasks[MAX_THREADS];
	unsigned int i;

	n = min(n, MAX_THREADS);
	thread_work = work;
	init_completion(&go);
	for (i = 0; i < n; i++)
		tasks[i] = kthread_run(thread, (void *)(unsigned long)arg, "tcslab-flood/%u", i);
	complete_all(&go);
	for (i = 0; i < n; i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
}

/* All at once: nothing is there to be used again. */
static void free_many(unsigned int n)
{
	struct small *list = NULL, *obj;

	while (n--) {
		obj = tcslab_alloc(sizeof(*obj), GFP_KERNEL);
		if (!obj)
			break;
		obj->first = (unsigned long)list;
		list = obj;
		if (n % 1024 == 0)
			cond_resched();
	}
	while (list) {
		obj = list;
		list = (struct small *)obj->first;
		tcslab_free_rcu(obj, rcu);
	}
}

static void test_million(void)
{
	unsigned long before, full, soon, after;
	u64 begin;

	tcslab_trim();
	before = tcslab_held_pages();
	run_threads(4, free_many, 250000);
	full = tcslab_held_pages();
	begin = ktime_get_ns();
	msleep(1000);
	soon = tcslab_held_pages();
	pr_notice(CONTEXT_PREFIX "# %lu pages before, %lu at the end of a million, %lu after %llu ms\n",
		  before, full, soon, (ktime_get_ns() - begin) / NSEC_PER_MSEC);
	/*
	 * Free objects in arrays keep some of the chunks until these have been idle.  On
	 * PREEMPT_RT all chunks are the scavenger's, who waits for that first.
	 */
	context_check(soon < before + 4096 || IS_ENABLED(CONFIG_PREEMPT_RT),
		      "most of a million objects are back within a second, but for %ld pages",
		      (long)(soon - before));
	msleep(4000);
	after = tcslab_held_pages();
	context_check(after < before + 512, "and all of them in five, but for %ld pages",
		      (long)(after - before));
}

static void test_trim(void)
{
	static struct large *objs[250];
	unsigned long before;
	unsigned int i;

	tcslab_rcu_barrier();
	tcslab_trim();
	before = tcslab_held_pages();
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		objs[i] = tcslab_alloc(sizeof(*objs[i]), GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		tcslab_free_rcu(objs[i], rcu);
	tcslab_trim();
	context_check(tcslab_held_pages() <= before, "a trim waits for frees: %ld pages are left",
		      (long)(tcslab_held_pages() - before));
}

/* Spans of a type-safe cache. */
static void test_typed(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(4000);
	struct tcslab_cache *cache;
	static void *objs[4000];
	unsigned long before, after;
	unsigned int i;

	args.flags = TCSLAB_TYPESAFE_BY_RCU;
	tcslab_trim();
	before = tcslab_held_pages();
	cache = tcslab_cache_create("rcu-typed", &args);
	if (!context_check(!IS_ERR(cache), "a type-safe cache"))
		return;
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		if (objs[i])
			tcslab_cache_free(cache, objs[i]);
	tcslab_trim();
	after = tcslab_held_pages();
	context_check(after <= before, "a trim waits for type-safe spans: %ld pages are left",
		      (long)(after - before));
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		if (objs[i])
			tcslab_cache_free(cache, objs[i]);
	/*
	 * They were taken again right after the trim, so the heap may think that it misses them,
	 * for a period or two; and on PREEMPT_RT chunks are the scavenger's anyway.
	 */
	msleep(4000);
	after = tcslab_held_pages();
	context_check(after < before + 512,
		      "type-safe spans are back within four seconds, but for %ld pages",
		      (long)(after - before));
	context_check(!tcslab_cache_destroy(cache), "the cache is destroyed");
}

/* ------------------------------------------------- a reader that holds them back */

static struct task_struct *holder;

static int hold_readers(void *began)
{
	rcu_read_lock();
	complete(began);
	while (!kthread_should_stop())
		cpu_relax();
	rcu_read_unlock();
	return 0;
}

static void test_hold(void)
{
	DECLARE_COMPLETION_ONSTACK(began);
	unsigned int i;

	tcslab_rcu_barrier();
	holder = kthread_run(hold_readers, &began, "tcslab-reader");
	if (!context_check(!IS_ERR(holder), "a reader"))
		return;
	wait_for_completion(&began);
	for (i = 0; i < 1000; i++) {
		struct small *obj = tcslab_alloc(sizeof(*obj), GFP_KERNEL);

		if (obj)
			tcslab_free_rcu(obj, rcu);
	}
	for (i = 0; i < 100; i++) {
		struct large *obj = tcslab_alloc(sizeof(*obj), GFP_KERNEL);

		if (obj)
			tcslab_free_rcu(obj, rcu);
	}
}

/* -------------------------------------------------------------------- the flood */

/* Free pages of the machine, once in a millisecond. */
static unsigned long least_free;
static struct hrtimer sampler;

static unsigned long free_pages_now(void)
{
	return global_zone_page_state(NR_FREE_PAGES);
}

static enum hrtimer_restart sample(struct hrtimer *timer)
{
	WRITE_ONCE(least_free, min(least_free, free_pages_now()));
	hrtimer_forward_now(timer, NSEC_PER_MSEC);
	return HRTIMER_RESTART;
}

static void flood_ours(unsigned int n)
{
	while (n--) {
		unsigned int i;

		for (i = 0; i < PER_LOOP; i++) {
			struct small *obj = tcslab_alloc(sizeof(*obj), GFP_KERNEL);

			if (obj)
				tcslab_free_rcu(obj, rcu);
			else
				atomic_inc(&failed);
		}
		cond_resched();
	}
}

static void flood_kernels(unsigned int n)
{
	while (n--) {
		unsigned int i;

		for (i = 0; i < PER_LOOP; i++) {
			struct small *obj = kmalloc(sizeof(*obj), GFP_KERNEL);

			if (obj)
				kfree_rcu(obj, rcu);
			else
				atomic_inc(&failed);
		}
		cond_resched();
	}
}

/* Returns the pages that it took at most. */
static long flood(const char *name, void (*work)(unsigned int n))
{
	unsigned long before, took;
	u64 begin;

	msleep(1500);
	before = free_pages_now();
	least_free = before;
	atomic_set(&failed, 0);
	begin = ktime_get_ns();
	hrtimer_start(&sampler, NSEC_PER_MSEC, HRTIMER_MODE_REL);
	run_threads(threads, work, loops);
	hrtimer_cancel(&sampler);
	took = before - least_free;
	pr_notice(CONTEXT_PREFIX "# %s: %u x %u x %u frees, peak %lu pages, %llu ms, then %ld pages\n",
		  name, threads, loops, PER_LOOP, took,
		  (ktime_get_ns() - begin) / NSEC_PER_MSEC, (long)(before - free_pages_now()));
	context_check(!atomic_read(&failed), "%s: no allocation failed (%d)", name,
		      atomic_read(&failed));
	return took;
}

static void test_flood(void)
{
	long ours = LONG_MAX, kernels = LONG_MAX;
	unsigned int i;

	hrtimer_setup(&sampler, sample, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	/* The least of some: a host that lets a CPU wait lengthens a grace period. */
	for (i = 0; i < 3; i++) {
		kernels = min(kernels, flood("SLUB", flood_kernels));
		rcu_barrier();
		ours = min(ours, flood("tcslab", flood_ours));
	}
	/* Where the host lets CPUs wait, grace periods are of any length, for either of them. */
	kernels = max_t(long, kernels, totalram_pages() / 8);
	context_check(ours * 10 <= kernels * 11,
		      "at most 1.1 of SLUB's peak, or of an eighth of memory: %ld of %ld", ours,
		      kernels);
}

static int __init rcu_test_init(void)
{
	if (!strcmp(mode, "million"))
		test_million();
	else if (!strcmp(mode, "trim"))
		test_trim();
	else if (!strcmp(mode, "typed"))
		test_typed();
	else if (!strcmp(mode, "hold"))
		test_hold();
	else if (!strcmp(mode, "flood"))
		test_flood();
	else
		return -EINVAL;
	context_plan();
	return 0;
}

static void __exit rcu_test_exit(void)
{
	if (!IS_ERR_OR_NULL(holder))
		kthread_stop(holder);
	tcslab_rcu_barrier();
}

module_init(rcu_test_init);
module_exit(rcu_test_exit);

MODULE_DESCRIPTION("tcslab test: what waits for a grace period");
MODULE_LICENSE("GPL");
