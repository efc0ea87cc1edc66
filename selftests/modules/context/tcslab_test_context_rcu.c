// SPDX-License-Identifier: GPL-2.0
/*
 * Frees after a grace period, and type-safe caches
 *
 * Writers replace what readers are looking at; a third kind of thread takes free
 * memory and scribbles on it, so that an object that is freed too early does not
 * stay as it was.  With the parameter `early` the writers do just that, and the test
 * has to fail.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/timer.h>
#include <linux/tracepoint.h>

#include <linux/tcslab.h>

#include "context_test.h"

static bool early;
module_param(early, bool, 0400);
MODULE_PARM_DESC(early, "free at once and without type safety: the test must fail");

#define SLOTS		64
#define ROUNDS		(CONTEXT_CHECKED ? 4000 : 20000)
#define MAGIC		0x51abc0deUL

struct item {
	unsigned long first;
	struct rcu_head rcu;
	unsigned long fill[20];
	unsigned long last;	/* equal to @first in an object that is whole */
};

static struct item __rcu *slots[SLOTS];
static struct tcslab_cache *items;
static atomic_t torn, running, looks;
static bool stop;

static unsigned int pick(unsigned int n)
{
	return get_random_u32() % n;
}

/* ---------------------------------------------------------------- threads */

static int finish(void)
{
	atomic_dec(&running);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static int writer(void *arg)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		struct item *new = tcslab_cache_alloc(items, GFP_KERNEL), *old;

		if (new) {
			new->first = MAGIC + i;
			new->last = MAGIC + i;
		}
		old = (struct item *)xchg((__force struct item **)&slots[pick(SLOTS)], new);
		if (early)
			tcslab_free(old);
		else if (i % 1024)
			tcslab_free_rcu(old, rcu);
		else
			tcslab_free_rcu_mightsleep(old);
		if (!(i % 256))
			cond_resched();
	}
	return finish();
}

static int reader(void *arg)
{
	while (!READ_ONCE(stop)) {
		unsigned int i;

		rcu_read_lock();
		for (i = 0; i < SLOTS; i++) {
			struct item *item = rcu_dereference(slots[i]);
			unsigned long first;

			if (!item)
				continue;
			atomic_inc(&looks);
			first = READ_ONCE(item->first);
			/* Time for a writer to free it and for somebody to get it. */
			udelay(i == 0 ? 50 : 1);
			if (READ_ONCE(item->last) != first || first < MAGIC ||
			    first > MAGIC + ROUNDS)
				atomic_inc(&torn);
		}
		rcu_read_unlock();
		cond_resched();
	}
	return finish();
}

/* Takes objects of the same cache, and pages, and leaves nothing as it was. */
static int scribbler(void *arg)
{
	void *held[32];
	unsigned int i;

	while (!READ_ONCE(stop)) {
		for (i = 0; i < ARRAY_SIZE(held); i++) {
			held[i] = i % 2 ? tcslab_alloc(PAGE_SIZE, GFP_KERNEL) :
				  items ? tcslab_cache_alloc(items, GFP_KERNEL) : NULL;
			if (held[i])
				memset(held[i], 0x5a, i % 2 ? PAGE_SIZE : sizeof(struct item));
		}
		for (i = 0; i < ARRAY_SIZE(held); i++)
			tcslab_free(held[i]);
		cond_resched();
	}
	return finish();
}

static void storm(int (*work)(void *), int (*look)(void *))
{
	int (*threads[])(void *) = { work, work, look, scribbler };
	struct task_struct *tasks[ARRAY_SIZE(threads)];
	unsigned int i;

	WRITE_ONCE(stop, false);
	atomic_set(&torn, 0);
	atomic_set(&looks, 0);
	atomic_set(&running, ARRAY_SIZE(threads));
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		tasks[i] = kthread_run(threads[i], NULL, "tcslab-rcu/%u", i);
		if (IS_ERR(tasks[i]))
			atomic_dec(&running);
	}
	while (atomic_read(&running) > 2)	/* the other two wait for us */
		msleep(20);
	WRITE_ONCE(stop, true);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
}

/* -------------------------------------------------------------- deferred frees */

static unsigned long in_use(struct tcslab_cache *cache)
{
	struct tcslab_cache_stats stats;

	tcslab_cache_stats(cache, &stats);
	return stats.in_use;
}

static void test_storm(void)
{
	unsigned int i;

	storm(writer, reader);
	context_check(!atomic_read(&torn) && atomic_read(&looks),
		      "no reader saw a freed object (%d of %d did)", atomic_read(&torn),
		      atomic_read(&looks));
	for (i = 0; i < SLOTS; i++)
		tcslab_free_rcu(rcu_dereference_raw(slots[i]), rcu);
	tcslab_rcu_barrier();
	context_check(!in_use(items), "the barrier waited for all (%lu left)", in_use(items));
}

