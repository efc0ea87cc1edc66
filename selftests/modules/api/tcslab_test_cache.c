// SPDX-License-Identifier: GPL-2.0
/* Named caches: arguments, geometry, constructor, limit, bulk, destroy */
#include <linux/cache.h>
#include <linux/delay.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define MAGIC	0x74635f6f626a6563ULL
#define MANY	3000

static atomic_long_t constructed;
static void *objs[MANY];

static void construct(void *obj)
{
	*(u64 *)obj = MAGIC;
	atomic_long_inc(&constructed);
}

static bool refused(const char *name, const struct tcslab_cache_args *args)
{
	struct tcslab_cache *cache = tcslab_cache_create(name, args);

	if (IS_ERR(cache))
		return PTR_ERR(cache) == -EINVAL;
	tcslab_cache_destroy(cache);
	return false;
}

static void bad_arguments(void)
{
	const struct tcslab_cache_args good = TCSLAB_CACHE_ARGS(100);
	struct tcslab_cache_args args;

	context_check(refused(NULL, &good) && refused("x", NULL), "no name, no arguments");
#define REFUSED(what, field, value) do {				\
	args = good;							\
	args.field = value;						\
	context_check(refused("x", &args), what);			\
} while (0)
	REFUSED("size 0", size, 0);
	REFUSED("size above the largest class", size, TCSLAB_MAX_CLASS_SIZE + 1);
	REFUSED("alignment of 3", align, 3);
	REFUSED("alignment above a page", align, PAGE_SIZE * 2);
	REFUSED("unknown flag", flags, BIT(31));
	REFUSED("no such zone", zone, TCSLAB_NR_ZONES);
	REFUSED("no such node", node, MAX_NUMNODES);
	REFUSED("negative node", node, -2);
	REFUSED("user copy beyond the end", usersize, 101);
	REFUSED("user copy from beyond the end", useroffset, 101);
#undef REFUSED
}

static void alignments(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(0);
	unsigned long bad = 0;
	size_t size, align;
	int i;

	for (size = 1; size <= TCSLAB_MAX_CLASS_SIZE; size = size * 5 / 2 + 1) {
		for (align = 1; align <= PAGE_SIZE; align *= 4) {
			struct tcslab_cache *cache;

			args.size = size;
			args.align = align;
			cache = tcslab_cache_create("align", &args);
			if (IS_ERR(cache)) {
				bad++;
				continue;
			}
			for (i = 0; i < 20; i++) {
				objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
				bad += !objs[i] || !IS_ALIGNED((unsigned long)objs[i], align);
				if (objs[i])
					memset(objs[i], i, size);
			}
			for (i = 0; i < 20; i++) {
				bad += objs[i] && memchr_inv(objs[i], i, size);
				tcslab_cache_free(cache, objs[i]);
			}
			bad += tcslab_cache_destroy(cache) != 0;
		}
		cond_resched();
	}
	context_check(!bad, "every size at every alignment, %lu wrong", bad);
}

/* The largest power of two that some objects of a cache are all aligned to. */
static unsigned long alignment_of(void **some, unsigned int n)
{
	unsigned long all = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		all |= (unsigned long)some[i];
	return all & -all;
}

#define LINE_OBJS	40

/* As SLUB: where an object fits into half of a line, or a quarter, that is enough. */
static void cache_lines(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(0);
	unsigned int size, bad = 0, wasted = 0, line, i;

	args.flags = TCSLAB_HWCACHE_ALIGN;
	for (size = 1; size <= 200; size++) {
		struct tcslab_cache_stats stats;
		struct tcslab_cache *cache;

		args.size = size;
		cache = tcslab_cache_create("line", &args);
		if (IS_ERR(cache)) {
			bad++;
			continue;
		}
		for (line = cache_line_size(); size <= line / 2; line /= 2)
			;
		for (i = 0; i < LINE_OBJS; i++)
			objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
		tcslab_cache_stats(cache, &stats);
		bad += alignment_of(objs, LINE_OBJS) < line;
		wasted += stats.size != ALIGN(size, max_t(unsigned int, line, sizeof(u64)));
		tcslab_cache_free_bulk(cache, LINE_OBJS, objs);
		tcslab_cache_destroy(cache);
	}
	context_check(!bad && !wasted, "HWCACHE_ALIGN: %u sizes misaligned, %u not SLUB's distance",
		      bad, wasted);
}

