// SPDX-License-Identifier: GPL-2.0
/*
 * Frees of what is free already, through <linux/tcslab_slab.h>: once the span of an object
 * is gone its page is still ours, and no call may take it for the kernel's.
 *
 * Each call is reported and does nothing.  On kernels before 6.14 the kernel's own kfree()
 * would drop a reference that such a page does not have.
 */
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <linux/tcslab_slab.h>
#include "context_test.h"
#include "back/pages.h"

static bool checks;
module_param(checks, bool, 0400);
MODULE_PARM_DESC(checks, "tcslab was loaded with checks=1");

#define NR_PAGES	2048	/* more than arrays and stacks hold */
#define NR_AGAIN	512
#define KEEP		8	/* pages: no chunk is smaller */

struct thing {
	char text[40];
	struct rcu_head rcu;
};

static bool is_ours(const void *obj, struct page **page)
{
	return tcslab_find_page(obj, page);
}

static bool is_counted(const struct page *page)
{
	return page_ref_count(page) == TCSLAB_PAGE_REFS;
}

/* What the kernel did to the pages of @objs that are still ours. */
static unsigned int miscounted(void **objs, unsigned int n)
{
	unsigned int bad = 0, i;
	struct page *page;

	for (i = 0; i < n; i++)
		bad += is_ours(objs[i], &page) && !is_counted(page);
	return bad;
}

/* An object whose span is gone, in a chunk that one of another size keeps.  Needs checks=1. */
static void *gone(size_t size)
{
	void *obj = kmalloc(size, GFP_KERNEL);
	struct page *page;

	OPTIMIZER_HIDE_VAR(obj);	/* the compiler knows what kfree() does */
	if (obj)
		memset(obj, 0x5a, size);
	kfree(obj);
	return obj && is_ours(obj, &page) ? obj : NULL;
}

static bool untouched(const void *obj, size_t size)
{
	return context_filled(obj, 0x5a, size) || context_filled(obj, 0, size);	/* init_on_free */
}

/* After each call: nothing of the page has changed, and it is still one that is free. */
#define refuse(name, call) do {							\
	struct thing *thing = gone(sizeof(struct thing));			\
	struct page *page;							\
										\
	if (!context_check(thing, name ": an object whose span is gone"))	\
		break;								\
	call;									\
	context_check(is_ours(thing, &page) && is_counted(page) &&			\
		      untouched(thing, sizeof(*thing)), name ": refused");	\
} while (0)

static void each_call(void)
{
	void *keep = kmalloc(3000, GFP_KERNEL), *to;
	void *large = kmalloc(100000, GFP_KERNEL), *objs[2];
	struct page *page;

	refuse("kfree", kfree(thing));
	refuse("kfree, again", kfree(thing));
	refuse("kvfree", kvfree(thing));
	refuse("kfree_sensitive", kfree_sensitive(thing));
	refuse("kvfree_sensitive", kvfree_sensitive(thing, sizeof(*thing)));
	refuse("kfree_const", kfree_const(thing));
	refuse("kfree_rcu", kfree_rcu(thing, rcu); tcslab_rcu_barrier());
	refuse("kfree_rcu_mightsleep", kfree_rcu_mightsleep(thing); tcslab_rcu_barrier());
	refuse("kfree_bulk", objs[0] = thing; objs[1] = thing; kfree_bulk(2, objs));
	refuse("tcslab_free", tcslab_free(thing));
	refuse("tcslab_free_bulk", objs[0] = thing; tcslab_free_bulk(1, objs));
	refuse("mempool_kfree", mempool_kfree(thing, (void *)sizeof(*thing)));
	refuse("ksize", context_check(!ksize(thing), "ksize: 0"));
	refuse("krealloc", to = krealloc(thing, 2000, GFP_KERNEL);
	       context_check(!to, "krealloc: NULL"));
	refuse("krealloc, smaller", to = krealloc(thing, 8, GFP_KERNEL);
	       context_check(!to, "krealloc, smaller: NULL"));
	refuse("krealloc, nothing", to = krealloc(thing, 0, GFP_KERNEL));
	refuse("a pointer into it", kfree(thing->text + 8));

	/* What follows the first page of a large object is no object. */
	kfree(large + PAGE_SIZE);
	context_check(ksize(large) >= 100000 && is_ours(large + PAGE_SIZE, &page) &&
		      is_counted(page), "inside of a large object");
	kfree(large);
	kfree(keep);
}