/* A large object and an rcu_head that is not at its start. */
struct large {
	char before[4000];
	struct rcu_head rcu;
	char after[100000];
};

#ifdef CONFIG_KRETPROBES
static int refused, nr_kept;

/* The allocator has no memory: what it got, if anything, is kept from the caller. */
static void *kept[256];

static int no_memory(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	void *obj = (void *)regs_return_value(regs);

	if (obj && nr_kept == (int)ARRAY_SIZE(kept))
		return 0;
	refused++;
	if (obj) {
		kept[nr_kept++] = obj;
		regs_set_return_value(regs, 0);
	}
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "tcslab_alloc_slow",
	.handler = no_memory,
};

static void test_no_memory(void)
{
	struct large *large[8];
	struct item *item[64];
	unsigned int i, round;

	for (round = 0; round < 8; round++) {
		for (i = 0; i < ARRAY_SIZE(item); i++)
			item[i] = tcslab_cache_alloc(items, GFP_KERNEL);
		large[round] = tcslab_alloc(sizeof(*large[round]), GFP_KERNEL);
		tcslab_rcu_barrier();
		tcslab_trim();	/* the next bundle has to be asked for */
		if (register_kretprobe(&probe)) {
			context_check(false, "a probe of the slow path");
			return;
		}
		tcslab_free_rcu(large[round], rcu);
		for (i = 0; i < ARRAY_SIZE(item); i++)
			tcslab_free_rcu(item[i], rcu);
		unregister_kretprobe(&probe);
		probe.kp.addr = NULL;
		probe.kp.flags = 0;
	}
	context_check(refused >= 8, "bundles were refused: %d times", refused);
	tcslab_rcu_barrier();
	context_check(!in_use(items), "frees without a bundle were done (%lu left)",
		      in_use(items));
	while (nr_kept)
		tcslab_free(kept[--nr_kept]);
}
#else
static void test_no_memory(void)
{
	context_check(true, "frees without a bundle # SKIP no kretprobes");
}
#endif

#ifdef CONFIG_TRACEPOINTS
/* A tracer inside of the timer code, whose lock is held: nothing may set a timer there. */
static struct item *to_free;
static struct task_struct *starter;

/* The rest of what the tracepoint says differs between kernels, and is not looked at. */
static void timer_starts(void *unused, struct timer_list *timer)
{
	struct item *item = to_free;

	if (current != starter || in_interrupt() || !item)
		return;
	to_free = NULL;
	tcslab_free_rcu(item, rcu);
}

static void find_timer_start(struct tracepoint *point, void *found)
{
	if (!strcmp(point->name, "timer_start"))
		*(struct tracepoint **)found = point;
}

static void test_timer_lock(void)
{
	struct tracepoint *point = NULL;
	unsigned int i;

	for_each_kernel_tracepoint(find_timer_start, &point);
	starter = current;
	if (!context_check(point && !tracepoint_probe_register(point, timer_starts, NULL),
			   "a tracer of timers"))
		return;
	for (i = 0; i < 10; i++) {
		msleep(100);	/* the first of a bundle wants a timer, if none is set */
		to_free = tcslab_cache_alloc(items, GFP_KERNEL);
		schedule_timeout_uninterruptible(1);
	}
	tracepoint_probe_unregister(point, timer_starts, NULL);
	tracepoint_synchronize_unregister();
	tcslab_rcu_barrier();
	context_check(!to_free && !in_use(items),
		      "frees inside of the timer code were done (%lu left)", in_use(items));
}
#else
static void test_timer_lock(void)
{
	context_check(true, "frees inside of the timer code # SKIP no tracepoints");
}
#endif

#if defined(CONFIG_KPROBES) && defined(CONFIG_HOTPLUG_CPU)
/* A CPU that goes, when it has run its irq_work for the last time. */
static struct item *last_wish;

static int cpu_dies(struct kprobe *p, struct pt_regs *regs)
{
	struct item *item = xchg(&last_wish, NULL);

	if (item)
		tcslab_free_rcu(item, rcu);
	return 0;
}

static void test_dying_cpu(void)
{
	struct kprobe probe = { .symbol_name = "sched_cpu_dying", .pre_handler = cpu_dies };
	int cpu = cpumask_last(cpu_online_mask);

	if (!cpu || register_kprobe(&probe)) {
		context_check(true, "frees of a CPU that goes # SKIP one CPU, or no probe there");
		return;
	}
	last_wish = tcslab_cache_alloc(items, GFP_KERNEL);
	if (context_check(last_wish && !remove_cpu(cpu), "a CPU goes")) {
		tcslab_rcu_barrier();
		context_check(!last_wish && !in_use(items),
			      "what it freed at the very end was done (%lu left)", in_use(items));
		add_cpu(cpu);
	}
	unregister_kprobe(&probe);
}
#else
static void test_dying_cpu(void)
{
	context_check(true, "frees of a CPU that goes # SKIP no kprobes, or no hotplug");
}
#endif

