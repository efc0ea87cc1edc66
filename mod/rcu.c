// SPDX-License-Identifier: GPL-2.0
/*
 * Frees that wait for a grace period, in batches
 *
 * Each CPU collects pointers in an array, itself an object of ours.  One that is full, in
 * objects or in bytes, or has waited for FLUSH_DELAY is sealed: it gets the number of the grace
 * period that it has to wait for, and goes to the end of its CPU's queue.  Nothing is given to
 * call_rcu(), which may be lazy and knows nothing of bytes; the numbers are polled:
 *
 * - a worker waits for the grace period and then frees what is due on all CPUs.  It begins as
 *   soon as a batch is full.  Where much waits, or memory is short, it asks for an expedited
 *   one, for which the numbers are good as well.
 * - who fills a batch frees one that is due, so that the CPUs which make the work do it,
 *   however late the worker is: what waits is what came in a grace period, not more.
 * - so do the shrinker, the OOM notifier and who waits in tcslab_rcu_barrier().
 *
 * Without memory for an array an object goes to a list, linked through the head inside of it,
 * from which the worker frees it after its next grace period; or, if it has no head, its owner
 * waits himself.  Empty spans of type-safe caches go the same way.
 *
 * Locks: @reaping, a mutex, is held by who waits for a grace period for others, so that
 * who has had it knows that their lists are done.  The CPU's lock, raw, interrupts off, is a
 * leaf: timers and works are asked for after it has been dropped.
 *
 * Who comes with interrupts off may be a tracer inside of the timer or workqueue code, or of
 * the page allocator: what it needs of them is done from a hard interrupt, a moment later.
 */
#include <linux/irq_work.h>
#include <linux/kmemleak.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "cache.h"
#include "central.h"
#include "central_lists.h"
#include "compat.h"
#include "nested.h"
#include "rcu.h"
#include "span.h"

#define ARRAY_BYTES	2048	/* with the header, 252 objects */
#define BATCH_BYTES	SZ_64K	/* in objects: what is large does not wait to be many */
#define FLUSH_DELAY	(HZ / 20)
#define LARGE_BACKLOG	SZ_64M	/* or 1/128 of memory: asks for expedited grace periods */

/**
 * struct rcu_batch - objects that wait for the same grace period
 * @next: sealed: the next one of its CPU
 * @gp: sealed: of get_state_synchronize_rcu()
 * @n: objects in @objs
 * @bytes: in them
 * @objs: the objects
 */
struct rcu_batch {
	struct rcu_batch *next;
	unsigned long gp;
	unsigned long n;
	unsigned long bytes;
	void *objs[];
};

#define BATCH_OBJS	((ARRAY_BYTES - sizeof(struct rcu_batch)) / sizeof(void *))

/**
 * struct rcu_cpu - what one CPU collects
 * @lock: guards all but @reapers
 * @batch: has room for one object at least; or NULL
 * @first: sealed batches, the oldest first
 * @last: where the next one is linked
 * @count: objects in all of them
 * @bytes: that these take
 * @reapers: who are freeing a batch that was in @first, each inside of a reader's section
 */
struct rcu_cpu {
	raw_spinlock_t lock;
	struct rcu_batch *batch;
	struct rcu_batch *first;
	struct rcu_batch **last;
	unsigned long count;
	unsigned long bytes;
	atomic_t reapers;
};

static DEFINE_PER_CPU(struct rcu_cpu, rcu_cpus);

/*
 * Objects for which there was no array.  One pointer is all that a head needs to
 * have: the kernel's kvfree_rcu_head, which the drop-in's kfree_rcu() passes, can be
 * shorter than what call_rcu() takes.
 */
static LLIST_HEAD(headed);
static atomic_long_t headed_count, headed_bytes;

/* Spans of type-safe caches. */
static LLIST_HEAD(spans);
static atomic_long_t span_pages;

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
static void wake_worker(void)
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
static void hurry(void)
{
	if (!atomic_read(&hurried) && !atomic_xchg(&hurried, 1))
		wake_worker();
}

void tcslab_rcu_cpu_dead(void)
{
	atomic_set(&hurried, 1);
	call_worker();
}

/* ---------------------------------------------------------------------- batches */

static unsigned long size_of(const void *obj)
{
	struct tcslab_cache *cache = tcslab_cache_of(obj);

	if (cache == tcslab_large_cache)
		return (unsigned long)tcslab_page_span(virt_to_page(obj))->npages << PAGE_SHIFT;
	return cache ? cache->size : 0;
}