/*
 * Many at once: some of them are still in an array, the others are gone with their spans.
 * One in each chunk stays, or the pages would be the kernel's, where nothing can be told.
 */
static void many(void)
{
	static void *objs[NR_PAGES];
	unsigned int i, n, again = 0;

	for (n = 0; n < NR_PAGES; n++) {
		objs[n] = kmalloc(4096, GFP_KERNEL);
		if (!objs[n])
			break;
	}
	for (i = 0; i < n; i++)
		if (i % KEEP)
			kfree(objs[i]);
	for (i = 0; i < n && again < NR_AGAIN; i++) {
		if (i % KEEP) {
			kfree(objs[i]);
			again++;
		}
	}
	context_check(again == NR_AGAIN && !miscounted(objs, n), "%u of %u have wrong counts",
		      miscounted(objs, n), again);
	for (i = 0; i < n; i += KEEP)
		kfree(objs[i]);
}

/* What the fast path refuses, whoever called it. */
#define refuse_now(name, size, call) do {					\
	u8 *one = kmalloc(size, GFP_KERNEL), *two = kmalloc(size, GFP_KERNEL);	\
	u8 *a, *b;								\
										\
	OPTIMIZER_HIDE_VAR(one);						\
	memset(two, 0x5a, size);						\
	call;									\
	a = kmalloc(size, GFP_KERNEL);						\
	b = kmalloc(size, GFP_KERNEL);						\
	context_check(a != b && a != two && b != two &&				\
		      ((size) == 8 || (a != two + 8 && b != two + 8)) &&	\
		      !memchr_inv(two, 0x5a, size), "%s of %d bytes", name, size);	\
	kfree(a);								\
	kfree(b);								\
	kfree(two);								\
} while (0)

static void at_once(void)
{
	struct kmem_cache *cache = kmem_cache_create("twice", 1000, 0, 0, NULL);
	u8 small[8], *obj = kmem_cache_alloc(cache, GFP_KERNEL), *a, *b, *other;
	unsigned int i;

	refuse_now("kfree, kfree", 40, kfree(one); kfree(one));
	refuse_now("kfree, kfree", 600, kfree(one); kfree(one));
	refuse_now("kfree, kfree", 9000, kfree(one); kfree(one));
	refuse_now("kfree, kvfree", 40, kfree(one); kvfree(one));
	refuse_now("kfree, kfree_sensitive", 40, kfree(one); kfree_sensitive(one));
	refuse_now("kfree of p + 8", 40, kfree(one); kfree(two + 8));
	refuse_now("kfree of p + 8", 600, kfree(one); kfree(two + 8));
	refuse_now("kmem_cache_free of kmalloc'ed", 1000, kfree(one); kmem_cache_free(cache, two));
	refuse_now("kmem_cache_free of kmalloc'ed", 8, kfree(one); kmem_cache_free(cache, two));
	refuse_now("kmem_cache_free of p + 8", 1000, kfree(one); kmem_cache_free(cache, obj + 8));
	refuse_now("kmem_cache_free of the stack's", 8, kfree(one); kmem_cache_free(cache, small));
	other = tcslab_native_kmalloc(1000, GFP_KERNEL);
	refuse_now("kmem_cache_free of the kernel's", 8, kfree(one); kmem_cache_free(cache, other));
	tcslab_native_kfree(other);
	for (i = 0; i < 200; i++) {
		a = kmem_cache_alloc(cache, GFP_KERNEL);
		b = kmem_cache_alloc(cache, GFP_KERNEL);
		kmem_cache_free(cache, a);
		if (i < 2)
			kmem_cache_free(cache, a);
		other = kmem_cache_alloc(cache, GFP_KERNEL);
		a = kmem_cache_alloc(cache, GFP_KERNEL);
		if (a == b || b == other || a == other || a == obj + 8 || other == obj + 8)
			break;
		kmem_cache_free(cache, other);
		kmem_cache_free(cache, b);
		kmem_cache_free(cache, a);
	}
	context_check(i == 200, "kmem_cache_free, kmem_cache_free: %u", i);
	kmem_cache_free(cache, obj);
	kmem_cache_destroy(cache);
}

static int __init twice_init(void)
{
	context_stay_here();
	at_once();
	/* Without it a span is not gone at once. */
	if (checks)
		each_call();
	many();
	context_plan();
	return 0;
}

static void __exit twice_exit(void)
{
}

module_init(twice_init);
module_exit(twice_exit);

MODULE_DESCRIPTION("tcslab test: what is free is not freed again");
MODULE_LICENSE("GPL");
