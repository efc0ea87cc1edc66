// SPDX-License-Identifier: GPL-2.0
/* Waiting at a cache's limit for a free object, and passing it on */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>

#include "base/compat.h"
#include "context_test.h"

#define ALL		4
#define STANDSTILL	(20 * HZ)	/* a busy host takes its time */

struct waiter {
	struct tcslab_cache *cache;
	void *obj;
	struct completion begun;
	struct completion done;
};

static int wait_for_one(void *data)
{
	struct waiter *w = data;

	allow_signal(SIGKILL);
	complete(&w->begun);
	w->obj = tcslab_cache_alloc(w->cache, GFP_KERNEL);
	complete(&w->done);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

static struct task_struct *start_waiter(struct waiter *w, struct tcslab_cache *cache)
{
	struct task_struct *task;

	w->cache = cache;
	init_completion(&w->begun);
	init_completion(&w->done);
	task = kthread_run(wait_for_one, w, "wait_for_one");
	if (!IS_ERR(task))
		wait_for_completion(&w->begun);
	return task;
}

/* If nobody wakes him we do, so that the test comes to its end. */
static bool ends(struct waiter *w, struct task_struct *task)
{
	if (wait_for_completion_timeout(&w->done, STANDSTILL))
		return true;
	send_sig(SIGKILL, task, 1);
	wait_for_completion(&w->done);
	return false;
}

/* Who looks by himself switches as often as he looks. */
static void stays_asleep(struct task_struct *task)
{
	unsigned long before = READ_ONCE(task->nvcsw), woken;

	msleep(1000);
	woken = READ_ONCE(task->nvcsw) - before;
	context_check(woken < 5, "who waits sleeps while nothing comes: woken %lu times", woken);
}

static void waiting(unsigned int min_objects)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct tcslab_cache *cache;
	struct task_struct *task;
	void *objs[ALL];
	struct waiter w;
	int i, n = 0;

	args.limit_bytes = ALL * PAGE_SIZE;
	args.flags = TCSLAB_LIMIT_WAIT;
	args.min_objects = min_objects;
	cache = tcslab_cache_create("memory-wait", &args);
	if (!context_check(!IS_ERR(cache), "a cache to wait for, %u promised", min_objects))
		return;
	for (i = 0; i < ALL; i++) {
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
		n += !!objs[i];
	}
	context_check(n == ALL, "%d objects", n);
	context_check(!tcslab_cache_alloc(cache, GFP_ATOMIC), "who may not sleep is refused");

	task = start_waiter(&w, cache);
	if (!context_check(!IS_ERR(task), "a thread"))
		return;
	msleep(200);
	stays_asleep(task);
	for (i = 0; i < 100; i++) {
		wake_up_process(task);
		usleep_range(500, 1000);
	}
	context_check(!completion_done(&w.done), "who may sleep waits, whoever wakes him");
	tcslab_cache_free(cache, objs[0]);
	context_check(ends(&w, task) && w.obj, "until there is an object");
	kthread_stop(task);
	objs[0] = w.obj;

	task = start_waiter(&w, cache);
	if (!context_check(!IS_ERR(task), "another thread"))
		return;
	msleep(50);
	send_sig(SIGKILL, task, 1);
	context_check(ends(&w, task) && !w.obj, "or it is killed");
	kthread_stop(task);
	for (i = 0; i < ALL; i++)
		tcslab_cache_free(cache, objs[i]);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* ------------------------------------------------------------- passing it on */

/*
 * There is room for one object, and many wait for it.  Who gets it has it freed in one of
 * these ways; if a wake-up is lost, nobody ever moves again.
 */
enum way {
	BY_TASK,		/* on another CPU, an isolated one among them */
	BY_IRQ,
	BY_RCU,
	BY_BULK,
	BY_ITSELF,
	NR_WAYS,
};

static const char * const way_names[] = { "tasks", "interrupts", "RCU", "in bulk", "themselves" };

#define PASSERS		6
#define PASSES		(CONTEXT_CHECKED ? 200 : 1000)

struct passed {
	struct rcu_head rcu;
};

/* Frees what it is given, in a hard interrupt. */
struct freer {
	struct hrtimer timer;
	void *obj;
};

static struct tcslab_cache *one;
static struct freer freers[PASSERS];
static atomic_t passes, passing;
static bool pass_gfp_node;

static enum hrtimer_restart free_in_irq(struct hrtimer *timer)
{
	tcslab_cache_free(one, container_of(timer, struct freer, timer)->obj);
	return HRTIMER_NORESTART;
}

/* It has something to free. */
static void wait_for_timer(struct freer *freer)
{
	while (hrtimer_active(&freer->timer))
		schedule_timeout_uninterruptible(1);
}

static long free_there(void *obj)
{
	tcslab_cache_free(one, obj);
	return 0;
}

static unsigned int other_cpu(void)
{
	unsigned int cpu = cpumask_next(raw_smp_processor_id(), cpu_online_mask);

	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

static void pass_on(struct freer *freer, struct passed *obj, enum way way)
{
	void *objs[1] = { obj };

	switch (way) {
	case BY_TASK:
		work_on_cpu(other_cpu(), free_there, obj);
		break;
	case BY_IRQ:
		wait_for_timer(freer);
		freer->obj = obj;
		hrtimer_start(&freer->timer, ns_to_ktime(20000), CONTEXT_HARD_TIMER);
		break;
	case BY_RCU:
		tcslab_free_rcu(obj, rcu);
		break;
	case BY_BULK:
		tcslab_cache_free_bulk(one, 1, objs);
		break;
	default:
		tcslab_cache_free(one, obj);
	}
}

static enum way next_way;	/* NR_WAYS: all of them by turns */
static int nr_passes;

static int passer(void *data)
{
	struct freer *freer = data;
	struct passed *obj;
	unsigned int n;

	allow_signal(SIGKILL);
	hrtimer_setup(&freer->timer, free_in_irq, CLOCK_MONOTONIC, CONTEXT_HARD_TIMER);
	while ((n = atomic_inc_return(&passes)) <= nr_passes) {
		gfp_t gfp = GFP_KERNEL | (pass_gfp_node && n % 2 ? __GFP_THISNODE : 0);

		obj = tcslab_cache_alloc(one, gfp);
		if (!obj)
			break;	/* killed */
		pass_on(freer, obj, next_way == NR_WAYS ? n % NR_WAYS : next_way);
	}
	wait_for_timer(freer);
	atomic_dec(&passing);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

/* True if all of them came to their end. */
static bool pass_all(void)
{
	struct task_struct *tasks[PASSERS];
	unsigned long since = jiffies;
	int i, last = 0, now;
	bool stuck = false;

	atomic_set(&passes, 0);
	atomic_set(&passing, PASSERS);
	for (i = 0; i < PASSERS; i++) {
		tasks[i] = kthread_create(passer, &freers[i], "pass/%d", i);
		if (IS_ERR(tasks[i])) {
			atomic_dec(&passing);
			continue;
		}
		kthread_bind(tasks[i], cpumask_nth(i % num_online_cpus(), cpu_online_mask));
		wake_up_process(tasks[i]);
	}
	while (atomic_read(&passing)) {
		now = atomic_read(&passes);
		if (now != last)
			since = jiffies;
		last = now;
		if (jiffies - since > STANDSTILL && !stuck) {
			stuck = true;
			for (i = 0; i < PASSERS; i++)
				if (!IS_ERR(tasks[i]))
					send_sig(SIGKILL, tasks[i], 1);
		}
		msleep(20);
	}
	for (i = 0; i < PASSERS; i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
	return !stuck;
}

static void passing_on(size_t size)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache_stats stats;
	unsigned long begin;

	args.limit_bytes = PAGE_SIZE;
	args.flags = TCSLAB_LIMIT_WAIT;
	one = tcslab_cache_create("memory-pass", &args);
	if (!context_check(!IS_ERR(one), "room for %zu, for %d who wait", PAGE_SIZE / size,
			   PASSERS))
		return;
	for (next_way = BY_TASK; next_way <= NR_WAYS; next_way++) {
		pass_gfp_node = next_way == NR_WAYS;
		/* A grace period takes its time. */
		nr_passes = next_way == BY_RCU || next_way == NR_WAYS ? PASSES / 10 : PASSES;
		begin = jiffies;
		context_check(pass_all(), "freed by %s, it comes to the next",
			      next_way < NR_WAYS ? way_names[next_way] : "any");
		pr_notice(CONTEXT_PREFIX "# %u ms for %d\n", jiffies_to_msecs(jiffies - begin),
			  nr_passes);
	}
	tcslab_rcu_barrier();
	tcslab_cache_stats(one, &stats);
	context_check(!stats.in_use && !stats.limit_refusals && !stats.limit_overruns,
		      "nobody was refused: %lu", stats.limit_refusals);
	context_check(!tcslab_cache_destroy(one), "destroyed");
}

static int __init limit_wait_init(void)
{
	waiting(0);
	waiting(1);
	passing_on(PAGE_SIZE);
	passing_on(PAGE_SIZE / 2);
	context_plan();
	return 0;
}

static void __exit limit_wait_exit(void)
{
}

module_init(limit_wait_init);
module_exit(limit_wait_exit);

MODULE_DESCRIPTION("tcslab test: waiting at a limit");
MODULE_LICENSE("GPL");
