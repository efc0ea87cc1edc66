// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts in the middle of everything
 *
 * On each CPU a task allocates and frees as fast as it can, a timer's hard interrupt,
 * another's soft interrupt and an IPI that the task sends to itself do the same, and
 * the caches are drained all the time.  It ends when arrays were met busy often enough.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>

#include "base/compat.h"
#include "context_objects.h"
#include "context_test.h"

static int period_us = 20;
module_param(period_us, int, 0400);

static unsigned int busy = 10000;
module_param(busy, uint, 0400);
MODULE_PARM_DESC(busy, "how often arrays have to be met busy");

/* As CONTEXT_HARD_TIMER. */
#ifdef CONFIG_PREEMPT_RT
#define HARD_WORK	IRQ_WORK_INIT_HARD
#else
#define HARD_WORK	IRQ_WORK_INIT
#endif

struct cpu_state {
	struct hrtimer timer, soft_timer;
	struct irq_work ipi;
	struct context_stash task, tick, soft, irq;
	unsigned long ticks, softs, ipis;
};

static DEFINE_PER_CPU(struct cpu_state, states);
static DEFINE_RAW_SPINLOCK(raw_lock);
static bool stop;

/*
 * Starts a timer anew, a period after its handler, which began at @begin: and later where
 * the handler takes long, under KASAN in an emulated machine, so that the task has most of
 * the time everywhere.  Else there would be nothing to interrupt.
 */
static void again(struct hrtimer *timer, ktime_t begin, unsigned int us)
{
	hrtimer_forward_now(timer, us * NSEC_PER_USEC + 3 * ktime_sub(ktime_get(), begin));
}

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct cpu_state *state = container_of(timer, struct cpu_state, timer);
	ktime_t begin = ktime_get();
	unsigned int i;

	state->ticks++;
	for (i = 0; i < 4; i++)
		context_step(&state->tick, GFP_NOWAIT | __GFP_NOWARN);
	if (!(state->ticks % 8))
		context_bulk(&state->tick, GFP_ATOMIC | __GFP_NOWARN);
	again(timer, begin, period_us + context_random(&state->tick) % 8);
	return HRTIMER_RESTART;
}

static enum hrtimer_restart soft_tick(struct hrtimer *timer)
{
	struct cpu_state *state = container_of(timer, struct cpu_state, soft_timer);
	ktime_t begin = ktime_get();

	state->softs++;
	context_step(&state->soft, GFP_ATOMIC | __GFP_NOWARN);
	context_bulk(&state->soft, GFP_NOWAIT | __GFP_NOWARN);
	again(timer, begin, 7 * period_us + context_random(&state->soft) % 8);
	return HRTIMER_RESTART;
}

static void ipi(struct irq_work *work)
{
	struct cpu_state *state = container_of(work, struct cpu_state, ipi);

	state->ipis++;
	context_step(&state->irq, GFP_ATOMIC | __GFP_NOWARN);
}

