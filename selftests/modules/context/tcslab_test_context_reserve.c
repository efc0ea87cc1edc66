// SPDX-License-Identifier: GPL-2.0
/*
 * Reserves, and the minimum of a cache: the promise is kept when the cache is exhausted,
 * in hard interrupts too, and no object has two owners however many take and give at
 * once
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>

#include "base/compat.h"
#include "context_test.h"

#define PROMISED	40
#define SCARCE		2
#define ROUNDS		(CONTEXT_CHECKED ? 2000 : 10000)
#define MAX_OBJS	4096
#define PERIOD_NS	30000

struct thing {
	unsigned long owned;
	char fill[240];
};

static struct tcslab_cache *things;
static struct tcslab_reserve *reserve;	/* or NULL: the cache's own minimum */
static void *all[MAX_OBJS];
static unsigned int nr_all;
static atomic_t doubly, served, missed, running;

static void construct(void *obj)
{
	struct thing *thing = obj;

	thing->owned = 0;
}

/* Take what the cache has, up to its limit, wherever we have been and left something. */
static void exhaust(void)
{
	bool drained = false;

	while (nr_all < MAX_OBJS) {
		void *obj = tcslab_cache_alloc(things, GFP_NOWAIT | __GFP_NOWARN);

		if (obj) {
			all[nr_all++] = obj;
			continue;
		}
		if (drained)
			break;
		tcslab_cache_shrink(things);
		drained = true;
	}
}

static void test_promise(void)
{
	struct thing *got[PROMISED];
	unsigned long flags;
	unsigned int i, n = 0;

	exhaust();
	context_check(nr_all && nr_all < MAX_OBJS, "the cache is exhausted after %u", nr_all);
	local_irq_save(flags);
	for (i = 0; i < PROMISED; i++) {
		got[i] = tcslab_reserve_alloc(reserve);
		n += !!got[i];
	}
	local_irq_restore(flags);
	context_check(n == PROMISED, "%u of %u promised objects", n, PROMISED);
	context_check(!tcslab_reserve_alloc(reserve) && !tcslab_reserve_left(reserve),
		      "and no more");
	context_check(tcslab_reserve_refill(reserve, GFP_KERNEL | __GFP_NOWARN) == -ENOMEM,
		      "nothing to refill from");
	tcslab_reserve_free(reserve, got[0]);
	context_check(tcslab_reserve_left(reserve) == 1, "what comes back is kept");
	/* What is in another CPU's array is not to be had from here. */
	migrate_disable();
	for (i = 0; i < 10; i++)
		tcslab_cache_free(things, all[--nr_all]);
	i = tcslab_reserve_refill(reserve, GFP_KERNEL | __GFP_NOWARN) == -ENOMEM;
	migrate_enable();
	context_check(i && tcslab_reserve_left(reserve) == 11, "a refill takes what there is");
	for (i = 1; i < PROMISED; i++)
		tcslab_reserve_free(reserve, got[i]);
	context_check(tcslab_reserve_left(reserve) == PROMISED, "the promise is whole again");
	exhaust();
}

static struct thing *take(void)
{
	return reserve ? tcslab_reserve_alloc(reserve) :
	       tcslab_cache_alloc(things, GFP_NOWAIT | __GFP_NOWARN);
}

static void give(struct thing *thing)
{
	if (reserve)
		tcslab_reserve_free(reserve, thing);
	else
		tcslab_cache_free(things, thing);
}

/* One object, for a while, with a mark on it. */
static void take_and_give(unsigned int pause)
{
	struct thing *thing = take();

	if (!thing) {
		atomic_inc(&missed);
		return;
	}
	if (xchg(&thing->owned, 1))
		atomic_inc(&doubly);
	atomic_inc(&served);
	while (pause--)
		cpu_relax();
	WRITE_ONCE(thing->owned, 0);
	give(thing);
}

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	ktime_t begin = ktime_get();

	take_and_give(10);
	/* The task shall have most of the time where this takes long. */
	hrtimer_forward_now(timer, PERIOD_NS + 10 * ktime_sub(ktime_get(), begin));
	return HRTIMER_RESTART;
}