static void seal(struct rcu_cpu *cpu)
{
	struct rcu_batch *batch = cpu->batch;

	lockdep_assert_held(&cpu->lock);
	if (!batch)
		return;
	cpu->batch = NULL;
	batch->gp = get_state_synchronize_rcu();
	batch->next = NULL;
	*cpu->last = batch;
	cpu->last = &batch->next;
}

/* The oldest batch if it is due. */
static struct rcu_batch *take_due(struct rcu_cpu *cpu)
{
	struct rcu_batch *batch;
	unsigned long flags;

	tcslab_lock_irqsave(&cpu->lock, flags);
	batch = cpu->first;
	if (batch && poll_state_synchronize_rcu(batch->gp)) {
		cpu->first = batch->next;
		if (!cpu->first)
			cpu->last = &cpu->first;
		cpu->count -= batch->n;
		cpu->bytes -= batch->bytes;
		atomic_inc(&cpu->reapers);
	} else {
		batch = NULL;
	}
	tcslab_unlock_irqrestore(&cpu->lock, flags);
	return batch;
}

/* Free up to @n batches that are due; how many there were. */
static unsigned int reap_cpu(struct rcu_cpu *cpu, unsigned int n)
{
	struct rcu_batch *batch;
	unsigned int done;

	for (done = 0; done < n; done++) {
		rcu_read_lock();	/* the barrier waits for us */
		batch = take_due(cpu);
		if (batch) {
			tcslab_free_bulk(batch->n, batch->objs);
			tcslab_free(batch);
			atomic_dec(&cpu->reapers);
		}
		rcu_read_unlock();
		if (!batch)
			break;
	}
	return done;
}

/* Nobody asks for what a node has that has no memory: its CPUs are the first one's. */
static bool is_of(int node, unsigned int cpu)
{
	int home = cpu_to_mem(cpu);

	return node == NUMA_NO_NODE ||
	       node == (node_state(home, N_MEMORY) ? home : first_memory_node);
}

static void seal_all(int node)
{
	unsigned long flags;
	int i;

	for_each_possible_cpu(i) {
		struct rcu_cpu *cpu = per_cpu_ptr(&rcu_cpus, i);

		if (!is_of(node, i))
			continue;
		tcslab_lock_irqsave(&cpu->lock, flags);
		seal(cpu);
		tcslab_unlock_irqrestore(&cpu->lock, flags);
	}
}

void tcslab_rcu_reap(int node)
{
	int i;

	for_each_possible_cpu(i) {
		if (!is_of(node, i))
			continue;
		while (reap_cpu(per_cpu_ptr(&rcu_cpus, i), 1))
			cond_resched();
	}
}

void tcslab_rcu_backlog(int node, struct tcslab_rcu_backlog *backlog)
{
	unsigned long flags;
	int i;

	*backlog = (struct tcslab_rcu_backlog){
		.objects = atomic_long_read(&headed_count),
		.bytes = atomic_long_read(&headed_bytes),
		.span_pages = atomic_long_read(&span_pages),
	};
	for_each_possible_cpu(i) {
		struct rcu_cpu *cpu = per_cpu_ptr(&rcu_cpus, i);

		if (!is_of(node, i))
			continue;
		tcslab_lock_irqsave(&cpu->lock, flags);
		backlog->objects += cpu->count;
		backlog->bytes += cpu->bytes;
		tcslab_unlock_irqrestore(&cpu->lock, flags);
	}
}

/* ------------------------------------------------------------- grace periods */

static void free_headed(struct llist_node *node)
{
	struct llist_node *next;

	llist_for_each_safe(node, next, node) {
		void *obj = tcslab_object_around(node);

		atomic_long_dec(&headed_count);
		atomic_long_sub(size_of(node), &headed_bytes);
		tcslab_free(obj);
	}
}

static void free_spans(struct llist_node *node)
{
	struct tcslab_span *span, *next;

	llist_for_each_entry_safe(span, next, node, waiting) {
		unsigned int npages = span->npages;

		tcslab_central_release_now(span);
		atomic_long_sub(npages, &span_pages);
	}
}

static bool is_large(const struct tcslab_rcu_backlog *backlog)
{
	unsigned long limit = min_t(u64, LARGE_BACKLOG, (u64)totalram_pages() << (PAGE_SHIFT - 7));

	return backlog->bytes + (backlog->span_pages << PAGE_SHIFT) > limit;
}