static int hammer(void *arg)
{
	struct cpu_state *state = this_cpu_ptr(&states);
	unsigned long flags;
	unsigned int i;

	state->task.seed = 1 + 3 * smp_processor_id();
	state->tick.seed = 2 + 3 * smp_processor_id();
	state->irq.seed = 3 + 3 * smp_processor_id();
	state->soft.seed = 4 + 3 * smp_processor_id();
	state->ipi = HARD_WORK(ipi);
	hrtimer_setup(&state->timer, tick, CLOCK_MONOTONIC, CONTEXT_HARD_TIMER);
	hrtimer_start(&state->timer, ns_to_ktime(NSEC_PER_USEC * period_us), CONTEXT_HARD_TIMER);
	hrtimer_setup(&state->soft_timer, soft_tick, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_SOFT);
	hrtimer_start(&state->soft_timer, ns_to_ktime(NSEC_PER_USEC * period_us),
		      HRTIMER_MODE_REL_PINNED_SOFT);
	for (i = 0; !READ_ONCE(stop); i++) {
		if (!(i % 16))
			irq_work_queue(&state->ipi);
		/* On PREEMPT_RT this lock, too, keeps everybody from the kernel's allocators. */
		if (IS_ENABLED(CONFIG_PREEMPT_RT) && i & 64) {
			raw_spin_lock_irqsave(&raw_lock, flags);
			context_sweep(&state->task, GFP_ATOMIC | __GFP_NOWARN);
			raw_spin_unlock_irqrestore(&raw_lock, flags);
		} else {
			context_sweep(&state->task,
				      i & 32 ? GFP_KERNEL : GFP_NOWAIT | __GFP_NOWARN);
		}
		if (!(i % 256))
			cond_resched();
	}
	hrtimer_cancel(&state->soft_timer);
	hrtimer_cancel(&state->timer);
	irq_work_sync(&state->ipi);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void run(void)
{
	static struct task_struct *tasks[NR_CPUS];
	unsigned long ticks = 0, softs = 0, ipis = 0, bulks = 0, allocs = 0, fails = 0;
	unsigned int i;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		tasks[cpu] = kthread_create_on_cpu(hammer, NULL, cpu, "tcslab-irq/%u");
		if (!IS_ERR(tasks[cpu]))
			wake_up_process(tasks[cpu]);
	}
	cpus_read_unlock();
	while (context_nested() <= busy) {
		msleep(50);
		for (i = 0; i < 2; i++)
			tcslab_cache_shrink(context_caches[i]);
	}
	WRITE_ONCE(stop, true);
	for_each_possible_cpu(cpu) {
		struct cpu_state *state = per_cpu_ptr(&states, cpu);

		if (!IS_ERR_OR_NULL(tasks[cpu]))
			kthread_stop(tasks[cpu]);
		context_empty(&state->task);
		context_empty(&state->tick);
		context_empty(&state->soft);
		context_empty(&state->irq);
		ticks += state->ticks;
		softs += state->softs;
		ipis += state->ipis;
		bulks += state->tick.bulks + state->soft.bulks;
		allocs += state->task.allocs + state->tick.allocs + state->soft.allocs +
			  state->irq.allocs;
		fails += state->task.fails + state->tick.fails + state->soft.fails +
			 state->irq.fails;
	}
	context_check(context_nested() > busy, "arrays were met busy %lu times", context_nested());
	context_check(ticks && softs && ipis, "by %lu hard and %lu soft timers and %lu IPIs",
		      ticks, softs, ipis);
	context_check(bulks, "who got several objects at once %lu times", bulks);
	context_check(!atomic_read(&context_doubly), "no object had two owners (%d of %lu)",
		      atomic_read(&context_doubly), allocs);
	context_check(fails * 100 <= allocs, "atomic callers got what they wanted (%lu did not)",
		      fails);
}

#define MANY	1000

/* Batches that it takes to get MANY objects. */
static unsigned long count_refills(bool atomic)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(64);
	struct tcslab_cache *cache = tcslab_cache_create("ctx-batches", &args);
	gfp_t gfp = atomic ? GFP_NOWAIT | __GFP_NOWARN : GFP_KERNEL;
	struct tcslab_cache_stats stats = {};
	static void *objs[MANY];
	unsigned long flags;
	unsigned int i;
	u64 before;

	if (IS_ERR(cache))
		return 0;
	/* What is there is given back to the spans, not to the kernel. */
	for (i = 0; i < MANY; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	tcslab_cache_free_bulk(cache, MANY, objs);
	tcslab_cache_stats(cache, &stats);
	before = stats.refills;
	if (atomic)
		local_irq_save(flags);
	for (i = 0; i < MANY; i++)
		objs[i] = tcslab_cache_alloc(cache, gfp);
	if (atomic)
		local_irq_restore(flags);
	tcslab_cache_stats(cache, &stats);
	tcslab_cache_free_bulk(cache, MANY, objs);
	tcslab_cache_destroy(cache);
	return stats.refills - before;
}

static void test_refills(void)
{
	unsigned long task = count_refills(false), atomic = count_refills(true);

	context_check(task && atomic && atomic <= task + 2,
		      "a refill is as full with interrupts off: %lu batches, %lu in a task",
		      atomic, task);
}

static int __init context_irq_init(void)
{
	unsigned int i;
	int err = context_create();

	if (err)
		return err;
	test_refills();
	run();
	for (i = 0; i < 2; i++)
		context_check(!tcslab_cache_destroy(context_caches[i]), "none was lost");
	context_plan();
	return 0;
}

static void __exit context_irq_exit(void)
{
}

module_init(context_irq_init);
module_exit(context_irq_exit);

MODULE_DESCRIPTION("tcslab test: hard interrupts");
MODULE_LICENSE("GPL");
