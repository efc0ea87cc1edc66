// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmarks on several CPUs; see tcslab_bench.h
 *
 * A thread bound to each CPU runs its part; all begin together.  What counts is the
 * time within allocator calls, waiting for each other is not measured, so a figure
 * means something on a machine whose CPUs come and go.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "tcslab_bench.h"
#include "tcslab_bench_calls.h"

#define MAX_CPUS	8
#define OBJS_EACH	(BENCH_MAX_OBJS / MAX_CPUS)

/**
 * struct crew - threads that do something at the same time
 * @fn: what each does; returns its time
 * @arg: for @fn
 * @n: threads
 * @waiting: for so many threads before all begin
 * @left: threads that have not finished
 * @done: the last one has
 * @times: what @fn returned
 */
struct crew {
	u64 (*fn)(void *arg, unsigned int number);
	void *arg;
	unsigned int n;
	atomic_t waiting;
	atomic_t left;
	struct completion done;
	u64 times[MAX_CPUS];
};

struct crew_member {
	struct crew *crew;
	unsigned int number;
};

static int member_thread(void *data)
{
	struct crew_member *member = data;
	struct crew *crew = member->crew;

	atomic_dec(&crew->waiting);
	while (atomic_read(&crew->waiting))
		cond_resched();
	crew->times[member->number] = crew->fn(crew->arg, member->number);
	if (atomic_dec_and_test(&crew->left))
		complete(&crew->done);
	return 0;
}

/* The sum of the times, or 0 when there are too few CPUs or no threads. */
static u64 work_together(struct crew *crew)
{
	struct crew_member members[MAX_CPUS];
	struct task_struct *tasks[MAX_CPUS];
	unsigned int i = 0;
	u64 sum = 0;
	int cpu;

	atomic_set(&crew->waiting, crew->n);
	atomic_set(&crew->left, crew->n);
	init_completion(&crew->done);
	for_each_online_cpu(cpu) {
		if (i == crew->n)
			break;
		members[i] = (struct crew_member){ crew, i };
		tasks[i] = kthread_create_on_cpu(member_thread, &members[i], cpu, "bench/%u");
		if (IS_ERR(tasks[i]))
			break;
		i++;
	}
	if (i < crew->n) {
		while (i--)
			kthread_stop(tasks[i]);
		return 0;
	}
	for (i = 0; i < crew->n; i++)
		wake_up_process(tasks[i]);
	wait_for_completion(&crew->done);
	for (i = 0; i < crew->n; i++)
		sum += crew->times[i];
	return sum;
}

/**
 * struct together - what several CPUs do at the same time
 * @fn: as of struct crew
 * @args: for @fn, of each who is measured
 * @n: CPUs
 * @share: what their times are divided by
 */
struct together {
	u64 (*fn)(void *arg, unsigned int number);
	void *args[BENCH_NR];
	unsigned int n;
	unsigned int share;
};

static u64 round_together(void *arg, enum bench_who who)
{
	struct together *together = arg;
	struct crew crew = {
		.fn = together->fn, .arg = together->args[who], .n = together->n,
	};

	return div_u64(work_together(&crew), together->share);
}

/* ----------------------------------------------- each CPU on its own */

struct hammer {
	bench_round round;
	const struct bench_work *work;
};

static u64 hammer_one(void *arg, unsigned int number)
{
	struct hammer *hammer = arg;
	struct bench_work work = *hammer->work;

	work.objs += (size_t)number * OBJS_EACH;
	return hammer->round(&work);
}

static int hammer(const char *bench, unsigned int n, const struct bench_subject *subject,
		  unsigned int burst, const size_t *sizes, unsigned int mask)
{
	struct bench_work work = {
		.pairs = BENCH_PAIRS * 16, .burst = burst, .sizes = sizes, .mask = mask,
		.order = bench_order, .objs = bench_objs,
	};
	struct together together = { .fn = hammer_one, .n = n, .share = n };
	struct hammer hammers[BENCH_NR];
	unsigned int who;

	for (who = 0; who < BENCH_NR; who++) {
		hammers[who] = (struct hammer){ subject->rounds[who], &work };
		together.args[who] = &hammers[who];
	}
	return bench_turns(bench, "pair", BENCH_NR, round_together, &together);
}

