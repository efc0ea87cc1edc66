// SPDX-License-Identifier: GPL-2.0
/*
 * Pointers that must not be freed and requests that cannot be: each kind is reported,
 * the machine lives, and the allocator is whole afterwards.  Loaded with tcslab's
 * checks=1, where every free is verified at once.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define STORM	1000	/* mistakes of one kind */

static void bad_requests(struct tcslab_cache *cache)
{
	context_check(!tcslab_alloc(100, GFP_KERNEL | __GFP_HIGHMEM) &&
		      !tcslab_alloc(SZ_1M, GFP_KERNEL | __GFP_HIGHMEM) &&
		      !tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_HIGHMEM), "no highmem");
	context_check(!tcslab_alloc(100, GFP_KERNEL | __GFP_MOVABLE) &&
		      !tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_MOVABLE), "nothing movable");
	context_check(!tcslab_alloc(SIZE_MAX / 2, GFP_KERNEL), "not more than there can be");
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
	/* A second object keeps the span: what is gone cannot be checked. */
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