static void constructor(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(72);
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;
	unsigned long bad = 0;
	int round, i;

	args.ctor = construct;
	cache = tcslab_cache_create("ctor", &args);
	if (!context_check(!IS_ERR(cache), "a cache with a constructor"))
		return;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < MANY; i++) {
			objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
			bad += !objs[i] || *(u64 *)objs[i] != MAGIC;
		}
		tcslab_cache_stats(cache, &stats);
		/* Spans that came and went are constructed again: round 0 has none. */
		if (!round)
			context_check(atomic_long_read(&constructed) ==
				      (stats.held_bytes - stats.tail_bytes) / stats.size,
				      "once for each object");
		for (i = 0; i < MANY; i++)
			tcslab_cache_free(cache, objs[i]);
	}
	context_check(!bad, "objects are constructed, %lu are not", bad);
	/* Clearing would undo the constructor's work: refused, also out of the array. */
	context_check(!tcslab_cache_zalloc(cache, GFP_KERNEL), "zalloc is refused");
	context_check(!tcslab_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_ZERO, 3, objs),
		      "and so is a bulk that is to be cleared");
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

static void bounded(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(1024);
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;
	size_t n = 0, got;

	args.limit_bytes = SZ_256K;
	cache = tcslab_cache_create("limit-256k", &args);
	if (!context_check(!IS_ERR(cache), "a cache with a limit"))
		return;
	/* What another CPU's array has counts, and is not to be had from here. */
	migrate_disable();
	while (n < MANY && (objs[n] = tcslab_cache_alloc(cache, GFP_KERNEL)))
		n++;
	migrate_enable();
	tcslab_cache_stats(cache, &stats);
	context_check(n == 256 && stats.limit_refusals, "256 KiB are %zu objects of 1 KiB", n);
	context_check(stats.in_use == n, "in use: %lu", stats.in_use);
	tcslab_cache_free(cache, objs[--n]);
	tcslab_cache_free(cache, objs[--n]);
	got = tcslab_cache_alloc_bulk(cache, GFP_KERNEL, 3, objs + n);
	context_check(!got, "a bulk over the limit gives nothing");
	got = tcslab_cache_alloc_bulk(cache, GFP_KERNEL, 2, objs + n);
	context_check(got == 2, "and has lost nothing");
	n += got;
	context_check(tcslab_cache_destroy(NULL) == 0, "destroy of NULL");
	tcslab_cache_free_bulk(cache, n, objs);
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.in_use, "nothing in use");
	tcslab_cache_shrink(cache);
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.spans, "shrink leaves no span");
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* Nobody can give back what the cache itself waits for. */
static void promised_too_much(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(4096);
	struct tcslab_cache *cache;

	args.limit_bytes = SZ_64K;
	args.min_objects = 32;
	args.flags = TCSLAB_LIMIT_WAIT;
	cache = tcslab_cache_create("promised", &args);
	context_check(cache == ERR_PTR(-ENOMEM), "a minimum above the limit is refused");
	if (!IS_ERR(cache))
		tcslab_cache_destroy(cache);
}

/* Leaves one object in each page of a new cache; how many. */
static unsigned int make_sparse(struct tcslab_cache *cache)
{
	unsigned int i, n = 0;

	for (i = 0; i < MANY; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < MANY; i++) {
		if (!PAGE_ALIGNED(objs[i]))
			tcslab_cache_free(cache, objs[i]);
		else if (objs[i])
			objs[n++] = objs[i];
	}
	tcslab_cache_shrink(cache);
	return n;
}

