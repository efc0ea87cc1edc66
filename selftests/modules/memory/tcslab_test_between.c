// SPDX-License-Identifier: GPL-2.0
/*
 * At a cache's limit, between a free and what makes use of it
 *
 * What has been freed may wait for a grace period or be in somebody's hands; who may sleep is not
 * refused for that.  And the arrays lose their room while others use them.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define MANY	8192
#define ROUNDS	10

static void *objs[MANY];
static unsigned int nr;

/* As far as the limit goes, without waiting for anything. */
static void fill_up(struct tcslab_cache *cache)
{
	while (nr < MANY) {
		objs[nr] = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY);
		if (!objs[nr])
			break;
		nr++;
	}
}

/* ------------------------------------------------------------- grace periods */

struct thing {
	struct rcu_head rcu;
};

struct ask {
	struct work_struct work;
	struct tcslab_cache *cache;
	bool bulk;
	void *obj;
};

static void ask(struct work_struct *work)
{
	struct ask *a = container_of(work, struct ask, work);

	a->obj = NULL;
	if (a->bulk)
		tcslab_cache_alloc_bulk(a->cache, GFP_KERNEL, 1, &a->obj);
	else
		a->obj = tcslab_cache_alloc(a->cache, GFP_KERNEL);
}

/* All is freed, and nothing of it is there before a grace period is over. */
static void after_grace(const char *what, size_t size, unsigned int flags, bool by_rcu)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	unsigned int round, refused = 0, most = 0;
	struct ask a;

	args.flags = flags;
	args.limit_bytes = 16 * PAGE_SIZE;
	a.cache = tcslab_cache_create("memory-grace", &args);
	if (!context_check(!IS_ERR(a.cache), "%s", what))
		return;
	INIT_WORK_ONSTACK(&a.work, ask);
	for (round = 0; round < ROUNDS; round++) {
		fill_up(a.cache);
		most = max(most, nr);
		rcu_read_lock();
		while (nr) {
			if (by_rcu)
				tcslab_free_rcu((struct thing *)objs[--nr], rcu);
			else
				tcslab_cache_free(a.cache, objs[--nr]);
		}
		rcu_read_unlock();
		a.bulk = round % 4 == 3;
		schedule_work_on(round % 2 ? cpumask_last(cpu_online_mask) : 0, &a.work);
		flush_work(&a.work);
		refused += !a.obj;
		tcslab_cache_free(a.cache, a.obj);
		tcslab_rcu_barrier();
		tcslab_cache_shrink(a.cache);
		tcslab_rcu_barrier();
	}
	destroy_work_on_stack(&a.work);
	context_check(most && !refused, "%u of %zu bytes, all freed: refused %u of %u times",
		      most, size, refused, ROUNDS);
	context_check(!tcslab_cache_destroy(a.cache), "destroyed");
}

