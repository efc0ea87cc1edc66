// SPDX-License-Identifier: GPL-2.0
/* Limits: no way past them by concurrency, and waiting for a free object */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>

#include "base/compat.h"
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

/* -------------------------------------------------------------- what lies idle */

#define IDLE		32
#define IDLE_SIZE	1000

struct idle {
	struct tcslab_cache *cache;
	gfp_t gfp;
	bool bulk;
	unsigned int n;
	void *objs[IDLE];
};

static long take_idle(void *arg)
{
	struct idle *idle = arg;

	if (idle->bulk) {
		idle->n = tcslab_cache_alloc_bulk(idle->cache, idle->gfp, IDLE, idle->objs);
		return 0;
	}
	for (idle->n = 0; idle->n < IDLE; idle->n++) {
		idle->objs[idle->n] = tcslab_cache_alloc(idle->cache, idle->gfp);
		if (!idle->objs[idle->n])
			break;
	}
	return 0;
}

static long free_idle(void *arg)
{
	struct idle *idle = arg;

	while (idle->n)
		tcslab_cache_free(idle->cache, idle->objs[--idle->n]);
	return 0;
}

/* Until a CPU's array has room for all of them, and they are there. */
static long use_idle(void *arg)
{
	int i;

	for (i = 0; i < 30; i++) {
		take_idle(arg);
		free_idle(arg);
	}
	return 0;
}

/* Nothing is in use: nobody may be refused for what another CPU has put aside. */
static void idle_objects(void)
{
	static struct idle there, here;
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(IDLE_SIZE);
	unsigned int last = cpumask_last(cpu_online_mask);
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;

	args.limit_bytes = IDLE / (PAGE_SIZE / IDLE_SIZE) * PAGE_SIZE;
	cache = tcslab_cache_create("memory-idle", &args);
	if (!context_check(!IS_ERR(cache), "a cache of %u objects", IDLE))
		return;
	there = (struct idle){ .cache = cache, .gfp = GFP_KERNEL };
	here = there;
	work_on_cpu(last, use_idle, &there);
	tcslab_cache_stats(cache, &stats);
	work_on_cpu(0, take_idle, &here);
	context_check(here.n == IDLE, "%u of them elsewhere, of which %lu were in an array",
		      here.n, stats.cpu_cached);
	work_on_cpu(0, free_idle, &here);
	work_on_cpu(0, use_idle, &here);
	there.bulk = true;
	work_on_cpu(last, take_idle, &there);
	context_check(there.n == IDLE, "in bulk, too: %u", there.n);
	work_on_cpu(last, free_idle, &there);
	there.bulk = false;
	work_on_cpu(last, use_idle, &there);
	tcslab_cache_stats(cache, &stats);
	here.gfp = GFP_ATOMIC;
	work_on_cpu(0, take_idle, &here);
	context_check(here.n + stats.cpu_cached >= IDLE,
		      "who may not sleep: %u, all but what was in arrays, %lu", here.n,
		      stats.cpu_cached);
	free_idle(&here);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* ------------------------------------------------------------ beyond the limit */

static void over_limit(const char *what, unsigned int flags, unsigned int min_objects)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;
	void *objs[16] = {};
	unsigned int i, n = 0;

	args.limit_bytes = 4 * PAGE_SIZE;
	args.flags = flags;
	args.min_objects = min_objects;
	cache = tcslab_cache_create("memory-over", &args);
	if (!context_check(!IS_ERR(cache), "%s", what))
		return;
	for (i = 0; i < 4; i++) {
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY);
		n += !!objs[i];
	}
	context_check(n == 4 && !tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY),
		      "four objects and no more");
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.limit_overruns && stats.limit_refusals == 1, "refused once");
	objs[4] = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NOFAIL);
	objs[5] = tcslab_cache_alloc(cache, GFP_NOIO | __GFP_NOFAIL | __GFP_NORETRY);
	n = tcslab_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOFAIL, 4, objs + 6);
	tcslab_cache_stats(cache, &stats);
	context_check(objs[4] && objs[5] && n == 4 && stats.limit_overruns == 6 &&
		      stats.held_bytes == 10 * PAGE_SIZE,
		      "__GFP_NOFAIL goes above it, %lu times, to %lu bytes",
		      stats.limit_overruns, stats.held_bytes);
	context_check(!tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY | __GFP_NOMEMALLOC),
		      "others are refused above it");
	for (i = 3; i < 10; i++)
		tcslab_cache_free(cache, objs[i]);
	tcslab_cache_shrink(cache);
	objs[3] = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY);
	context_check(objs[3], "and served below");
	for (i = 0; i < 4; i++)
		tcslab_cache_free(cache, objs[i]);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* A reserve that cannot be refused goes beyond the limit, not to what the cache promised others. */
