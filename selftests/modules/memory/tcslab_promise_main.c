// SPDX-License-Identifier: GPL-2.0
/*
 * All memory is gone: promised objects are served, as mempool serves them, and what lies
 * idle in tcslab comes before NULL
 *
 * Calls are made by another thread, so that one that is not served does not stop the test: then
 * the memory is given back.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include <linux/tcslab.h>

#include "context_test.h"
#include "no_memory.h"

#define PROMISED	16
#define SIZE		PAGE_SIZE	/* so that each object has to be found */
#define PATIENCE	(60 * HZ)	/* what fails is not served at all, a slow host late */
#define MAX_OBJS	4096
#define SPLITS		16	/* for which a heap has structures in reserve */

static struct helper caller, elsewhere;

/* ---------------------------------------------------------------------- calls */

/**
 * struct call - what another thread does
 * @func: calls this
 * @gfp: with that
 * @scope: PF_MEMALLOC, PF_MEMALLOC_NOIO, PF_MEMALLOC_NOFS or 0
 * @objs: what it got
 * @n: its number
 * @most: not more than so many
 * @ms: what the longest took
 */
struct call {
	void *(*func)(gfp_t gfp);
	gfp_t gfp;
	unsigned int scope;
	void *objs[PROMISED];
	unsigned int n;
	unsigned int most;
	unsigned int ms;
};

static void make_call(void *arg)
{
	struct call *c = arg;
	unsigned int flags = current->flags & c->scope;
	unsigned long begin;
	void *obj;

	current->flags |= c->scope;
	while (c->n < c->most) {
		begin = jiffies;
		obj = c->func(c->gfp);
		c->ms = max(c->ms, jiffies_to_msecs(jiffies - begin));
		if (!obj)
			break;
		c->objs[c->n++] = obj;
	}
	current->flags = (current->flags & ~c->scope) | flags;
}

/* True if it was soon enough; if not, memory comes back so that it ends. */
static bool end_call(void)
{
	bool soon = wait_for_completion_timeout(&caller.done, PATIENCE);

	if (!soon) {
		give_back();
		wait_for_completion(&caller.done);
	}
	return soon;
}

static bool call(struct call *c)
{
	do_it(&caller, make_call, c);
	return end_call();
}

/* ------------------------------------------------------------------- promises */

static struct tcslab_cache *things, *plain;
static struct tcslab_reserve *reserve;
static mempool_t *pool;
static void *surplus[MAX_OBJS];
static unsigned int nr_surplus;

static void *from_minimum(gfp_t gfp)
{
	return tcslab_cache_alloc(things, gfp | __GFP_NOWARN);
}

static void *from_mempool(gfp_t gfp)
{
	return mempool_alloc(pool, gfp);
}

static void *from_reserve(gfp_t gfp)
{
	return tcslab_reserve_alloc(reserve);
}

static void *refill(gfp_t gfp)
{
	tcslab_reserve_refill(reserve, gfp | __GFP_NOWARN);
	return NULL;
}

static void free_thing(void *obj)
{
	tcslab_cache_free(things, obj);
}

static void free_element(void *obj)
{
	mempool_free(obj, pool);
}

static void free_reserved(void *obj)
{
	tcslab_reserve_free(reserve, obj);
}

/* What the caches have besides, without touching what is promised. */
static void exhaust(struct tcslab_cache *cache)
{
	void *obj;

	while (nr_surplus < MAX_OBJS) {
		obj = tcslab_cache_alloc(cache, __GFP_NOWARN | __GFP_NOMEMALLOC);
		if (!obj)
			break;
		surplus[nr_surplus++] = obj;
	}
}