/* Wait for a grace period, and free all that had been given to us before. */
static void reap_all(void)
{
	struct tcslab_rcu_backlog backlog;
	struct llist_node *objs, *empty;
	bool expedite;

	lockdep_assert_held(&reaping);
	atomic_xchg(&hurried, 0);	/* before we look */
	expedite = xchg(&pressed, false);
	objs = llist_del_all(&headed);
	empty = llist_del_all(&spans);
	seal_all(NUMA_NO_NODE);
	tcslab_rcu_backlog(NUMA_NO_NODE, &backlog);
	if (!backlog.objects && !objs && !empty)
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
	free_headed(objs);
	free_spans(empty);
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
	seal_all(node);
	start_poll_synchronize_rcu_expedited();
	WRITE_ONCE(pressed, true);
	hurry();
}

void tcslab_rcu_press_and_wait(unsigned long patience)
{
	unsigned long begin = jiffies, gp;

	tcslab_rcu_press(NUMA_NO_NODE);
	gp = start_poll_synchronize_rcu_expedited();
	while (!poll_state_synchronize_rcu(gp) && jiffies - begin < patience)
		schedule_timeout_uninterruptible(1);
	tcslab_rcu_reap(NUMA_NO_NODE);
}

/* ------------------------------------------------------------------- interface */

/* Put @obj, and @fresh if it is needed, into this CPU's batch; false if there is none. */
static bool add(void *obj, struct rcu_batch **fresh)
{
	struct rcu_cpu *cpu = raw_cpu_ptr(&rcu_cpus);
	bool done, first = false, full = false;
	struct rcu_batch *batch;
	unsigned long flags;

	tcslab_lock_irqsave(&cpu->lock, flags);
	if (!cpu->batch && *fresh) {
		cpu->batch = *fresh;
		*fresh = NULL;
	}
	batch = cpu->batch;
	done = batch;
	if (done) {
		unsigned long size = size_of(obj);

		first = !batch->n;
		batch->objs[batch->n++] = obj;
		batch->bytes += size;
		cpu->count++;
		cpu->bytes += size;
		full = batch->n == BATCH_OBJS || batch->bytes >= BATCH_BYTES;
		if (full)
			seal(cpu);
	}
	tcslab_unlock_irqrestore(&cpu->lock, flags);
	if (full)
		hurry();
	else if (first)
		wake_worker();
	/* As much as comes in; more, so that it becomes less, of who may be preempted. */
	if (full && !irqs_disabled())
		reap_cpu(cpu, preemptible() ? 4 : 1);
	return done;
}

/* False without memory for a batch. */
static bool add_or_grow(void *obj, gfp_t gfp)
{
	struct rcu_batch *fresh = NULL;
	bool done;

	kmemleak_ignore(obj);	/* the only pointer to it may be one of RCU's */
	done = add(obj, &fresh);
	if (!done) {
		fresh = tcslab_alloc(ARRAY_BYTES, gfp | __GFP_NOWARN);
		if (fresh) {
			fresh->n = 0;
			fresh->bytes = 0;
		}
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
	if (likely(!tcslab_nested())) {
		if (add_or_grow(obj, gfp))
			return;
		if (gfp)
			WRITE_ONCE(pressed, true);
	}
	atomic_long_inc(&headed_count);
	atomic_long_add(size_of(head), &headed_bytes);
	llist_add(head, &headed);
	hurry();
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

void tcslab_rcu_add_span(struct tcslab_span *span)
{
	atomic_long_add(span->npages, &span_pages);
	llist_add(&span->waiting, &spans);
	hurry();
}

static bool is_reaped_by_others(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (atomic_read(&per_cpu_ptr(&rcu_cpus, cpu)->reapers))
			return true;
	return false;
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
	mutex_lock(&reaping);
	reap_all();
	mutex_unlock(&reaping);
	/* They have taken a batch before we came to it, and it was due then. */
	if (is_reaped_by_others())
		synchronize_rcu();
}
EXPORT_SYMBOL_GPL(tcslab_rcu_barrier);

int __init tcslab_rcu_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rcu_cpu *rcu = per_cpu_ptr(&rcu_cpus, cpu);

		raw_spin_lock_init(&rcu->lock);
		rcu->last = &rcu->first;
	}
	return 0;
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