/* What never comes is not waited for. */
static void in_use(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(1000);
	struct tcslab_cache *cache;
	unsigned long began;
	unsigned int i, n = 0;

	args.limit_bytes = 16 * PAGE_SIZE;
	cache = tcslab_cache_create("memory-in-use", &args);
	if (!context_check(!IS_ERR(cache), "a cache of which all is in use"))
		return;
	fill_up(cache);
	began = jiffies;
	for (i = 0; i < 100; i++)
		n += !!tcslab_cache_alloc(cache, GFP_KERNEL);
	context_check(!n, "refused 100 times in %u ms", jiffies_to_msecs(jiffies - began));
	while (nr)
		tcslab_cache_free(cache, objs[--nr]);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* ------------------------------------------------------------------- in hands */

#ifdef CONFIG_KPROBES
#define HELD_US		60000000	/* at most: the guest is to tell what failed */

static struct task_struct *held;	/* who is to be kept at the door */
static bool at_door, go_on, passed;

static int hold(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned int i;

	if (current != READ_ONCE(held))
		return 0;
	WRITE_ONCE(at_door, true);
	for (i = 0; i < HELD_US && !READ_ONCE(go_on); i++)
		udelay(1);
	WRITE_ONCE(held, NULL);
	return 0;
}

/*
 * Runs @func on the second CPU up to @door, and stays there until go_on.  Who never comes by
 * there says that he has passed.
 */
static struct task_struct *keep_at(struct kprobe *door, const char *symbol,
				   int (*func)(void *data), void *data)
{
	struct task_struct *task;

	WRITE_ONCE(at_door, false);
	WRITE_ONCE(go_on, false);
	WRITE_ONCE(passed, false);
	*door = (struct kprobe){ .symbol_name = symbol, .pre_handler = hold };
	if (!context_check(!register_kprobe(door), "a probe at %s", symbol))
		return NULL;
	task = kthread_create(func, data, "tcslab-held");
	if (IS_ERR(task)) {
		unregister_kprobe(door);
		return NULL;
	}
	WRITE_ONCE(held, task);
	kthread_bind(task, 1);
	wake_up_process(task);
	while (!READ_ONCE(at_door) && !READ_ONCE(passed))
		msleep(20);
	if (context_check(READ_ONCE(at_door), "kept there"))
		return task;
	kthread_stop(task);
	unregister_kprobe(door);
	return NULL;
}

static void until_stopped(void)
{
	WRITE_ONCE(passed, true);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
}

struct asker {
	struct tcslab_cache *cache;
	void *obj;
	struct completion done;
};

static int shrink(void *data)
{
	tcslab_cache_shrink(data);
	until_stopped();
	return 0;
}

static int ask_and_wait(void *data)
{
	struct asker *asker = data;

	allow_signal(SIGKILL);
	asker->obj = tcslab_cache_alloc(asker->cache, GFP_KERNEL);
	complete(&asker->done);
	until_stopped();
	return 0;
}

/*
 * Room for one object; it has been freed, and somebody is about to give its page back.
 *
 * Nothing but a wakeup happens while that one is kept: its CPU takes no interrupt then, and who
 * makes a task may have to flush the TLB of every CPU, which would wait until it is let go.
 */
static void in_hands(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct task_struct *drainer, *task;
	struct asker asker = {};
	struct kprobe door;
	bool waits;

	args.limit_bytes = PAGE_SIZE;
	asker.cache = tcslab_cache_create("memory-hands", &args);
	if (!context_check(!IS_ERR(asker.cache), "room for one"))
		return;
	/* Into an array, from there onto the stack that the drainer empties. */
	tcslab_cache_free(asker.cache, tcslab_cache_alloc(asker.cache, GFP_KERNEL));
	init_completion(&asker.done);
	task = kthread_create(ask_and_wait, &asker, "tcslab-ask");
	if (!context_check(!IS_ERR(task), "somebody who asks"))
		return;
	kthread_bind(task, 0);
	drainer = keep_at(&door, "tcslab:tcslab_page_heap_free_all", shrink, asker.cache);
	if (!drainer) {
		kthread_stop(task);
		return;
	}
	wake_up_process(task);
	waits = context_check(!wait_for_completion_timeout(&asker.done, HZ / 2),
			      "waits for what is in another one's hands");
	WRITE_ONCE(go_on, true);
	if (waits)
		wait_for_completion(&asker.done);
	context_check(asker.obj, "and gets it");
	kthread_stop(task);
	kthread_stop(drainer);
	unregister_kprobe(&door);
	tcslab_cache_free(asker.cache, asker.obj);
	context_check(!tcslab_cache_destroy(asker.cache), "destroyed");
}

/* ------------------------------------------------------- an array without room */

#define SINGLY	100
#define AT_ONCE	200

/* Its room is taken, and the interrupt that empties it has not come yet: a bulk free. */
static void without_room(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(64);
	struct tcslab_cpu_cache *cc;
	struct task_struct *task;
	struct asker asker = {};
	unsigned long flags, i;
	struct kprobe door;
	long count, most;

	args.limit_bytes = 64 * PAGE_SIZE;
	args.flags = TCSLAB_LIMIT_WAIT;
	asker.cache = tcslab_cache_create("memory-bulk", &args);
	if (!context_check(!IS_ERR(asker.cache), "a cache to wait for"))
		return;
	fill_up(asker.cache);
	if (!context_check(nr > SINGLY + AT_ONCE, "full"))
		return;
	init_completion(&asker.done);
	task = keep_at(&door, "tcslab:tcslab_limit_wait", ask_and_wait, &asker);
	if (!task)
		return;
	migrate_disable();
	local_irq_save(flags);
	cc = this_cpu_ptr(asker.cache->cpu);
	for (i = 0; i < SINGLY; i++)
		tcslab_cache_free(asker.cache, objs[--nr]);
	count = cc->count;
	WRITE_ONCE(go_on, true);
	for (i = 0; i < 1000000000UL && READ_ONCE(cc->capacity); i++)
		cpu_relax();
	nr -= AT_ONCE;
	tcslab_cache_free_bulk(asker.cache, AT_ONCE, objs + nr);
	most = cc->count;
	local_irq_restore(flags);
	migrate_enable();
	context_check(count > 0 && most <= asker.cache->max_capacity,
		      "an array of %u objects had %ld; without room, after a bulk free: %ld",
		      asker.cache->max_capacity, count, most);
	wait_for_completion(&asker.done);
	context_check(asker.obj, "who waits is served");
	kthread_stop(task);
	unregister_kprobe(&door);
	tcslab_cache_free(asker.cache, asker.obj);
	while (nr)
		tcslab_cache_free(asker.cache, objs[--nr]);
	context_check(!tcslab_cache_destroy(asker.cache), "destroyed");
}

/* On one CPU: what is freed is to be in the array that its node's objects came to. */
static long at_doors(void *unused)
{
	in_hands();
	without_room();
	return 0;
}
#else
static long at_doors(void *unused)
{
	return 0;
}
#endif

static int __init between_init(void)
{
	after_grace("freed by RCU", 2000, 0, true);
	after_grace("type-safe, small", 64, TCSLAB_TYPESAFE_BY_RCU, false);
	after_grace("type-safe, of several pages", 9000, TCSLAB_TYPESAFE_BY_RCU, false);
	after_grace("type-safe, large", 20000, TCSLAB_TYPESAFE_BY_RCU, false);
	in_use();
	if (num_online_cpus() > 1)
		work_on_cpu(0, at_doors, NULL);
	context_plan();
	return 0;
}

static void __exit between_exit(void)
{
}

module_init(between_init);
module_exit(between_exit);

MODULE_DESCRIPTION("tcslab test: between a free and its use at a limit");
MODULE_LICENSE("GPL");
