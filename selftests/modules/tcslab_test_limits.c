// SPDX-License-Identifier: GPL-2.0
/* Limits: no way past them by concurrency, and waiting for a free object */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>
#include "context_test.h"

static unsigned int hard_mib;
module_param(hard_mib, uint, 0444);
MODULE_PARM_DESC(hard_mib, "the limit of all caches is set, to so many MiB: only try that");

static unsigned int grow_pages;
module_param(grow_pages, uint, 0444);
MODULE_PARM_DESC(grow_pages, "only grow for seconds: at most so many pages may be held then");

/* An object keeps the next one, so that nothing else has to be allocated. */
struct chained {
	struct chained *next;
};

/**
 * struct taker - a thread that takes what it can
 * @cache: from here, or NULL for general ones
 * @size: of those
 * @taken: the objects
 * @nr: their number
 * @done: it was refused
 */
struct taker {
	struct tcslab_cache *cache;
	size_t size;
	struct chained *taken;
	unsigned long nr;
	struct completion done;
};

static struct chained *take_one(const struct taker *t)
{
	return t->cache ? tcslab_cache_alloc(t->cache, GFP_KERNEL) :
			  tcslab_alloc(t->size, GFP_KERNEL);
}

static int take(void *data)
{
	struct taker *t = data;
	struct chained *obj;

	while ((obj = take_one(t))) {
		obj->next = t->taken;
		t->taken = obj;
		t->nr++;
		if (t->nr % 64 == 0)
			cond_resched();
	}
	complete(&t->done);
	return 0;
}

static void give_back(struct taker *t)
{
	struct chained *obj;

	while ((obj = t->taken)) {
		t->taken = obj->next;
		tcslab_free(obj);
	}
}

static unsigned long held_bytes(struct tcslab_cache *cache)
{
	struct tcslab_cache_stats stats;

	if (!cache)
		return tcslab_held_pages() << PAGE_SHIFT;
	tcslab_cache_stats(cache, &stats);
	return stats.held_bytes;
}