static const struct way {
	const char *name;
	gfp_t gfp;
	unsigned int scope;
} ways[] = {
	{ "GFP_NOIO", GFP_NOIO },
	{ "GFP_NOFS", GFP_NOFS },
	{ "GFP_KERNEL", GFP_KERNEL },
	{ "GFP_ATOMIC", GFP_ATOMIC },
	{ "GFP_NOIO, PF_MEMALLOC", GFP_NOIO, PF_MEMALLOC },
	{ "GFP_KERNEL, memalloc_noio", GFP_KERNEL, PF_MEMALLOC_NOIO },
	{ "GFP_KERNEL, memalloc_nofs", GFP_KERNEL, PF_MEMALLOC_NOFS },
};

static void all_promised(const char *what, const struct way *way, void *(*func)(gfp_t gfp),
			 void (*give)(void *obj))
{
	struct call c = {
		.func = func, .gfp = way->gfp, .scope = way->scope, .most = PROMISED,
	};
	unsigned int n;

	context_check(call(&c) && c.n == PROMISED,
		      "%s, %s: %u of %u", what, way->name, c.n, PROMISED);
	pr_notice(CONTEXT_PREFIX "# %s, %s: %u ms at most\n", what, way->name, c.ms);
	for (n = 0; n < c.n; n++)
		give(c.objs[n]);
}

/* One more than was promised: he waits for it, and gets it when it comes. */
static void one_more(const char *what, void *(*func)(gfp_t gfp), void (*give)(void *obj))
{
	struct call all = { .func = func, .gfp = GFP_NOIO, .most = PROMISED };
	struct call more = { .func = func, .gfp = GFP_NOIO, .most = 1 };
	unsigned long begin;
	bool soon;

	if (!call(&all) || all.n != PROMISED)
		goto out;
	do_it(&caller, make_call, &more);
	msleep(500);
	begin = jiffies;
	give(all.objs[--all.n]);
	soon = end_call();
	context_check(soon && more.n, "%s: what comes back is for who waits", what);
	pr_notice(CONTEXT_PREFIX "# %s: %u ms after it came\n", what,
		  jiffies_to_msecs(jiffies - begin));
	if (more.n)
		give(more.objs[0]);
out:
	while (all.n)
		give(all.objs[--all.n]);
}

static void *several[2 * PROMISED];

static void *in_bulk(gfp_t gfp)
{
	return tcslab_cache_alloc_bulk(things, gfp, ARRAY_SIZE(several), several) ? several : NULL;
}

/* More than was promised, of who cannot be refused: he waits for memory. */
static void without_fail(void)
{
	struct call c = { .func = in_bulk, .gfp = GFP_KERNEL | __GFP_NOFAIL, .most = 1 };

	do_it(&caller, make_call, &c);
	msleep(2000);
	give_back();
	wait_for_completion(&caller.done);
	context_check(c.n, "__GFP_NOFAIL in bulk from a cache with a minimum: after %u ms", c.ms);
	if (c.n)
		tcslab_cache_free_bulk(things, ARRAY_SIZE(several), several);
}

static void promises(void)
{
	struct call again = { .func = refill, .gfp = GFP_NOIO, .most = 1 };
	struct way none = { "any context" };
	unsigned int i;
	void *obj;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		begin_hog();
		exhaust(things);
		all_promised("mempool", &ways[i], from_mempool, free_element);
		all_promised("minimum", &ways[i], from_minimum, free_thing);
	}
	one_more("mempool", from_mempool, free_element);
	one_more("minimum", from_minimum, free_thing);
	begin_hog();
	exhaust(things);
	without_fail();
	begin_hog();
	exhaust(plain);
	obj = tcslab_reserve_alloc(reserve);
	context_check(call(&again), "a refill comes to an end");
	pr_notice(CONTEXT_PREFIX "# after %u ms\n", again.ms);
	tcslab_reserve_free(reserve, obj);
	begin_hog();
	exhaust(plain);
	all_promised("reserve", &none, from_reserve, free_reserved);
}

/* ------------------------------------------------------------ before it is NULL */

static void *idle[16];

