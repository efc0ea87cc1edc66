// SPDX-License-Identifier: GPL-2.0
/*
 * When an allocation is guarded
 *
 * Every guard_interval milliseconds a worker picks the next CPU whose turn it is not yet, and
 * interrupts it: what its arrays hold is hidden, so that the next call of each cache takes the
 * slow path there.  The first of these that allocates, whatever the cache, asks for a guarded
 * object (debug/guard.h); the others find their array as it was.  Nothing is added to the
 * fast path, and each array is hidden once for a guarded allocation.
 *
 * Only memory that is allocated makes the worker go on: when it is the turn of all CPUs it
 * sleeps until one of them has had it, so that an idle machine is not woken.  Isolated CPUs are
 * left alone.
 *
 * The pool is made when the first guarded allocation was due, so that who does not allocate has
 * none.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "base/compat.h"
#include "base/soon.h"
#include "caches/list.h"
#include "debug/guard.h"
#include "front/cpu_cache.h"
#include "guard_timer.h"

#define HIDE_CACHES	64	/* in one interrupt */
#define AGAIN_TICKS	8	/* one in so many is for a CPU whose turn it is already */
#define MOST_AGAIN	16	/* in a row, while none has had its turn */

static unsigned int guard_interval;
static bool pool_wanted, asleep;
static bool stopping = true;	/* for who sets the parameter, under the mutex: before and after */
static DEFINE_MUTEX(switching);
static unsigned int last_cpu, nr_ticks, nr_again;	/* the worker's */

static void wake(struct work_struct *work);
static void tick(struct work_struct *work);
static DEFINE_TCSLAB_SOON(wake_soon, wake);
static DECLARE_DELAYED_WORK(tick_work, tick);

/**
 * struct hiding - arrays of one CPU to hide
 * @n: how many caches
 * @last: there are no more: the next allocation is to be guarded
 * @caches: the caches; the mutex keeps them
 */
struct hiding {
	unsigned int n;
	bool last;
	struct tcslab_cache *caches[HIDE_CACHES];
};

/* An interrupt, which may be in the middle of somebody's section. */
static void hide_local(void *info)
{
	struct hiding *hiding = info;
	unsigned int i;

	for (i = 0; i < hiding->n; i++)
		tcslab_cpu_hide(hiding->caches[i]);
	hiding->n = 0;
	if (hiding->last)
		this_cpu_write(tcslab_guard_due, true);
}

/* A CPU that has gone meanwhile is not interrupted, and the next one has its turn. */
static void hide_arrays(unsigned int cpu)
{
	struct hiding hiding = { .n = 0 };
	struct tcslab_cache *cache;

	lockdep_assert_held(&tcslab_cache_mutex);	/* the list stays as it is */
	tcslab_for_each_cache(cache) {
		if (!tcslab_guard_serves(cache) || !tcslab_cpu_cache_has_any(cache, cpu))
			continue;
		hiding.caches[hiding.n++] = cache;
		if (hiding.n == HIDE_CACHES &&
		    smp_call_function_single(cpu, hide_local, &hiding, true))
			return;
	}
	hiding.last = true;
	smp_call_function_single(cpu, hide_local, &hiding, true);
}

/* The next CPU whose turn it is not yet, or is, if @due; nr_cpu_ids if there is none. */
static unsigned int next_cpu(bool due)
{
	unsigned int i, cpu = last_cpu;

	for (i = 0; i < nr_cpu_ids; i++) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		/* A glance: it is its CPU's. */
		if (data_race(per_cpu(tcslab_guard_due, cpu)) == due &&
		    !tcslab_cpu_is_isolated(cpu))
			return cpu;
	}
	return nr_cpu_ids;
}

/*
 * A CPU whose turn it is, is interrupted again now and then: an array that was in use could not
 * be hidden, and others have been shown meanwhile by calls that do not allocate.  False
 * if that was done often enough, until an allocation was guarded.
 */
