// SPDX-License-Identifier: GPL-2.0
/* The limit of all caches together */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>

#include "context_test.h"
#include "takers.h"

static unsigned int hard_mib;
module_param(hard_mib, uint, 0444);
MODULE_PARM_DESC(hard_mib, "the limit of all caches is set, to so many MiB: only try that");

static unsigned int grow_pages;
module_param(grow_pages, uint, 0444);
MODULE_PARM_DESC(grow_pages, "only grow for seconds: at most so many pages may be held then");

/* What fills the limit keeps the next one, until it is RCU's. */
union filler {
	union filler *next;
	struct rcu_head rcu;
};

static union filler *filling;

static unsigned long fill_up(void)
{
	unsigned long n = 0;
	union filler *obj;

	while ((obj = tcslab_alloc(SZ_32K, GFP_NOWAIT | __GFP_NOWARN))) {
		obj->next = filling;
		filling = obj;
		n++;
	}
	return n;
}

static void let_go(void)
{
	union filler *obj;

	while ((obj = filling)) {
		filling = obj->next;
		tcslab_free(obj);
	}
}

/* No grace period is over before the last one is given to RCU. */
static void rcu_let_go(void)
{
	union filler *obj;

	rcu_read_lock();
	while ((obj = filling)) {
		filling = obj->next;
		tcslab_free_rcu(obj, rcu);
	}
	rcu_read_unlock();
}

#define RCU_ROUNDS	10

/*
 * Then @size bytes are wanted: how many times of RCU_ROUNDS they were not had.  @most objects were
 * there in a round; in one that begins while somebody gives back, fewer.
 */
static unsigned int refused_after_rcu(size_t size, unsigned long *most)
{
	unsigned int round, refused = 0;
	void *obj;

	*most = 0;
	for (round = 0; round < RCU_ROUNDS; round++) {
		tcslab_rcu_barrier();
		*most = max(*most, fill_up());
		rcu_let_go();
		obj = tcslab_alloc(size, GFP_KERNEL);
		refused += !obj;
		tcslab_free(obj);
	}
	return refused;
}

/* All that the limit allows waits for a grace period. */
static void freed_by_rcu(void)
{
	unsigned long n;
	unsigned int refused = refused_after_rcu(SZ_32K, &n);

	context_check(n && !refused,
		      "at the limit, after %lu objects that RCU frees: refused %u times", n,
		      refused);
	refused = refused_after_rcu(SZ_256K, &n);
	context_check(n && !refused, "and for a large one: refused %u times", refused);
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

static int __init hard_limit_init(void)
{
	if (!grow_pages && !hard_mib)
		return -EINVAL;
	if (grow_pages)
		grow();
	else
		hard_limit();
	context_plan();
	return 0;
}

static void __exit hard_limit_exit(void)
{
}

module_init(hard_limit_init);
module_exit(hard_limit_exit);

MODULE_DESCRIPTION("tcslab test: the limit of all caches");
MODULE_LICENSE("GPL");
