// SPDX-License-Identifier: GPL-2.0
/*
 * What an attacker would like to know: which object comes next, and whose memory it was before.
 *
 * The order of objects is looked at as tcslab was loaded, hardened or not; what another cache
 * gets only with checks=1, where an object that is freed gives its span back at once.
 */
#include <linux/mm.h>
#include <linux/module.h>

#include <linux/tcslab.h>
#include "context_test.h"

static bool shuffled = true;
module_param(shuffled, bool, 0400);
MODULE_PARM_DESC(shuffled, "0: tcslab was loaded with hardened=0");

static bool checks;
module_param(checks, bool, 0400);
MODULE_PARM_DESC(checks, "tcslab was loaded with checks=1");

#define OBJS	64
#define ROUNDS	100

/* How many of the first objects of a new cache lie right behind the one before. */
static unsigned int successors(size_t size)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache *cache = tcslab_cache_create("order", &args);
	unsigned int i, n = 0;
	u8 *objs[OBJS];

	if (IS_ERR(cache))
		return OBJS;
	for (i = 0; i < OBJS; i++) {
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
		if (i && objs[i] - objs[i - 1] == size)
			n++;
		/* The array is a stack: what was fetched at once comes from its end. */
		if (i && objs[i - 1] - objs[i] == size)
			n++;
	}
	for (i = 0; i < OBJS; i++)
		tcslab_cache_free(cache, objs[i]);
	context_check(!tcslab_cache_destroy(cache), "%zu bytes: destroyed", size);
	return n;
}

static void order(void)
{
	static const size_t sizes[] = { 16, 64, 200, 512 };
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		n = successors(sizes[i]);
		/* In order it is all but one for each span and each batch. */
		context_check(shuffled ? n < OBJS * 5 / 8 : n >= OBJS * 5 / 8,
			      "%zu bytes: %u of %u beside the one before", sizes[i], n, OBJS);
	}
}

static void swap_memory(size_t size)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache *one = tcslab_cache_create("swap-1", &args);
	struct tcslab_cache *two = tcslab_cache_create("swap-2", &args);
	void *keep = tcslab_alloc(3000, GFP_KERNEL), *obj, *other;
	unsigned int i, n = 0;

	for (i = 0; i < ROUNDS; i++) {
		obj = tcslab_cache_alloc(one, GFP_KERNEL);
		tcslab_cache_free(one, obj);
		other = tcslab_cache_alloc(two, GFP_KERNEL);
		n += virt_to_page(obj) == virt_to_page(other);
		tcslab_cache_free(two, other);
	}
	context_check(!n, "%zu bytes: %u of %u times the other cache's memory at once", size, n,
		      ROUNDS);
	tcslab_free(keep);
	context_check(!tcslab_cache_destroy(one) && !tcslab_cache_destroy(two),
		      "%zu bytes: destroyed", size);
}

static int __init order_init(void)
{
	if (checks) {
		swap_memory(200);
		swap_memory(2000);
	} else {
		order();
	}
	context_plan();
	return 0;
}

static void __exit order_exit(void)
{
}

module_init(order_init);
module_exit(order_exit);

MODULE_DESCRIPTION("tcslab test: order of objects, memory of other caches");
MODULE_LICENSE("GPL");