static int taker(void *arg)
{
	struct hrtimer timer;
	unsigned int i;

	hrtimer_setup_on_stack(&timer, tick, CLOCK_MONOTONIC, CONTEXT_HARD_TIMER);
	hrtimer_start(&timer, ns_to_ktime(PERIOD_NS), CONTEXT_HARD_TIMER);
	for (i = 0; i < ROUNDS; i++) {
		take_and_give(get_random_u32() % 100);
		if (!(i % 64))
			cond_resched();
	}
	hrtimer_cancel(&timer);
	destroy_hrtimer_on_stack(&timer);
	atomic_dec(&running);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void crowd(unsigned int promised)
{
	struct task_struct *tasks[8];
	unsigned int i;

	atomic_set(&doubly, 0);
	atomic_set(&served, 0);
	atomic_set(&missed, 0);
	atomic_set(&running, ARRAY_SIZE(tasks));
	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		tasks[i] = kthread_create(taker, NULL, "tcslab-take/%u", i);
		if (IS_ERR(tasks[i])) {
			atomic_dec(&running);
			continue;
		}
		kthread_bind(tasks[i], i % num_online_cpus());
		wake_up_process(tasks[i]);
	}
	while (atomic_read(&running))
		msleep(20);
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
	context_check(!atomic_read(&doubly), "no object had two owners (%d had, of %d)",
		      atomic_read(&doubly), atomic_read(&served));
	context_check(promised == SCARCE || !atomic_read(&missed),
		      "nobody was sent away without need (%d were)", atomic_read(&missed));
}

/*
 * With PROMISED objects, more than are wanted at a time, nobody may be sent away.
 * With SCARCE ones everybody goes for the same slots.
 */
static void test_crowd(unsigned int promised)
{
	crowd(promised);
	context_check(tcslab_reserve_left(reserve) == promised, "%u objects are there again",
		      tcslab_reserve_left(reserve));
}

/* ------------------------------------------------------- a cache's own minimum */

struct visit {
	struct work_struct work;
	void *obj;
};

static void take_there(struct work_struct *work)
{
	container_of(work, struct visit, work)->obj = take();
}

/* What one CPU brings back must be there for all others, whatever room its array has. */
static void test_everywhere(void)
{
	struct visit visit = {};
	unsigned int lost = 0;
	int cpu;

	INIT_WORK_ONSTACK(&visit.work, take_there);
	for_each_online_cpu(cpu) {
		tcslab_cache_free(things, all[--nr_all]);
		schedule_work_on(cpu, &visit.work);
		flush_work(&visit.work);
		if (visit.obj)
			all[nr_all++] = visit.obj;
		else
			lost++;
	}
	destroy_work_on_stack(&visit.work);
	context_check(!lost, "what comes back is there for all CPUs (%u times not)", lost);
}

#define SLEEPERS	8

static atomic_t got;