static void free_idle(void *arg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(idle); i++)
		tcslab_free(idle[i]);
}

/* What was taken until there was no more. */
static void **kept[2];
static unsigned int per_page;	/* of ours */
enum { OURS, SLUBS };

static void *ours(gfp_t gfp)
{
	return tcslab_alloc(100, gfp);
}

static void *slubs(gfp_t gfp)
{
	return kmalloc(100, gfp);
}

static unsigned int take(void *(*alloc)(gfp_t gfp), int whose, gfp_t gfp)
{
	unsigned int n = 0;
	void **obj;

	while ((obj = alloc(gfp | __GFP_NOWARN))) {
		*obj = kept[whose];
		kept[whose] = obj;
		n++;
	}
	return n;
}

static void give_kept(void)
{
	void **obj;

	while ((obj = kept[OURS])) {
		kept[OURS] = *obj;
		tcslab_free(obj);
	}
	while ((obj = kept[SLUBS])) {
		kept[SLUBS] = *obj;
		kfree(obj);
	}
}

/* --------------------------------------------------------------- drains are counted */

static atomic_t drains, own_drains;
static struct task_struct *asking;

static int count_drain(struct kprobe *probe, struct pt_regs *regs)
{
	atomic_inc(&drains);
	/* Not by our shrinker, from inside of our reclaim. */
	if (current == asking && !(current->flags & PF_MEMALLOC))
		atomic_inc(&own_drains);
	return 0;
}

static struct kprobe drain_probe = {
	.symbol_name = "tcslab:tcslab_visit_drain", .pre_handler = count_drain,
};

#define VAIN_MS		200	/* twice as long as a drain in vain keeps others from it */
#define TRIES		100	/* somebody else may drain all caches just then */

/*
 * Pages that are neither in use by @n objects more than when @held were held, nor the kernel's.
 * A longer span has room for more objects than as many pages.
 */
static long still_idle(unsigned long held, unsigned int n)
{
	return tcslab_held_pages() - held - DIV_ROUND_UP(n, per_page);
}

/*
 * With nothing free anywhere but what another zone has, or another cache on another CPU.
 *
 * The kernel reclaims meanwhile: then our shrinker has given what lay idle, and what
 * the kernel gets below its watermarks it keeps.  So nobody can say who is served, but when an
 * allocation has failed nothing may lie idle.
 */
static void idle_first(struct tcslab_cache *pages)
{
	unsigned int i, n, tries;
	void *low, *spared[SPLITS];
	unsigned long held;
	long left;

	low = tcslab_alloc(100, GFP_KERNEL);
	per_page = PAGE_SIZE / tcslab_usable_size(low);
	tcslab_free(low);
	/* From here on as much is kept as our script has said. */
	tcslab_trim();
	/* Without reclaim, which would take chunks to pieces: their pages are the kernel's then. */
	hog_gfp = __GFP_NOWARN;
	for (i = 0; i < ARRAY_SIZE(idle); i++)
		idle[i] = tcslab_cache_alloc(pages, GFP_KERNEL);
	low = tcslab_alloc(SZ_512K, GFP_KERNEL | GFP_DMA32);
	begin_hog();
	stop_hog();
	take(ours, OURS, 0);
	held = tcslab_held_pages();
	tcslab_free(low);
	/* A page of it each, without memory for structures with which to split it. */
	for (n = 0; n < SPLITS; n++) {
		spared[n] = tcslab_alloc(PAGE_SIZE, __GFP_NOWARN);
		if (!spared[n])
			break;
	}
	context_check(n == SPLITS || tcslab_held_pages() <= held - (SZ_512K / PAGE_SIZE - n),
		      "another zone's pages come before NULL: %u of %u", n, SPLITS);
	while (n--)
		tcslab_free(spared[n]);

	n = take(slubs, SLUBS, GFP_NOIO | __GFP_NORETRY);
	pr_notice(CONTEXT_PREFIX "# kmalloc(100): %u times\n", n);
	n = take(ours, OURS, GFP_NOIO | __GFP_NORETRY);
	pr_notice(CONTEXT_PREFIX "# tcslab_alloc(100): %u times\n", n);
	held = tcslab_held_pages() - ARRAY_SIZE(idle);
	do_it(&elsewhere, free_idle, NULL);
	wait_for_completion(&elsewhere.done);
	asking = current;
	atomic_set(&own_drains, 0);
	for (tries = n = 0; tries < TRIES && !atomic_read(&own_drains); tries++) {
		msleep(VAIN_MS);
		n += take(ours, OURS, GFP_NOIO | __GFP_NORETRY);
	}
	left = still_idle(held, n);
	context_check(atomic_read(&own_drains) && left <= 0,
		      "and what is idle: %u times, %ld of %zu pages are left", n, left,
		      ARRAY_SIZE(idle));
	give_kept();
}

