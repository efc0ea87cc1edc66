// SPDX-License-Identifier: GPL-2.0
/*
 * What is in new objects when frees or allocations clear, whoever had the memory before
 *
 * Caches of each kind are filled with a pattern, emptied and destroyed; then those that promise
 * zeroes take the memory.  The kernel's own calls, through <linux/tcslab_slab.h>.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <linux/tcslab_slab.h>
#include "context_test.h"

#define DIRT	0xd1
#define MANY	400
#define BULK	100

static void *objs[MANY];

static const size_t sizes[] = { 8, 24, 64, 100, 200, 512, 1000, 2048, 3000, 4096, 8192 };
static size_t constructed_size;

static bool clean(const void *mem, size_t n)
{
	return context_filled(mem, 0, n);
}

static void construct(void *obj)
{
	memset(obj, DIRT, constructed_size);
}

/* What is in a new object is then what was in its memory. */
static void construct_nothing(void *obj)
{
}

enum kind { PLAIN, CONSTRUCTED, TYPESAFE, NR_KINDS };

static const char * const names[NR_KINDS] = { "plain", "constructed", "type-safe" };

static struct kmem_cache *make(enum kind kind, size_t size)
{
	constructed_size = size;
	return kmem_cache_create("contents", size, 1,
				 kind == TYPESAFE ? SLAB_TYPESAFE_BY_RCU : 0,
				 kind == CONSTRUCTED ? construct : NULL);
}

/* Leave dirt behind, in as many objects as are looked at later. */
static void leave(enum kind kind, size_t size)
{
	struct kmem_cache *cache = make(kind, size);
	unsigned int i;

	if (!cache)
		return;
	for (i = 0; i < MANY; i++) {
		objs[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (objs[i])
			memset(objs[i], DIRT, size);
	}
	for (i = 0; i < MANY; i++)
		if (objs[i])
			kmem_cache_free(cache, objs[i]);
	/* Spans of objects that somebody may still be reading come a grace period later. */
	if (kind == TYPESAFE)
		rcu_barrier();
	kmem_cache_destroy(cache);
}

static unsigned int dirty_of_cache(size_t size)
{
	struct kmem_cache *cache = make(PLAIN, size);
	unsigned int i, bad = 0, n;

	if (!cache)
		return 1;
	n = kmem_cache_alloc_bulk(cache, GFP_KERNEL, BULK, objs);
	for (i = n; i < MANY; i++)
		objs[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < MANY; i++) {
		bad += !objs[i] || !clean(objs[i], size);
		if (objs[i])
			kmem_cache_free(cache, objs[i]);
	}
	kmem_cache_destroy(cache);
	return bad;
}

/* To the last byte that may be used, and beside each of them one that is large. */
static unsigned int dirty_of_kmalloc(size_t size)
{
	unsigned int i, bad = 0;

	for (i = 0; i < MANY; i++) {
		objs[i] = kmalloc(i % 16 ? size : size * 8 + SZ_32K, GFP_KERNEL);
		bad += !objs[i] || !clean(objs[i], ksize(objs[i]));
	}
	for (i = 0; i < MANY; i++) {
		if (objs[i])
			memset(objs[i], DIRT, ksize(objs[i]));
		kfree(objs[i]);
	}
	return bad;
}

/* Objects that nothing clears, not even __GFP_ZERO: their memory was another cache's. */
static unsigned int dirty_of_kept(enum kind kind, size_t size)
{
	struct kmem_cache *cache = kmem_cache_create("kept", size, 1,
						     kind == TYPESAFE ? SLAB_TYPESAFE_BY_RCU : 0,
						     kind == TYPESAFE ? NULL : construct_nothing);
	unsigned int i, bad = 0;

	if (!cache)
		return 1;
	for (i = 0; i < MANY; i++) {
		objs[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		bad += !objs[i] || !clean(objs[i], size);
	}
	for (i = 0; i < MANY; i++)
		if (objs[i])
			kmem_cache_free(cache, objs[i]);
	kmem_cache_destroy(cache);
	return bad;
}

static void across(enum kind kind)
{
	unsigned int i, caches = 0, general = 0, kept = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		leave(kind, sizes[i]);
		caches += dirty_of_cache(sizes[i]);
		leave(kind, sizes[i]);
		general += dirty_of_kmalloc(sizes[i]);
		leave(kind, sizes[i]);
		kept += dirty_of_kept(CONSTRUCTED, sizes[i]);
		leave(kind, sizes[i]);
		kept += dirty_of_kept(TYPESAFE, sizes[i]);
	}
	context_check(!caches, "after %s caches: %u objects of other caches are dirty",
		      names[kind], caches);
	context_check(!general, "after %s caches: %u of kmalloc() are dirty", names[kind],
		      general);
	context_check(!kept, "after %s caches: %u of those that nobody clears are dirty",
		      names[kind], kept);
}

/* What a realloc leaves behind, or goes through, is as clean. */
static void resized(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *obj = kmalloc(sizes[i], GFP_KERNEL), *more;

		if (!obj)
			continue;
		memset(obj, DIRT, sizes[i]);
		more = krealloc(obj, sizes[i] * 3, GFP_KERNEL);
		kfree(more ?: obj);
		bad += dirty_of_kmalloc(sizes[i]);
	}
	context_check(!bad, "after krealloc(): %u objects are dirty", bad);
}

/* A reader keeps what it found for as long as it reads. */
static void kept_for_readers(void)
{
	struct kmem_cache *cache = make(TYPESAFE, 256);
	unsigned int i, bad = 0;

	if (!context_check(cache, "a type-safe cache"))
		return;
	for (i = 0; i < MANY; i++) {
		objs[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (objs[i])
			memset(objs[i], DIRT, 256);
	}
	rcu_read_lock();
	for (i = 0; i < MANY; i++)
		if (objs[i])
			kmem_cache_free(cache, objs[i]);
	for (i = 0; i < MANY; i++)
		bad += objs[i] && memchr_inv(objs[i], DIRT, 256);
	rcu_read_unlock();
	context_check(!bad, "%u freed objects changed under their readers", bad);
	kmem_cache_destroy(cache);
}

static int __init contents_init(void)
{
	enum kind kind;

	if (!want_init_on_free() && !want_init_on_alloc(0)) {
		pr_notice(CONTEXT_PREFIX "1..0 # SKIP nothing is cleared here\n");
		return 0;
	}
	for (kind = 0; kind < NR_KINDS; kind++)
		across(kind);
	resized();
	kept_for_readers();
	context_plan();
	return 0;
}

static void __exit contents_exit(void)
{
}

module_init(contents_init);
module_exit(contents_exit);

MODULE_DESCRIPTION("tcslab test: what is in new objects");
MODULE_LICENSE("GPL");
