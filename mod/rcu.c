// SPDX-License-Identifier: GPL-2.0
/*
 * Frees that wait for a grace period, in batches
 *
 * Each CPU collects pointers in an array, itself an object of ours.  A full array,
 * or one that has waited for FLUSH_DELAY, is handed to call_rcu() as a whole and
 * freed in bulk afterwards, so that a storm of frees costs RCU one callback per
 * array.  Without memory for an array an object goes to a list, linked through the
 * head inside of it, and a work item waits for the grace period; or, if it has no
 * head, its owner waits himself.
 *
 * Lock: the CPU's lock, raw, interrupts off, a leaf but for those of RCU, timers and
 * workqueues.  Arrays are handed over under it, so that whoever takes the locks of all CPUs
 * and waits for RCU's callbacks afterwards has waited for every object.
 *
 * Who comes with interrupts off may be a tracer inside of one of those, or of the page
 * allocator: what it needs of them is done from a hard interrupt, a moment later.
 */
#include <linux/irq_work.h>
#include <linux/kmemleak.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "cache.h"
#include "central.h"
#include "compat.h"
#include "nested.h"
#include "rcu.h"

#define BATCH_BYTES	2048	/* bounds what one callback frees: 253 objects */
#define FLUSH_DELAY	(HZ / 20)

/**
 * struct rcu_batch - objects that wait for the same grace period
 * @rcu: in RCU's hands after the batch has left its CPU
 * @n: objects in @objs
 * @objs: the objects
 */
struct rcu_batch {
	struct rcu_head rcu;
	size_t n;
	void *objs[];
};

#define BATCH_OBJS	((BATCH_BYTES - sizeof(struct rcu_batch)) / sizeof(void *))

/**
 * struct rcu_cpu - what one CPU collects
 * @lock: guards @batch and what it points to
 * @batch: has room for one object at least; or NULL
 */
struct rcu_cpu {
	raw_spinlock_t lock;
	struct rcu_batch *batch;
};

static DEFINE_PER_CPU(struct rcu_cpu, rcu_cpus);

static void flush_all(struct work_struct *work);
static DECLARE_DELAYED_WORK(flush_later, flush_all);

static void free_batch(struct rcu_head *rcu)
{
	struct rcu_batch *batch = container_of(rcu, struct rcu_batch, rcu);

	tcslab_free_bulk(batch->n, batch->objs);
	tcslab_free(batch);
}

/* @flags: of the CPU before its lock was taken */
static void submit(struct rcu_cpu *cpu, unsigned long flags)
{
	lockdep_assert_held(&cpu->lock);
	if (cpu->batch && irqs_disabled_flags(flags))
		tcslab_park_rcu(&cpu->batch->rcu, free_batch);
	else if (cpu->batch)
		call_rcu(&cpu->batch->rcu, free_batch);
	cpu->batch = NULL;
}

static void flush_all(struct work_struct *work)
{
	unsigned long flags;
	int i;

	for_each_possible_cpu(i) {
		struct rcu_cpu *cpu = per_cpu_ptr(&rcu_cpus, i);

		tcslab_lock_irqsave(&cpu->lock, flags);
		submit(cpu, flags);
		tcslab_unlock_irqrestore(&cpu->lock, flags);
	}
}

/*
 * Objects for which there was no array.  One pointer is all that a head needs to
 * have: the kernel's kvfree_rcu_head, which the drop-in's kfree_rcu() passes, can be
 * shorter than what call_rcu() takes.
 */
static LLIST_HEAD(waiting);

static void free_waiting(struct work_struct *work)
{
	struct llist_node *node = llist_del_all(&waiting), *next;

	if (!node)
		return;
	synchronize_rcu();
	llist_for_each_safe(node, next, node)
		tcslab_free(tcslab_object_around(node));
}

static DECLARE_WORK(free_later, free_waiting);

static void queue_both(struct irq_work *work)
{
	if (!llist_empty(&waiting))
		queue_work(system_dfl_wq, &free_later);
	queue_delayed_work(system_percpu_wq, &flush_later, FLUSH_DELAY);
}

static struct irq_work queue_soon = IRQ_WORK_INIT_HARD(queue_both);

void tcslab_rcu_cpu_dead(void)
{
	queue_both(NULL);
}

