// SPDX-License-Identifier: GPL-2.0
/*
 * Pointers that must not be freed and requests that cannot be: each kind is reported,
 * the machine lives, and the allocator is whole afterwards.  Whatever tcslab's parameters are, but
 * for hardened=0: the free that is wrong is the one that is refused.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define STORM	1000	/* mistakes of one kind */
#define HANDED	150	/* more than an array holds */

static void bad_requests(struct tcslab_cache *cache)
{
	context_check(!tcslab_alloc(100, GFP_KERNEL | __GFP_HIGHMEM) &&
		      !tcslab_alloc(SZ_1M, GFP_KERNEL | __GFP_HIGHMEM) &&
		      !tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_HIGHMEM), "no highmem");
	context_check(!tcslab_alloc(100, GFP_KERNEL | __GFP_MOVABLE) &&
		      !tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_MOVABLE), "nothing movable");
	context_check(!tcslab_alloc(SIZE_MAX / 2, GFP_KERNEL), "not more than there can be");
}

/* What its owner wrote is still there, whatever frees write. */
static bool untouched(const void *obj, size_t size)
{
	return context_filled(obj, 0x5a, size);
}

/* None of @wrong is handed out, nor anything twice. */
static bool hands_out(struct tcslab_cache *cache, const void *wrong)
{
	static void *objs[HANDED];
	bool found = false;
	int i, j, n;

	for (n = 0; n < HANDED; n++) {
		objs[n] = tcslab_cache_alloc(cache, GFP_KERNEL);
		if (!objs[n])
			break;
	}
	for (i = 0; i < n; i++) {
		found |= objs[i] == wrong;
		for (j = 0; j < i; j++)
			found |= objs[i] == objs[j];
	}
	while (n)
		tcslab_cache_free(cache, objs[--n]);
	return found;
}

static unsigned long in_use(struct tcslab_cache *cache)
{
	struct tcslab_cache_stats stats;

	tcslab_cache_stats(cache, &stats);
	return stats.in_use;
}

/* The mistakes with one object of @size, first with nothing in the array, then with something. */
static void of_size(size_t size)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache *cache = tcslab_cache_create("of-size", &args);
	void *obj, *keep, *other = tcslab_alloc(size, GFP_KERNEL);
	int round;

	if (!context_check(!IS_ERR(cache) && other, "%zu bytes: a cache", size))
		return;
	keep = tcslab_cache_alloc(cache, GFP_KERNEL);
	memset(other, 0x5a, size);
	for (round = 0; round < 2; round++) {
		obj = tcslab_cache_alloc(cache, GFP_KERNEL);
		memset(obj, 0x5a, size);
		tcslab_cache_free(cache, other);
		context_check(untouched(other, size) && !hands_out(cache, other) &&
			      in_use(cache) == 2, "%zu bytes: of another cache", size);
		if (size > 8) {
			tcslab_cache_free(cache, obj + 8);
			tcslab_free(obj + size - 8);
			context_check(untouched(obj, size) && !hands_out(cache, obj + 8) &&
				      !hands_out(cache, obj + size - 8) && in_use(cache) == 2,
				      "%zu bytes: into an object", size);
		}
		tcslab_cache_free(cache, obj);
		tcslab_cache_free(cache, obj);
		context_check(!hands_out(cache, NULL) && in_use(cache) == 1,
			      "%zu bytes: twice", size);
		obj = tcslab_cache_alloc(cache, GFP_KERNEL);
		tcslab_free(obj);
		tcslab_free(obj);
		context_check(!hands_out(cache, NULL) && in_use(cache) == 1,
			      "%zu bytes: twice, by no name", size);
		tcslab_cache_free(cache, NULL);
	}
	tcslab_cache_free(cache, keep);
	tcslab_free(other);
	context_check(!tcslab_cache_destroy(cache), "%zu bytes: destroyed", size);
}

/* Of one kind and of another: the shell counts what was said of them. */
static void many_mistakes(struct tcslab_cache *cache)
{
	void *a = tcslab_cache_alloc(cache, GFP_KERNEL), *b = tcslab_cache_alloc(cache, GFP_KERNEL);
	struct tcslab_cache_stats stats;
	int i;

	for (i = 0; i < STORM; i++)
		tcslab_cache_free(cache, i % 2 ? b + 8 : a + 8);
	/* Beyond the storm's interval the next one is told again. */
	msleep(jiffies_to_msecs(DEFAULT_RATELIMIT_INTERVAL) + 500);
	pr_notice("badptr: after the storm\n");
	tcslab_cache_free(cache, a + 16);
	tcslab_cache_stats(cache, &stats);
	context_check(stats.in_use == 2, "%d mistakes free nothing", STORM);
	tcslab_cache_free(cache, a);
	tcslab_cache_free(cache, b);
}

static int __init badptr_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(200);
	struct tcslab_cache *cache = tcslab_cache_create("badptr", &args);
	struct tcslab_cache *other = tcslab_cache_create("other", &args);
	struct tcslab_cache_stats stats;
	void *virt = vmalloc(100), *slub = kmalloc(100, GFP_KERNEL);
	u8 *obj, *large = tcslab_alloc(SZ_1M, GFP_KERNEL);
	unsigned long on_stack;

	if (IS_ERR(cache) || IS_ERR(other) || !virt || !slub || !large)
		return -ENOMEM;
	context_stay_here();
	tcslab_free(&on_stack);
	tcslab_free(virt);
	tcslab_free(slub);
	tcslab_free(badptr_init);
	tcslab_free((void *)0x1000);
	tcslab_free(ERR_PTR(-ENOMEM));
	tcslab_free(large + PAGE_SIZE);
	tcslab_free(large + 8);
	context_check(true, "pointers that are not ours");
	bad_requests(cache);

	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	tcslab_free(obj + 8);
	tcslab_cache_stats(cache, &stats);
	context_check(stats.in_use == 1, "a pointer into an object frees nothing");
	tcslab_cache_free(other, obj);
	tcslab_cache_stats(cache, &stats);
	context_check(stats.in_use == 1, "the wrong cache frees nothing");
	tcslab_cache_free(cache, virt);
	tcslab_cache_free(cache, slub);
	context_check(true, "memory of others is left to them");
	/* A second object keeps the span: what is gone cannot be told from what never was. */
	large[0] = 1;
	{
		/* Of its node: we may be on another CPU by now. */
		void *second = tcslab_cache_alloc_node(cache, GFP_KERNEL,
						       page_to_nid(virt_to_page(obj)));

		tcslab_cache_free(cache, obj);
		tcslab_cache_free(cache, obj);
		tcslab_cache_stats(cache, &stats);
		context_check(stats.in_use == 1, "the second free of an object does nothing");
		tcslab_cache_free(cache, second);
	}
	many_mistakes(cache);
	pr_notice("badptr: after the sizes\n");
	of_size(8);
	of_size(64);
	of_size(200);
	of_size(1000);
	of_size(4096);
	of_size(8192);
	of_size(TCSLAB_MAX_CLASS_SIZE);
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.in_use, "the cache is whole");
	context_check(!tcslab_cache_destroy(cache) && !tcslab_cache_destroy(other), "destroyed");
	context_check(tcslab_usable_size(large) == SZ_1M, "the large object is whole");
	tcslab_free(large);
	kfree(slub);
	vfree(virt);
	context_plan();
	return 0;
}

static void __exit badptr_exit(void)
{
}

module_init(badptr_init);
module_exit(badptr_exit);

MODULE_DESCRIPTION("tcslab test: pointers that must not be freed");
MODULE_LICENSE("GPL");
