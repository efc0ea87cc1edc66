// SPDX-License-Identifier: GPL-2.0
/*
 * Frees that wait for a grace period, in bundles
 *
 * Each CPU collects pointers in a bundle, itself an object of ours.  One that is full, in
 * objects or in bytes, or has waited for FLUSH_DELAY is sealed: it gets the number of the grace
 * period that it has to wait for, and goes to the end of its CPU's queue.  Nothing is given to
 * call_rcu(), which may be lazy and knows nothing of bytes; the numbers are polled:
 *
 * - a worker waits for the grace period and then frees what is due on all CPUs.  It begins as
 *   soon as a bundle is full.  Where much waits, or memory is short, it asks for an expedited
 *   one, for which the numbers are good as well.
 * - who fills a bundle frees one that is due, so that the CPUs which make the work do it,
 *   however late the worker is: what waits is what came in a grace period, not more.
 * - so do the shrinker, the OOM notifier and who waits in tcslab_rcu_barrier().
 *
 * Without memory for a bundle an object goes to a list, linked through the head inside of it,
 * sealed and freed like the bundles; or, if it has no head, its owner waits himself.  Empty
 * spans of type-safe caches go the same way.  All that lies in rcu_backlog.c; rcu_free.c puts it
 * there.
 *
 * Lock: @reaping, a mutex, is held by who waits for a grace period for others.  Timers and works
 * are asked for under no lock.
 *
 * Who comes with interrupts off may be a tracer inside of the timer or workqueue code, or of
 * the page allocator: what it needs of them is done from a hard interrupt, a moment later.
 */
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>

#include "base/compat.h"
#include "base/lock.h"
#include "rcu.h"
#include "rcu_backlog.h"

#define BARRIER_ROUNDS	16	/* of others who add, and are not to keep us for ever */
#define LIST_ROUNDS	2
#define FLUSH_DELAY	(HZ / 20)
#define LARGE_BACKLOG	SZ_64M	/* or 1/128 of memory: asks for expedited grace periods */

static DEFINE_MUTEX(reaping);
static atomic_t hurried;	/* the worker was told to come, and has not looked since */
static bool pressed;		/* for want of memory */
static bool stopped;

/* ------------------------------------------------------------- the worker's call */

static void reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(reap_work, reap);

/* A reader's section, so that who has set @stopped can wait for those that have not seen it. */
static void call_worker(void)
{
	rcu_read_lock();
	if (!READ_ONCE(stopped)) {
		if (atomic_read(&hurried))
			mod_delayed_work(system_dfl_wq, &reap_work, 0);
		else
			queue_delayed_work(system_dfl_wq, &reap_work, FLUSH_DELAY);
	}
	rcu_read_unlock();
}

static void call_worker_irq(struct irq_work *work)
{
	call_worker();
}

static struct irq_work call_soon = IRQ_WORK_INIT_HARD(call_worker_irq);

/* Any context, not under a lock. */
void tcslab_rcu_wake(void)
{
	if (in_nmi() || irqs_disabled())
		tcslab_irq_work_queue(&call_soon);
	else
		call_worker();
}

/*
 * Now, not in a while.  Once until it looks: it does so after it has taken the mark back, so
 * that it sees what was queued by who found the mark set.
 */
void tcslab_rcu_hurry(bool no_memory)
{
	if (no_memory)
		WRITE_ONCE(pressed, true);
	if (!atomic_read(&hurried) && !atomic_xchg(&hurried, 1))
		tcslab_rcu_wake();
}

void tcslab_rcu_cpu_dead(void)
{
	atomic_set(&hurried, 1);
	call_worker();
}

/* ------------------------------------------------------------- grace periods */

static bool is_large(const struct tcslab_rcu_backlog *backlog)
{
	unsigned long limit = min_t(u64, LARGE_BACKLOG, (u64)totalram_pages() << (PAGE_SHIFT - 7));

	return backlog->bytes + (backlog->span_pages << PAGE_SHIFT) > limit;
}

/* Wait for a grace period, and free all that had been given to us before. */
static void reap_all(void)
{
	struct tcslab_rcu_backlog backlog;
	bool expedite;

	lockdep_assert_held(&reaping);
	atomic_xchg(&hurried, 0);	/* before we look */
	expedite = xchg(&pressed, false);
	tcslab_backlog_seal_all();
	tcslab_rcu_backlog(NUMA_NO_NODE, &backlog);
	if (!backlog.objects && !backlog.span_pages)
		return;
	expedite |= is_large(&backlog);
	if (expedite)
		synchronize_rcu_expedited();
	else
		synchronize_rcu();
	/* What came meanwhile need not wait until we are through. */
	if (atomic_read(&hurried)) {
		if (expedite)
			start_poll_synchronize_rcu_expedited();
		else
			start_poll_synchronize_rcu();
	}
	tcslab_rcu_reap(NUMA_NO_NODE);
}

static void reap(struct work_struct *work)
{
	mutex_lock(&reaping);
	reap_all();
	mutex_unlock(&reaping);
}

void tcslab_rcu_press(int node)
{
	/* Not to depend on the worker, which may want memory to begin. */
	tcslab_backlog_seal(node);
	start_poll_synchronize_rcu_expedited();
	tcslab_rcu_hurry(true);
}

void tcslab_rcu_press_and_wait(unsigned long patience)
{
	unsigned long begin = jiffies, gp;
	unsigned int round = 0;

	/* What came to a list after its first part was sealed is sealed when that has gone. */
	do {
		tcslab_rcu_press(NUMA_NO_NODE);
		gp = start_poll_synchronize_rcu_expedited();
		while (!poll_state_synchronize_rcu(gp) && jiffies - begin < patience)
			schedule_timeout_uninterruptible(1);
		tcslab_rcu_reap(NUMA_NO_NODE);
	} while (tcslab_backlog_has_list() && ++round < LIST_ROUNDS);
}

/* ------------------------------------------------------------------- interface */

void tcslab_rcu_add_span(struct tcslab_span *span)
{
	tcslab_backlog_add_span(span);
	tcslab_rcu_hurry(false);
}

/**
 * tcslab_rcu_barrier() - wait until everything that was given to tcslab_free_rcu()
 *	and tcslab_free_rcu_mightsleep() before has been freed
 *
 * To be called before a constructor's or a reader's code goes away;
 * tcslab_cache_destroy() does it by itself.
 *
 * Context: task, may sleep.
 */
void tcslab_rcu_barrier(void)
{
	unsigned int round = 0;

	/* Whoever adds to a list meanwhile puts off all that is on it. */
	do {
		mutex_lock(&reaping);
		reap_all();
		mutex_unlock(&reaping);
	} while (tcslab_backlog_has_list() && ++round < BARRIER_ROUNDS);
	/* They have taken a bundle before we came to it, and it was due then. */
	if (tcslab_backlog_is_reaped())
		synchronize_rcu();
}
EXPORT_SYMBOL_GPL(tcslab_rcu_barrier);

void __init tcslab_rcu_init(void)
{
	tcslab_backlog_init();
}

/* What comes from here on, spans of caches that are emptied, is for tcslab_rcu_barrier(). */
void tcslab_rcu_exit(void)
{
	WRITE_ONCE(stopped, true);
	synchronize_rcu();
	irq_work_sync(&call_soon);
	cancel_delayed_work_sync(&reap_work);
	tcslab_rcu_barrier();
}