/* Empties many spans with few batches, then wants as much again; true without a new span. */
static bool used_again(struct tcslab_cache *cache)
{
	struct tcslab_cache_stats sparse, left, again;
	unsigned int n = make_sparse(cache), i;

	tcslab_cache_stats(cache, &sparse);
	tcslab_cache_free_bulk(cache, n, objs);
	tcslab_cache_stats(cache, &left);
	for (i = 0; i < n; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	tcslab_cache_stats(cache, &again);
	tcslab_cache_free_bulk(cache, n, objs);
	pr_notice(CONTEXT_PREFIX "# %lu spans with %u objects, then %lu, then %lu\n",
		  sparse.spans, n, left.spans, again.spans);
	return n > 16 && sparse.spans >= n && !left.in_use && again.spans <= left.spans;
}

/* A batch that is the last of many spans gives a few back; the others are not forgotten. */
static void emptied(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(128);
	struct tcslab_cache *cache = tcslab_cache_create("test-sparse", &args);
	struct tcslab_cache_stats stats;
	unsigned int n, tries = 20;

	if (!context_check(!IS_ERR(cache), "a cache of 128 bytes"))
		return;
	/* The scavenger may come in between. */
	while (!used_again(cache) && --tries)
		;
	context_check(tries, "empty spans are used again");
	tcslab_cache_shrink(cache);
	tcslab_cache_stats(cache, &stats);
	context_check(!stats.spans && !stats.held_bytes, "a shrink gives all back: %lu left",
		      stats.spans);
	n = make_sparse(cache);
	tcslab_cache_free_bulk(cache, n, objs);
	/* A busy host lets a second of the scavenger's last for long. */
	for (tries = 240; tries; tries--) {
		msleep(500);
		tcslab_cache_stats(cache, &stats);
		if (!stats.spans)
			break;
	}
	context_check(!stats.spans, "and so does time: %lu left", stats.spans);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* What a type-safe cache adds to its largest object makes that longer than any class. */
static void largest_objects(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(TCSLAB_MAX_CLASS_SIZE);
	struct tcslab_cache *cache;
	unsigned int i, n = 0;

	args.flags = TCSLAB_TYPESAFE_BY_RCU;
	cache = tcslab_cache_create("cache-largest", &args);
	if (!context_check(!IS_ERR(cache), "a type-safe cache of the largest objects"))
		return;
	for (i = 0; i < 20; i++) {
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
		n += !!objs[i];
	}
	context_check(n == i, "%u of %u could be had", n, i);
	while (i--)
		tcslab_cache_free(cache, objs[i]);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* As if somebody were in each array all the time: the last bit of seq says so. */
static void keep_busy(struct tcslab_cache *cache)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(cache->cpu, cpu)->state ^= TCSLAB_BUSY;
}

static void busy_for_ever(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(200);
	struct tcslab_cache *cache = tcslab_cache_create("busy", &args);
	unsigned int i;

	if (!context_check(!IS_ERR(cache), "a cache"))
		return;
	for (i = 0; i < 100; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < 100; i++)
		tcslab_cache_free(cache, objs[i]);
	keep_busy(cache);
	context_check(tcslab_cache_destroy(cache) == -EBUSY,
		      "destroying ends while arrays are busy");
	keep_busy(cache);
	context_check(!tcslab_cache_destroy(cache), "and is done when they are not");
}

static int __init cache_init(void)
{
	bad_arguments();
	alignments();
	cache_lines();
	constructor();
	bounded();
	promised_too_much();
	emptied();
	largest_objects();
	busy_for_ever();
	context_plan();
	return 0;
}

static void __exit cache_exit(void)
{
}

module_init(cache_init);
module_exit(cache_exit);

MODULE_DESCRIPTION("tcslab test: named caches");
MODULE_LICENSE("GPL");
