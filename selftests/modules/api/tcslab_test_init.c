// SPDX-License-Identifier: GPL-2.0
/*
 * init_on_alloc and init_on_free
 *
 * What a free object contains is looked at behind the allocator's back: nothing else
 * runs on this CPU between the free and the look.
 */
#include <linux/mm.h>
#include <linux/module.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define DIRTY	0xd1

static bool clean(const void *mem, size_t n)
{
	return context_filled(mem, 0, n);
}

static bool dirty(const void *mem, size_t n)
{
	return context_filled(mem, DIRTY, n);
}

struct seen {
	bool after_alloc, after_free, zeroed;
};

/*
 * An object that was filled, freed and allocated again: what is in it each time.  False
 * if none was to be had.
 */
static bool look(size_t size, struct seen *seen)
{
	unsigned int tries = 100;
	void *obj, *again;

	/* An interrupt of the allocator's own may empty the array between free and alloc. */
	do {
		obj = tcslab_alloc(size, GFP_KERNEL);
		if (!obj)
			return false;
		memset(obj, DIRTY, size);
		preempt_disable();
		tcslab_free(obj);
		seen->after_free = clean(obj, size);
		again = tcslab_alloc(size, GFP_ATOMIC);
		preempt_enable();
		seen->after_alloc = again && !dirty(again, size);
		tcslab_free(again);
	} while (again != obj && --tries);
	again = tcslab_zalloc(size, GFP_KERNEL);
	seen->zeroed = again && clean(again, size);
	tcslab_free(again);
	return tries && again;
}

static void construct(void *obj)
{
	memset(obj, DIRTY, 64);
}

/* Neither may touch what a constructor made. */
static void constructed(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(64);
	struct tcslab_cache *cache;
	void *obj;

	args.ctor = construct;
	cache = tcslab_cache_create("init-ctor", &args);
	if (!context_check(!IS_ERR(cache), "a cache with a constructor"))
		return;
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	context_check(obj && dirty(obj, 64), "a constructed object is as it was constructed");
	tcslab_cache_free(cache, obj);
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	context_check(obj && dirty(obj, 64), "and so it is when it is used again");
	tcslab_cache_free(cache, obj);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

static void several(bool on_alloc)
{
	unsigned int i, bad = 0;
	void *objs[30];
	size_t n = 0;

	for (i = 0; i < 2; i++) {
		n = tcslab_alloc_bulk(150, GFP_KERNEL, ARRAY_SIZE(objs), objs);
		while (n--) {
			bad += i && on_alloc && !clean(objs[n], 150);
			memset(objs[n], DIRTY, 150);
		}
		tcslab_free_bulk(ARRAY_SIZE(objs), objs);
	}
	context_check(!bad, "bulk: %u objects are dirty", bad);
}

static int __init init_init(void)
{
	bool on_alloc = want_init_on_alloc(0), on_free = want_init_on_free();
	unsigned int bad_alloc = 0, bad_free = 0, bad_zero = 0, failed = 0;
	size_t size;

	pr_notice(CONTEXT_PREFIX "# init_on_alloc=%d init_on_free=%d\n", on_alloc, on_free);
	for (size = 8; size <= TCSLAB_MAX_CLASS_SIZE; size = size * 5 / 4 + 3) {
		struct seen seen;

		if (!look(size, &seen)) {
			failed++;
			continue;
		}
		/* Cleared by a free is clean after the next allocation, too. */
		bad_alloc += seen.after_alloc != (on_alloc || on_free);
		bad_free += seen.after_free != on_free;
		bad_zero += !seen.zeroed;
	}
	context_check(!failed, "%u allocations failed", failed);
	context_check(!bad_alloc, "after an allocation: %u sizes are wrong", bad_alloc);
	context_check(!bad_free, "after a free: %u sizes are wrong", bad_free);
	context_check(!bad_zero, "__GFP_ZERO: %u sizes are dirty", bad_zero);
	several(on_alloc || on_free);
	constructed();
	context_plan();
	return 0;
}

static void __exit init_exit(void)
{
}

module_init(init_init);
module_exit(init_exit);

MODULE_DESCRIPTION("tcslab test: init_on_alloc and init_on_free");
MODULE_LICENSE("GPL");