int bench_hammer(void)
{
	unsigned int n = min(num_online_cpus(), 2U);
	int err;

	bench_set_order(bench_order, BENCH_FORWARD, 16);
	err = hammer("hammer-named-16", n, &bench_named_touched, 16, &bench_64, 0) ?:
	      hammer("hammer-mixed", n, &bench_var_touched, 16, bench_small_sizes, 15);
	if (err)
		return err;
	bench_set_order(bench_order, BENCH_RANDOM, 1000);
	return hammer("hammer-named-set-1000", n, &bench_named_replaced, 1000, &bench_64, 0) ?:
	       hammer("hammer-mixed-set-1000", n, &bench_var_replaced, 1000, bench_small_sizes, 15);
}

int bench_scaling(void)
{
	unsigned int n;
	char bench[32];
	int err = 0;

	bench_set_order(bench_order, BENCH_FORWARD, 16);
	for (n = 1; !err && n <= min_t(unsigned int, num_online_cpus(), MAX_CPUS); n++) {
		snprintf(bench, sizeof(bench), "curve-cpus-%u", n);
		err = hammer(bench, n, &bench_named_touched, 16, &bench_64, 0);
	}
	return err;
}

/* ------------------------------------------- one allocates, one frees */

#define SLOTS		64
#define SLOT_OBJS	16
#define HAND_OVERS	4096

/**
 * struct slot - objects on their way
 * @full: the producer has filled it and the consumer has not emptied it
 * @objs: its content
 */
struct slot {
	unsigned int full;
	void *objs[SLOT_OBJS];
} ____cacheline_aligned;

struct cross {
	void (*produce)(void **objs, unsigned int n);
	void (*consume)(void **objs, unsigned int n);
	struct slot *slots;
	unsigned int n;		/* objects handed over at once */
};

#define CROSS(name, alloc, free)					\
static noinline void name##_produce(void **objs, unsigned int n)	\
{									\
	while (n--) {							\
		void *obj = alloc(BENCH_SIZE);				\
									\
		*objs = obj;						\
		bench_touch(obj, objs);					\
		objs++;							\
	}								\
}									\
									\
static noinline void name##_consume(void **objs, unsigned int n)	\
{									\
	while (n--)							\
		free(*objs++, BENCH_SIZE);				\
}

CROSS(named, named_alloc, named_free)
CROSS(slub, slub_alloc, slub_free)
CROSS(bare, bare_alloc, bare_free)
CROSS(empty, empty_alloc, empty_free)

static u64 cross_one(void *arg, unsigned int number)
{
	struct cross *cross = arg;
	unsigned long flags;
	unsigned int i;
	u64 begin, time = 0;

	for (i = 0; i < HAND_OVERS; i++) {
		struct slot *slot = &cross->slots[i % SLOTS];

		while (smp_load_acquire(&slot->full) != number)	/* pairs with the release */
			cpu_relax();
		local_irq_save(flags);
		begin = test_clock();
		if (number)
			cross->consume(slot->objs, cross->n);
		else
			cross->produce(slot->objs, cross->n);
		time += test_clock() - begin;
		local_irq_restore(flags);
		smp_store_release(&slot->full, !number);	/* what is in it comes first */
	}
	return time;
}

static int cross(const char *bench, unsigned int n)
{
	struct slot *slots = kcalloc(SLOTS, sizeof(*slots), GFP_KERNEL);
	struct cross crosses[BENCH_NR] = {
		{ named_produce, named_consume, slots, n },
		{ slub_produce, slub_consume, slots, n },
		{ bare_produce, bare_consume, slots, n },
		{ empty_produce, empty_consume, slots, n },
	};
	/* The producer's and the consumer's part together make a pair. */
	struct together together = {
		.fn = cross_one, .n = 2, .share = HAND_OVERS * n / BENCH_PAIRS,
	};
	unsigned int who;
	int err;

	if (!slots)
		return -ENOMEM;
	for (who = 0; who < BENCH_NR; who++)
		together.args[who] = &crosses[who];
	err = bench_turns(bench, "pair", BENCH_NR, round_together, &together);
	kfree(slots);
	return err;
}

int bench_cross(void)
{
	if (num_online_cpus() < 2)
		return 0;
	return cross("cross-16", 16) ?: cross("cross-1", 1);
}