static bool arm_next(void)
{
	unsigned int cpu = nr_cpu_ids;

	/* Who has it may hold it for long; then it is nobody's turn this time. */
	if (!mutex_trylock(&tcslab_cache_mutex))
		return true;
	if (++nr_ticks % AGAIN_TICKS)
		cpu = next_cpu(false);
	if (cpu < nr_cpu_ids) {
		nr_again = 0;
	} else {
		cpu = next_cpu(true);
		nr_again++;
	}
	if (cpu < nr_cpu_ids) {
		last_cpu = cpu;
		hide_arrays(cpu);
	}
	mutex_unlock(&tcslab_cache_mutex);
	return nr_again < MOST_AGAIN;
}

static void again_after(unsigned int ms)
{
	unsigned long delay = msecs_to_jiffies(ms);

	/* A jiffy can be ten of the shortest intervals. */
	if (delay <= 2) {
		usleep_range(ms * 1000UL, ms * 1000UL + 100);
		delay = 0;
	}
	if (!READ_ONCE(stopping))
		queue_delayed_work(system_dfl_wq, &tick_work, delay);
}

static void tick(struct work_struct *work)
{
	unsigned int interval = READ_ONCE(guard_interval);

	if (!interval || READ_ONCE(stopping))
		return;
	if (READ_ONCE(pool_wanted) && !tcslab_guard_make())
		WRITE_ONCE(pool_wanted, false);
	if (!arm_next()) {
		WRITE_ONCE(asleep, true);
		smp_mb();	/* pairs with the one in tcslab_guard_timer_consumed() */
		if (next_cpu(false) >= nr_cpu_ids)
			return;
		WRITE_ONCE(asleep, false);
	}
	again_after(interval);
}

static void wake(struct work_struct *work)
{
	unsigned int interval = READ_ONCE(guard_interval);

	if (interval && !READ_ONCE(stopping))
		queue_delayed_work(system_dfl_wq, &tick_work, msecs_to_jiffies(interval));
}

void tcslab_guard_timer_consumed(void)
{
	if (!READ_ONCE(tcslab_guard_bytes))
		WRITE_ONCE(pool_wanted, true);
	smp_mb();	/* it is nobody's turn here, then is the worker asleep? */
	if (READ_ONCE(asleep) && xchg(&asleep, false))
		tcslab_soon(&wake_soon);
}

/* ---------------------------------------------------------------- parameter */

static int set_interval(const char *val, const struct kernel_param *param)
{
	int err = param_set_uint(val, param);

	mutex_lock(&switching);
	if (!err && READ_ONCE(guard_interval) && !stopping)
		mod_delayed_work(system_dfl_wq, &tick_work, 0);
	mutex_unlock(&switching);
	return err;
}

static const struct kernel_param_ops interval_ops = {
	.set = set_interval,
	.get = param_get_uint,
};

module_param_cb(guard_interval, &interval_ops, &guard_interval, 0600);
MODULE_PARM_DESC(guard_interval,
		 "milliseconds between allocations that are guarded against mistakes (0: none)");

unsigned int tcslab_guard_timer_interval(void)
{
	return READ_ONCE(guard_interval);
}

int __init tcslab_guard_timer_init(void)
{
	mutex_lock(&switching);
	WRITE_ONCE(stopping, false);
	if (READ_ONCE(guard_interval))
		queue_delayed_work(system_dfl_wq, &tick_work, msecs_to_jiffies(guard_interval));
	mutex_unlock(&switching);
	return 0;
}

void tcslab_guard_timer_exit(void)
{
	int cpu;

	mutex_lock(&switching);
	WRITE_ONCE(stopping, true);
	mutex_unlock(&switching);
	tcslab_soon_cancel(&wake_soon);
	cancel_delayed_work_sync(&tick_work);
	for_each_possible_cpu(cpu)
		per_cpu(tcslab_guard_due, cpu) = false;
}