/* All CPUs take until all are refused, while we look; returns the objects taken. */
static unsigned long take_all(struct tcslab_cache *cache, const size_t *sizes,
			      unsigned int nr_sizes, unsigned long limit)
{
	unsigned int n = num_online_cpus() * 2, i, cpu = cpumask_first(cpu_online_mask);
	struct taker *takers = kcalloc(n, sizeof(*takers), GFP_KERNEL);
	unsigned long above = 0, taken = 0;

	if (!context_check(takers, "%u threads", n))
		return 0;
	for (i = 0; i < n; i++) {
		struct task_struct *task;

		takers[i].cache = cache;
		takers[i].size = sizes ? sizes[i % nr_sizes] : 0;
		init_completion(&takers[i].done);
		task = kthread_create(take, &takers[i], "take/%u", i);
		if (IS_ERR(task)) {
			complete(&takers[i].done);
			continue;
		}
		kthread_bind(task, cpu);
		wake_up_process(task);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
	for (i = 0; i < n; i++) {
		while (!try_wait_for_completion(&takers[i].done)) {
			above += held_bytes(cache) > limit;
			usleep_range(100, 200);
		}
		taken += takers[i].nr;
	}
	above += held_bytes(cache) > limit;
	context_check(!above, "never more than %lu bytes: %lu times more", limit, above);
	for (i = 0; i < n; i++)
		give_back(&takers[i]);
	kfree(takers);
	return taken;
}

static void cache_limit(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(1000);
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;
	unsigned long taken;

	args.limit_bytes = SZ_2M;
	cache = tcslab_cache_create("memory-limit", &args);
	if (!context_check(!IS_ERR(cache), "a cache with a limit"))
		return;
	taken = take_all(cache, NULL, 0, args.limit_bytes);
	/* Arrays of CPUs keep a few from the others; no page of the limit is unused. */
	context_check(taken * 1000 > args.limit_bytes * 9 / 10, "%lu objects came out", taken);
	tcslab_cache_stats(cache, &stats);
	context_check(stats.limit_refusals >= num_online_cpus(), "%lu refusals counted",
		      stats.limit_refusals);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* ----------------------------------------------------------------- waiting */

#define ALL	4

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

static void waiting(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct tcslab_cache *cache;
	struct task_struct *task;
	void *objs[ALL];
	struct waiter w;
	int i, n = 0;

	args.limit_bytes = ALL * PAGE_SIZE;
	args.flags = TCSLAB_LIMIT_WAIT;
	cache = tcslab_cache_create("memory-wait", &args);
	if (!context_check(!IS_ERR(cache), "a cache to wait for"))
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
	for (i = 0; i < 100; i++) {
		wake_up_process(task);
		usleep_range(500, 1000);
	}
	context_check(!completion_done(&w.done), "who may sleep waits, whoever wakes him");
	tcslab_cache_free(cache, objs[0]);
	wait_for_completion(&w.done);
	context_check(w.obj, "until there is an object");
	kthread_stop(task);
	objs[0] = w.obj;

	task = start_waiter(&w, cache);
	if (!context_check(!IS_ERR(task), "another thread"))
		return;
	msleep(50);
	send_sig(SIGKILL, task, 1);
	wait_for_completion(&w.done);
	context_check(!w.obj, "or it is killed");
	kthread_stop(task);
	for (i = 0; i < ALL; i++)
		tcslab_cache_free(cache, objs[i]);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

static void *filling;

static unsigned long fill_up(void)
{
	unsigned long n = 0;
	void *obj;

	while ((obj = tcslab_alloc(SZ_32K, GFP_NOWAIT | __GFP_NOWARN))) {
		*(void **)obj = filling;
		filling = obj;
		n++;
	}
	return n;
}

static void let_go(struct work_struct *work)
{
	void *obj;

	while ((obj = filling)) {
		filling = *(void **)obj;
		tcslab_free(obj);
	}
}

static DECLARE_DELAYED_WORK(let_go_later, let_go);

/* Who cannot be refused: what another zone has free has to go, or he waits for others. */
static void no_fail(void)
{
	unsigned long n;
	void *obj, *other;

	tcslab_free(tcslab_alloc(SZ_32K, GFP_KERNEL | GFP_DMA32));
	n = fill_up();
	obj = tcslab_alloc(PAGE_SIZE * 2, GFP_KERNEL | __GFP_NOFAIL);
	context_check(obj && n, "without fail, at the limit, after %lu objects", n);
	fill_up();
	schedule_delayed_work(&let_go_later, HZ / 2);
	other = tcslab_alloc(SZ_32K, GFP_KERNEL | __GFP_NOFAIL);
	context_check(other, "without fail, where nothing is free for a while");
	flush_delayed_work(&let_go_later);
	tcslab_free(other);
	tcslab_free(obj);
}

/* Who loads us has set the limit. */
static void hard_limit(void)
{
	static const size_t sizes[] = { 40, 3000, 20000, 300000 };
	unsigned long limit = (unsigned long)hard_mib << 20, taken;

	taken = take_all(NULL, sizes, ARRAY_SIZE(sizes), limit);
	context_check(taken, "%lu objects came out", taken);
	tcslab_trim();
	no_fail();
	tcslab_trim();
	context_check(tcslab_held_pages() == 0, "%lu pages are held afterwards",
		      tcslab_held_pages());
}

/*
 * A load that takes a chunk more often than the scavenger comes, from a zone that has none
 * free, so that each is asked of the kernel.
 */
static void grow(void)
{
	static void *objs[64];
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(objs); i++) {
		objs[i] = tcslab_alloc(SZ_32K, GFP_KERNEL | GFP_DMA32);
		n += !!objs[i];
		msleep(50);
	}
	pr_notice(CONTEXT_PREFIX "# %lu pages are held after growing\n", tcslab_held_pages());
	context_check(n == i && tcslab_held_pages() <= grow_pages,
		      "what was free has gone meanwhile");
	tcslab_free_bulk(i, objs);
}

static int __init limits_init(void)
{
	if (grow_pages) {
		grow();
	} else if (hard_mib) {
		hard_limit();
	} else {
		cache_limit();
		waiting();
	}
	context_plan();
	return 0;
}

static void __exit limits_exit(void)
{
}

module_init(limits_init);
module_exit(limits_exit);

MODULE_DESCRIPTION("tcslab test: limits");
MODULE_LICENSE("GPL");