/* ------------------------------------------------------------------ what NULL costs */

#define REFUSALS	500
#define LONG_ENOUGH	(10 * HZ)	/* reclaim in vain takes as long as the kernel checks */

/* Who tries again and again does not interrupt all CPUs each time; the shrinker may, as often. */
static void refusals(void)
{
	unsigned long begin, most;
	unsigned int n;

	begin_hog();
	atomic_set(&drains, 0);
	begin = jiffies;
	for (n = 0; n < REFUSALS && jiffies - begin < LONG_ENOUGH; n++)
		take(ours, OURS, GFP_NOIO | __GFP_NORETRY);
	begin = jiffies - begin;
	most = 2 * (begin / (HZ / 10) + 2);
	stop_hog();
	context_check(atomic_read(&drains) <= most,
		      "%u attempts in vain: drained %d times in %u ms", n,
		      atomic_read(&drains), jiffies_to_msecs(begin));
	give_kept();
}

static int __init promise_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);
	struct tcslab_cache_args page_args = TCSLAB_CACHE_ARGS(PAGE_SIZE);
	struct tcslab_cache *pages;

	plain = tcslab_cache_create("promise-reserve", &args);
	args.min_objects = PROMISED;
	things = tcslab_cache_create("promise-minimum", &args);
	pages = tcslab_cache_create("promise-pages", &page_args);
	pool = mempool_create_kmalloc_pool(PROMISED, SIZE);
	if (!context_check(!IS_ERR(plain) && !IS_ERR(things) && !IS_ERR(pages) && pool,
			   "two caches, a minimum and a mempool"))
		return -ENOMEM;
	if (!context_check(make_hog() && make_helper(&caller, 0) &&
			   make_helper(&elsewhere, cpumask_last(cpu_online_mask)), "threads"))
		return -ENOMEM;
	reserve = tcslab_reserve_create(plain, PROMISED, GFP_KERNEL);
	if (context_check(!IS_ERR(reserve), "a reserve")) {
		promises();
		give_back();
		while (nr_surplus)
			tcslab_free(surplus[--nr_surplus]);
		context_check(!tcslab_reserve_refill(reserve, GFP_KERNEL), "whole again");
		tcslab_reserve_destroy(reserve);
	}
	if (context_check(!register_kprobe(&drain_probe), "drains can be counted")) {
		idle_first(pages);
		refusals();
		unregister_kprobe(&drain_probe);
	}
	give_back();
	end_hog();
	end_helper(&caller);
	end_helper(&elsewhere);
	mempool_destroy(pool);
	context_check(!tcslab_cache_destroy(plain) && !tcslab_cache_destroy(things) &&
		      !tcslab_cache_destroy(pages), "nothing is lost");
	context_plan();
	return 0;
}

static void __exit promise_exit(void)
{
}

module_init(promise_init);
module_exit(promise_exit);

MODULE_DESCRIPTION("tcslab test: promises without memory");
MODULE_LICENSE("GPL");