static int sleep_and_take(void *arg)
{
	void **obj = arg;

	*obj = tcslab_cache_alloc(things, GFP_KERNEL | __GFP_NOWARN);
	atomic_inc(&got);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* As many sleepers as objects that come at once; true if all had one before they looked anyway. */
static bool all_are_woken(void)
{
	struct task_struct *tasks[SLEEPERS];
	void *objs[SLEEPERS] = {};
	unsigned long flags, begin;
	unsigned int i;
	bool soon;

	atomic_set(&got, 0);
	for (i = 0; i < SLEEPERS; i++) {
		tasks[i] = kthread_run(sleep_and_take, &objs[i], "tcslab-sleep/%u", i);
		if (IS_ERR(tasks[i]))
			atomic_inc(&got);
	}
	msleep(100);
	local_irq_save(flags);
	for (i = 0; i < SLEEPERS; i++)
		tcslab_cache_free(things, all[--nr_all]);
	local_irq_restore(flags);
	begin = jiffies;
	while (atomic_read(&got) < SLEEPERS)
		schedule_timeout_uninterruptible(1);
	soon = jiffies - begin < HZ / 2;
	for (i = 0; i < SLEEPERS; i++) {
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
		if (objs[i])
			all[nr_all++] = objs[i];
	}
	return soon;
}

/* Else they wait for a second; so may one on a busy host, but not every time. */
static void test_sleepers(void)
{
	unsigned int i;

	for (i = 0; i < 10; i++)
		if (all_are_woken())
			break;
	context_check(i < 10, "objects that come together wake one sleeper each");
}

static DECLARE_COMPLETION(slept);

static int sleeper(void *arg)
{
	*(void **)arg = tcslab_cache_alloc(things, GFP_KERNEL | __GFP_NOWARN);
	complete(&slept);
	return 0;
}

static void test_sleeper(void)
{
	void *obj = NULL, *objs[4];
	struct task_struct *task = kthread_run(sleeper, &obj, "tcslab-sleep");

	if (!context_check(!IS_ERR(task), "somebody who may sleep"))
		return;
	if (!context_check(!wait_for_completion_timeout(&slept, HZ / 2), "waits")) {
		all[nr_all] = obj;
		nr_all += !!obj;
		return;
	}
	tcslab_cache_free(things, all[--nr_all]);
	wait_for_completion(&slept);
	context_check(obj, "for what comes back");
	all[nr_all++] = obj;
	context_check(!tcslab_cache_alloc(things, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN) &&
		      !tcslab_cache_alloc_bulk(things, GFP_KERNEL | __GFP_NOWARN, 4, objs),
		      "nobody else does");
}

static void test_minimum(struct tcslab_cache_args args)
{
	struct tcslab_cache_stats stats;
	u64 flushes;
	unsigned int i;

	reserve = NULL;
	args.min_objects = MAX_OBJS;
	context_check(IS_ERR(tcslab_cache_create("ctx-minimum", &args)),
		      "no minimum beyond the limit");
	args.min_objects = PROMISED;
	things = tcslab_cache_create("ctx-minimum", &args);
	if (!context_check(!IS_ERR(things), "a cache with a minimum"))
		return;
	tcslab_cache_stats(things, &stats);
	context_check(stats.in_use == PROMISED, "which is in use: %lu", stats.in_use);
	exhaust();
	test_everywhere();
	test_sleeper();
	test_sleepers();
	/* The last ones to come are the minimum. */
	for (i = 0; i < PROMISED; i++)
		tcslab_cache_free(things, all[--nr_all]);
	crowd(PROMISED);
	exhaust();
	tcslab_cache_stats(things, &stats);
	context_check(nr_all == stats.spans * stats.span_objs && !stats.cpu_cached,
		      "%u of %lu objects could be had", nr_all,
		      stats.spans * stats.span_objs);
	tcslab_cache_free_bulk(things, nr_all, all);
	nr_all = 0;
	tcslab_cache_stats(things, &stats);
	flushes = stats.flushes;
	for (i = 0; i < 1000; i++) {
		all[0] = tcslab_cache_alloc(things, GFP_KERNEL);
		tcslab_cache_free(things, all[0]);
	}
	tcslab_cache_stats(things, &stats);
	context_check(stats.in_use == PROMISED && stats.flushes < flushes + 100,
		      "arrays have room again (%llu misses), %lu set aside",
		      stats.flushes - flushes, stats.in_use);
	context_check(!tcslab_cache_destroy(things), "the minimum goes with its cache");
}

/* Flags without reclaim must not lead into the kernel's allocators, who may hold locks. */
static void test_at_hand(void)
{
	void *obj;
	unsigned long held;

	tcslab_trim();	/* nothing that long is left */
	tcslab_free(tcslab_alloc(SZ_32K, GFP_KERNEL));
	held = tcslab_held_pages();
	obj = tcslab_alloc(SZ_2M, __GFP_NOWARN);
	context_check(!obj, "without reclaim there is what is at hand");
	tcslab_free(obj);
	/* On PREEMPT_RT the stock grows when it likes. */
	context_check(IS_ENABLED(CONFIG_PREEMPT_RT) || (held && tcslab_held_pages() == held),
		      "and nothing is given back: %lu of %lu",
		      tcslab_held_pages(), held);
	obj = tcslab_alloc(SZ_2M, GFP_KERNEL);
	context_check(obj, "and else what the kernel has");
	tcslab_free(obj);
}

static int __init context_reserve_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(sizeof(struct thing));

	args.limit_bytes = SZ_128K;
	args.ctor = construct;
	things = tcslab_cache_create("ctx-things", &args);
	if (IS_ERR(things))
		return PTR_ERR(things);
	context_check(IS_ERR(tcslab_reserve_create(things, 0, GFP_KERNEL)), "no reserve of none");
	context_check(IS_ERR(tcslab_reserve_create(things, MAX_OBJS, GFP_KERNEL | __GFP_NOWARN)),
		      "no reserve beyond the limit");
	test_at_hand();
	reserve = tcslab_reserve_create(things, PROMISED, GFP_KERNEL);
	if (context_check(!IS_ERR(reserve), "a reserve")) {
		context_check(tcslab_reserve_left(reserve) == PROMISED, "is full");
		test_promise();
		test_crowd(PROMISED);
		tcslab_reserve_destroy(reserve);
		reserve = tcslab_reserve_create(things, SCARCE, GFP_KERNEL);
		if (context_check(!IS_ERR(reserve), "a small reserve")) {
			exhaust();
			test_crowd(SCARCE);
			tcslab_reserve_destroy(reserve);
		}
	}
	while (nr_all)
		tcslab_cache_free(things, all[--nr_all]);
	context_check(!tcslab_cache_destroy(things), "nothing is left in the cache");
	test_minimum(args);
	context_plan();
	return 0;
}

static void __exit context_reserve_exit(void)
{
}

module_init(context_reserve_init);
module_exit(context_reserve_exit);

MODULE_DESCRIPTION("tcslab test: reserves");
MODULE_LICENSE("GPL");