/* Put @obj, and @fresh if it is needed, into this CPU's batch; false if there is none. */
static bool add(void *obj, struct rcu_batch **fresh)
{
	struct rcu_cpu *cpu = raw_cpu_ptr(&rcu_cpus);
	bool may_wait = !irqs_disabled();
	struct rcu_batch *batch;
	unsigned long flags;

	/* With interrupts off we may be inside of what another CPU calls under this lock. */
	if (!tcslab_lock_if_irqsave(&cpu->lock, flags, may_wait))
		return false;
	if (!cpu->batch && *fresh) {
		cpu->batch = *fresh;
		*fresh = NULL;
	}
	batch = cpu->batch;
	if (batch) {
		batch->objs[batch->n++] = obj;
		if (batch->n == BATCH_OBJS)
			submit(cpu, flags);
		else if (batch->n == 1 && irqs_disabled_flags(flags))
			tcslab_irq_work_queue(&queue_soon);
		else if (batch->n == 1)
			queue_delayed_work(system_percpu_wq, &flush_later, FLUSH_DELAY);
	}
	tcslab_unlock_irqrestore(&cpu->lock, flags);
	return batch;
}

/* False without memory for a batch, or with interrupts off and the lock taken. */
static bool add_or_grow(void *obj, gfp_t gfp)
{
	struct rcu_batch *fresh = NULL;
	bool done;

	kmemleak_ignore(obj);	/* the only pointer to it may be one of RCU's */
	done = add(obj, &fresh);
	if (!done) {
		fresh = tcslab_alloc(BATCH_BYTES, gfp | __GFP_NOWARN);
		if (fresh)
			fresh->n = 0;
		done = add(obj, &fresh);
		/* We came to another CPU, or an interrupt was faster. */
		tcslab_free(fresh);
	}
	return done;
}

/* See tcslab_free_rcu(), which checks what the compiler can check. */
void __tcslab_free_rcu(void *head, void *obj)
{
	/* On PREEMPT_RT a tracer can be inside of the page allocator with interrupts on. */
	gfp_t gfp = IS_ENABLED(CONFIG_PREEMPT_RT) || irqs_disabled() ? 0 : GFP_NOWAIT;

	/* Its head is not to be written to. */
	if (unlikely(tcslab_is_stray(obj))) {
		tcslab_free_odd(obj, _RET_IP_);
		return;
	}
	if (likely(!tcslab_nested()) && add_or_grow(obj, gfp))
		return;
	llist_add(head, &waiting);
	tcslab_irq_work_queue(&queue_soon);
}
EXPORT_SYMBOL_GPL(__tcslab_free_rcu);

/**
 * tcslab_free_rcu_mightsleep() - free an object without an rcu_head after a grace
 *	period
 * @obj: as for tcslab_free(); NULL is ignored
 *
 * Waits for the grace period itself when there is no memory to remember @obj.
 *
 * Context: task, may sleep.
 */
void tcslab_free_rcu_mightsleep(const void *obj)
{
	might_sleep();
	if (ZERO_OR_NULL_PTR(obj))
		return;
	if (unlikely(tcslab_is_stray(obj))) {
		tcslab_free_odd(obj, _RET_IP_);
		return;
	}
	if (add_or_grow((void *)obj, GFP_KERNEL | __GFP_NORETRY))
		return;
	synchronize_rcu();
	tcslab_free(obj);
}
EXPORT_SYMBOL_GPL(tcslab_free_rcu_mightsleep);

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
	irq_work_sync(&queue_soon);
	flush_all(NULL);
	/* A batch that was full before we came to it may be parked, for RCU. */
	tcslab_unpark();
	/* A CPU that was about to be gone could not ask for it. */
	if (!llist_empty(&waiting))
		queue_work(system_dfl_wq, &free_later);
	flush_work(&free_later);
	rcu_barrier();
}
EXPORT_SYMBOL_GPL(tcslab_rcu_barrier);

int __init tcslab_rcu_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		raw_spin_lock_init(&per_cpu_ptr(&rcu_cpus, cpu)->lock);
	return 0;
}

void tcslab_rcu_exit(void)
{
	tcslab_rcu_barrier();
	cancel_delayed_work_sync(&flush_later);
}