/* Destroying waits for frees that have not been done yet. */
static void test_destroy(void)
{
	struct item *item;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		item = tcslab_cache_alloc(items, GFP_KERNEL);
		if (item)
			tcslab_free_rcu(item, rcu);
	}
	context_check(!tcslab_cache_destroy(items), "destroying waits for the frees");
	items = NULL;
}

/* ------------------------------------------------------------------- type-safe */

struct typed {
	unsigned long type;	/* set by the constructor, never changed */
	unsigned long user;	/* changes with the owner */
	char fill[1000];
};

static struct tcslab_cache *typed;
static struct typed *seen[SLOTS];	/* live, free or recycled: all may be looked at */

static void construct(void *obj)
{
	((struct typed *)obj)->type = MAGIC;
}

static int recycler(void *arg)
{
	struct typed *held[64];
	void *large[8];
	unsigned int i, round, wait;
	int before;

	/* Until readers have seen something. */
	for (round = 0; round < 200 || (round < 4000 && atomic_read(&looks) < 150); round++) {
		for (i = 0; i < ARRAY_SIZE(held); i++) {
			held[i] = tcslab_cache_alloc(typed, GFP_KERNEL);
			if (!held[i])
				continue;
			WRITE_ONCE(held[i]->user, round);
			WRITE_ONCE(seen[i % SLOTS], held[i]);
		}
		/* Somebody should find them, and may have to wait for a processor. */
		before = atomic_read(&looks);
		for (wait = 0; !wait || (wait < 20 && atomic_read(&looks) == before); wait++)
			usleep_range(1000, 2000);
		for (i = 0; i < ARRAY_SIZE(held); i++) {
			/* Nobody may find it from here on; who has it may look. */
			cmpxchg(&seen[i % SLOTS], held[i], NULL);
			tcslab_cache_free(typed, held[i]);
		}
		/* The spans leave, and come back as something else. */
		tcslab_cache_shrink(typed);
		for (i = 0; i < ARRAY_SIZE(large); i++) {
			large[i] = tcslab_alloc(SZ_64K, GFP_KERNEL);
			if (large[i])
				memset(large[i], 0x5a, SZ_64K);
		}
		for (i = 0; i < ARRAY_SIZE(large); i++)
			tcslab_free(large[i]);
		cond_resched();
	}
	return finish();
}

static int walker(void *arg)
{
	while (!READ_ONCE(stop)) {
		unsigned int i;

		for (i = 0; i < SLOTS; i++) {
			struct typed *obj;
			bool whole = true;
			u64 begin;

			rcu_read_lock();
			obj = READ_ONCE(seen[i]);
			if (obj) {
				atomic_inc(&looks);
				/*
				 * Some rounds of the others: it may well come back.  No udelay(),
				 * at which a CPU that takes turns with others ends its turn.
				 */
				begin = ktime_get_ns();
				while (whole && ktime_get_ns() - begin < 3 * NSEC_PER_MSEC)
					whole = READ_ONCE(obj->type) == MAGIC;
				if (!whole)
					atomic_inc(&torn);
			}
			rcu_read_unlock();
		}
		cond_resched();
	}
	return finish();
}

static void test_typesafe(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(sizeof(struct typed));
	struct tcslab_cache_stats stats;

	args.ctor = construct;
	args.flags = early ? 0 : TCSLAB_TYPESAFE_BY_RCU;
	typed = tcslab_cache_create("ctx-typed", &args);
	if (!context_check(!IS_ERR(typed), "a type-safe cache"))
		return;
	storm(recycler, walker);
	context_check(!atomic_read(&torn), "what readers found was still an object (%d were not)",
		      atomic_read(&torn));
	tcslab_cache_stats(typed, &stats);
	context_check(stats.refills > 400 && atomic_read(&looks) > 100,
		      "and was recycled: %llu refills, %d looks", stats.refills,
		      atomic_read(&looks));
	context_check(!tcslab_cache_destroy(typed), "its cache can be destroyed at once");
}

static int __init context_rcu_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(sizeof(struct item));

	items = tcslab_cache_create("ctx-items", &args);
	if (context_check(!IS_ERR(items), "a cache")) {
		test_storm();
		test_no_memory();
		test_timer_lock();
		test_dying_cpu();
		test_destroy();
	}
	test_typesafe();
	context_plan();
	return 0;
}

static void __exit context_rcu_exit(void)
{
}

module_init(context_rcu_init);
module_exit(context_rcu_exit);

MODULE_DESCRIPTION("tcslab test: frees after a grace period");
MODULE_LICENSE("GPL");
