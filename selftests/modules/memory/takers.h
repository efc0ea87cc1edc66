/* SPDX-License-Identifier: GPL-2.0 */
/* Threads that take objects until they are refused: no way past a limit by concurrency. */
#ifndef TAKERS_H
#define TAKERS_H

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <linux/tcslab.h>

#include "context_test.h"

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

#endif /* TAKERS_H */