static void refill_beyond(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct tcslab_reserve *reserve;
	struct tcslab_cache *cache;
	void *obj, *objs[3];
	int err;

	args.limit_bytes = 4 * PAGE_SIZE;
	args.min_objects = 2;
	cache = tcslab_cache_create("memory-refill", &args);
	if (!context_check(!IS_ERR(cache), "a cache with a minimum and a reserve"))
		return;
	reserve = tcslab_reserve_create(cache, 1, GFP_KERNEL);
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	if (context_check(!IS_ERR(reserve) && obj, "all that it may have")) {
		objs[2] = tcslab_reserve_alloc(reserve);
		err = tcslab_reserve_refill(reserve, GFP_KERNEL | __GFP_NOFAIL);
		objs[0] = tcslab_cache_alloc(cache, GFP_ATOMIC);
		objs[1] = tcslab_cache_alloc(cache, GFP_ATOMIC);
		context_check(!err && objs[0] && objs[1],
			      "a refill without fail leaves the minimum alone");
		tcslab_cache_free(cache, objs[0]);
		tcslab_cache_free(cache, objs[1]);
		tcslab_cache_free(cache, objs[2]);
		tcslab_reserve_destroy(reserve);
	}
	tcslab_cache_free(cache, obj);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* ----------------------------------------------------------------- waiting */

#define ALL		4
#define STANDSTILL	(20 * HZ)	/* a busy host takes its time */

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

/* If nobody wakes him we do, so that the test comes to its end. */
static bool ends(struct waiter *w, struct task_struct *task)
{
	if (wait_for_completion_timeout(&w->done, STANDSTILL))
		return true;
	send_sig(SIGKILL, task, 1);
	wait_for_completion(&w->done);
	return false;
}

/* Who looks by himself switches as often as he looks. */
static void stays_asleep(struct task_struct *task)
{
	unsigned long before = READ_ONCE(task->nvcsw), woken;

	msleep(1000);
	woken = READ_ONCE(task->nvcsw) - before;
	context_check(woken < 5, "who waits sleeps while nothing comes: woken %lu times", woken);
}

static void waiting(unsigned int min_objects)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct tcslab_cache *cache;
	struct task_struct *task;
	void *objs[ALL];
	struct waiter w;
	int i, n = 0;

	args.limit_bytes = ALL * PAGE_SIZE;
	args.flags = TCSLAB_LIMIT_WAIT;
	args.min_objects = min_objects;
	cache = tcslab_cache_create("memory-wait", &args);
	if (!context_check(!IS_ERR(cache), "a cache to wait for, %u promised", min_objects))
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
	stays_asleep(task);
	for (i = 0; i < 100; i++) {
		wake_up_process(task);
		usleep_range(500, 1000);
	}
	context_check(!completion_done(&w.done), "who may sleep waits, whoever wakes him");
	tcslab_cache_free(cache, objs[0]);
	context_check(ends(&w, task) && w.obj, "until there is an object");
	kthread_stop(task);
	objs[0] = w.obj;

	task = start_waiter(&w, cache);
	if (!context_check(!IS_ERR(task), "another thread"))
		return;
	msleep(50);
	send_sig(SIGKILL, task, 1);
	context_check(ends(&w, task) && !w.obj, "or it is killed");
	kthread_stop(task);
	for (i = 0; i < ALL; i++)
		tcslab_cache_free(cache, objs[i]);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* ------------------------------------------------------------- passing it on */

/*
 * There is room for one object, and many wait for it.  Who gets it has it freed in one of
 * these ways; if a wake-up is lost, nobody ever moves again.
 */
enum way {
	BY_TASK,		/* on another CPU, an isolated one among them */
	BY_IRQ,
	BY_RCU,
	BY_BULK,
	BY_ITSELF,
	NR_WAYS,
};

static const char * const way_names[] = { "tasks", "interrupts", "RCU", "in bulk", "themselves" };

#define PASSERS		6
#define PASSES		(CONTEXT_CHECKED ? 200 : 1000)

struct passed {
	struct rcu_head rcu;
	struct passed *next;
};

/* Frees what it is given, in a hard interrupt. */
struct freer {
	struct hrtimer timer;
	void *obj;
};

static struct tcslab_cache *one;
static struct freer freers[PASSERS];
static atomic_t passes, passing;
static bool pass_gfp_node;

static enum hrtimer_restart free_in_irq(struct hrtimer *timer)
{
	tcslab_cache_free(one, container_of(timer, struct freer, timer)->obj);
	return HRTIMER_NORESTART;
}

/* It has something to free. */
static void wait_for_timer(struct freer *freer)
{
	while (hrtimer_active(&freer->timer))
		schedule_timeout_uninterruptible(1);
}

static long free_there(void *obj)
{
	tcslab_cache_free(one, obj);
	return 0;
}

static unsigned int other_cpu(void)
{
	unsigned int cpu = cpumask_next(raw_smp_processor_id(), cpu_online_mask);

	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

static void pass_on(struct freer *freer, struct passed *obj, enum way way)
{
	void *objs[1] = { obj };

	switch (way) {
	case BY_TASK:
		work_on_cpu(other_cpu(), free_there, obj);
		break;
	case BY_IRQ:
		wait_for_timer(freer);
		freer->obj = obj;
		hrtimer_start(&freer->timer, ns_to_ktime(20000), CONTEXT_HARD_TIMER);
		break;
	case BY_RCU:
		tcslab_free_rcu(obj, rcu);
		break;
	case BY_BULK:
		tcslab_cache_free_bulk(one, 1, objs);
		break;
	default:
		tcslab_cache_free(one, obj);
	}
}

static enum way next_way;	/* NR_WAYS: all of them by turns */
static int nr_passes;

static int passer(void *data)
{
	struct freer *freer = data;
	struct passed *obj;
	unsigned int n;

	allow_signal(SIGKILL);
	hrtimer_setup(&freer->timer, free_in_irq, CLOCK_MONOTONIC, CONTEXT_HARD_TIMER);
	while ((n = atomic_inc_return(&passes)) <= nr_passes) {
		gfp_t gfp = GFP_KERNEL | (pass_gfp_node && n % 2 ? __GFP_THISNODE : 0);

		obj = tcslab_cache_alloc(one, gfp);
		if (!obj)
			break;	/* killed */
		pass_on(freer, obj, next_way == NR_WAYS ? n % NR_WAYS : next_way);
	}
	wait_for_timer(freer);
	atomic_dec(&passing);
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

/* True if all of them came to their end. */
static bool pass_all(void)
{
	struct task_struct *tasks[PASSERS];
	unsigned long since = jiffies;
	int i, last = 0, now;
	bool stuck = false;

	atomic_set(&passes, 0);
	atomic_set(&passing, PASSERS);
	for (i = 0; i < PASSERS; i++) {
		tasks[i] = kthread_create(passer, &freers[i], "pass/%d", i);
		if (IS_ERR(tasks[i])) {
			atomic_dec(&passing);
			continue;
		}
		kthread_bind(tasks[i], cpumask_nth(i % num_online_cpus(), cpu_online_mask));
		wake_up_process(tasks[i]);
	}
	while (atomic_read(&passing)) {
		now = atomic_read(&passes);
		if (now != last)
			since = jiffies;
		last = now;
		if (jiffies - since > STANDSTILL && !stuck) {
			stuck = true;
			for (i = 0; i < PASSERS; i++)
				if (!IS_ERR(tasks[i]))
					send_sig(SIGKILL, tasks[i], 1);
		}
		msleep(20);
	}
	for (i = 0; i < PASSERS; i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
	return !stuck;
}

static void passing_on(size_t size)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache_stats stats;
	unsigned long begin;

	args.limit_bytes = PAGE_SIZE;
	args.flags = TCSLAB_LIMIT_WAIT;
	one = tcslab_cache_create("memory-pass", &args);
	if (!context_check(!IS_ERR(one), "room for %zu, for %d who wait", PAGE_SIZE / size,
			   PASSERS))
		return;
	for (next_way = BY_TASK; next_way <= NR_WAYS; next_way++) {
		pass_gfp_node = next_way == NR_WAYS;
		/* A grace period takes its time. */
		nr_passes = next_way == BY_RCU || next_way == NR_WAYS ? PASSES / 10 : PASSES;
		begin = jiffies;
		context_check(pass_all(), "freed by %s, it comes to the next",
			      next_way < NR_WAYS ? way_names[next_way] : "any");
		pr_notice(CONTEXT_PREFIX "# %u ms for %d\n", jiffies_to_msecs(jiffies - begin),
			  nr_passes);
	}
	tcslab_rcu_barrier();
	tcslab_cache_stats(one, &stats);
	context_check(!stats.in_use && !stats.limit_refusals && !stats.limit_overruns,
		      "nobody was refused: %lu", stats.limit_refusals);
	context_check(!tcslab_cache_destroy(one), "destroyed");
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

static void let_go(void)
{
	void *obj;

	while ((obj = filling)) {
		filling = *(void **)obj;
		tcslab_free(obj);
	}
}

/* No grace period is over before the last one is given to RCU. */
static void rcu_let_go(void)
{
	struct passed *obj;

	rcu_read_lock();
	while ((obj = filling)) {
		filling = *(void **)obj;
		tcslab_free_rcu(obj, rcu);
	}
	rcu_read_unlock();
}

/* All that the limit allows waits for a grace period. */
static void freed_by_rcu(void)
{
	unsigned long n = fill_up();
	void *obj;

	rcu_let_go();
	obj = tcslab_alloc(SZ_32K, GFP_KERNEL);
	context_check(n && obj, "at the limit, after %lu objects that RCU frees", n);
	tcslab_free(obj);
	n = fill_up();
	rcu_let_go();
	obj = tcslab_alloc(SZ_256K, GFP_KERNEL);
	context_check(n && obj, "and for a large one");
	tcslab_free(obj);
	tcslab_trim();
}

/* Who cannot be refused: what another zone has free has to go, or he goes beyond the limit. */
static void no_fail(unsigned long limit)
{
	unsigned long pages = limit >> PAGE_SHIFT, n;
	void *obj, *other;

	other = tcslab_alloc(SZ_32K, GFP_KERNEL | GFP_DMA32);
	n = fill_up();
	tcslab_free(other);
	obj = tcslab_alloc(PAGE_SIZE * 2, GFP_KERNEL | __GFP_NOFAIL);
	context_check(obj && n && tcslab_held_pages() <= pages,
		      "without fail, at the limit, after %lu objects", n);
	fill_up();
	other = tcslab_alloc(SZ_32K, GFP_KERNEL | __GFP_NOFAIL);
	context_check(other && tcslab_held_pages() > pages,
		      "without fail, where nothing is free: %lu pages of %lu",
		      tcslab_held_pages(), pages);
	context_check(!tcslab_alloc(SZ_32K, GFP_KERNEL), "others are refused above it");
	let_go();
	tcslab_free(other);
	tcslab_free(obj);
}

static long fill_with_pages(void *arg)
{
	struct taker *t = arg;

	while (t->nr < 4096) {
		struct chained *obj = tcslab_alloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);

		if (!obj)
			break;
		obj->next = t->taken;
		t->taken = obj;
		t->nr++;
	}
	return 0;
}

static long free_pages_there(void *arg)
{
	give_back(arg);
	return 0;
}

/* The arrays of one CPU hold pages of many chunks, of which nothing else is in use. */
static void idle_pages(unsigned long limit)
{
	static struct taker pages, objs = { .size = SZ_32K };
	unsigned int last = cpumask_last(cpu_online_mask);
	struct chained *obj;

	work_on_cpu(last, fill_with_pages, &pages);
	work_on_cpu(last, free_pages_there, &pages);
	while ((obj = take_one(&objs))) {
		obj->next = objs.taken;
		objs.taken = obj;
		objs.nr++;
	}
	give_back(&objs);
	context_check(objs.nr == limit / SZ_32K, "after %lu pages %lu objects of 32 KiB",
		      pages.nr, objs.nr);
}

/* Who loads us has set the limit. */
static void hard_limit(void)
{
	static const size_t sizes[] = { 40, 3000, 20000, 300000 };
	unsigned long limit = (unsigned long)hard_mib << 20, taken;

	taken = take_all(NULL, sizes, ARRAY_SIZE(sizes), limit);
	context_check(taken, "%lu objects came out", taken);
	tcslab_trim();
	freed_by_rcu();
	no_fail(limit);
	idle_pages(limit);
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
		idle_objects();
		over_limit("a limit", 0, 0);
		over_limit("a limit to wait at", TCSLAB_LIMIT_WAIT, 0);
		over_limit("a limit and a minimum", 0, 2);
		refill_beyond();
		waiting(0);
		waiting(1);
		passing_on(PAGE_SIZE);
		passing_on(PAGE_SIZE / 2);
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
