// SPDX-License-Identifier: GPL-2.0
/*
 * A load for a storm of CPUs that go and come: is every object still what it was
 *
 * Threads that run anywhere put objects into shared places, and free what they find
 * there, which most often is another thread's, allocated on another CPU.  Each object
 * says at both ends where it is and how long.  The load runs from init to exit.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define PLACES		4096
#define MAX_SIZE	8192
#define MAX_THREADS	16

/* Its last word, wherever that is, is the same as @mark. */
struct stormy {
	unsigned long mark;
	unsigned long size;
};

static struct stormy *places[PLACES];
static struct task_struct *threads[MAX_THREADS];
static atomic_long_t nr_objects, nr_wrong, nr_failed;

static unsigned long *last_word(struct stormy *obj)
{
	return (void *)obj + round_down(obj->size, sizeof(long)) - sizeof(long);
}

static struct stormy *make(u32 random)
{
	size_t size = sizeof(struct stormy) + sizeof(long) +
		      (random % MAX_SIZE >> random / MAX_SIZE % 8);
	struct stormy *obj = tcslab_alloc(size, random & BIT(31) ? GFP_KERNEL :
					  GFP_NOWAIT | __GFP_NOWARN);

	if (!obj) {
		atomic_long_inc(&nr_failed);
		return NULL;
	}
	obj->size = size;
	obj->mark = ~(unsigned long)obj;
	*last_word(obj) = obj->mark;
	return obj;
}

static void check_and_free(struct stormy *obj)
{
	if (!obj)
		return;
	if (obj->mark != ~(unsigned long)obj || obj->size > 2 * MAX_SIZE ||
	    *last_word(obj) != obj->mark)
		atomic_long_inc(&nr_wrong);
	obj->mark = 0;
	tcslab_free(obj);
}

static int blow(void *seed)
{
	struct rnd_state rnd;
	unsigned long n = 0;

	prandom_seed_state(&rnd, (unsigned long)seed);
	while (!kthread_should_stop()) {
		u32 random = prandom_u32_state(&rnd);

		check_and_free(xchg(&places[prandom_u32_state(&rnd) % PLACES], make(random)));
		if (++n % 256 == 0)
			cond_resched();
	}
	atomic_long_add(n, &nr_objects);
	return 0;
}

static void stop(void)
{
	int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (!IS_ERR_OR_NULL(threads[i]))
			kthread_stop(threads[i]);
	for (i = 0; i < PLACES; i++)
		check_and_free(places[i]);
}

static int __init storm_init(void)
{
	unsigned int i, n = min_t(unsigned int, num_online_cpus(), MAX_THREADS);

	for (i = 0; i < n; i++) {
		threads[i] = kthread_run(blow, (void *)(i + 1UL), "storm/%u", i);
		if (IS_ERR(threads[i])) {
			stop();
			return PTR_ERR(threads[i]);
		}
	}
	return 0;
}

static void __exit storm_exit(void)
{
	stop();
	context_check(atomic_long_read(&nr_objects), "%ld objects, %ld refused",
		      atomic_long_read(&nr_objects), atomic_long_read(&nr_failed));
	context_check(!atomic_long_read(&nr_wrong), "%ld were not what they had been",
		      atomic_long_read(&nr_wrong));
}

module_init(storm_init);
module_exit(storm_exit);

MODULE_DESCRIPTION("tcslab test: objects while CPUs go and come");
MODULE_LICENSE("GPL");
