// SPDX-License-Identifier: GPL-2.0
/*
 * Every exported call with ordinary and with bad arguments
 *
 * Bad pointers have a module of their own, because they provoke warnings.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "base/compat.h"
#include "context_test.h"

#define LAST_SIZE	40000
#define LIVE		5	/* objects of a size alive at once */
#define LIVE_LARGE	2	/* of those that take long to fill */

static bool filled_with(const u8 *mem, u8 byte, size_t n)
{
	return !memchr_inv(mem, byte, n);
}

static size_t natural_align(size_t size)
{
	return size & -size;
}

/* Every size, several alive, written to the end of what is usable, read back. */
static void every_size(void)
{
	unsigned long bad_size = 0, bad_align = 0, bad_byte = 0, failed = 0;
	void *objs[LIVE];
	size_t size, usable;
	int i, live;

	for (size = 1; size <= LAST_SIZE; size++) {
		live = size > PAGE_SIZE ? LIVE_LARGE : LIVE;
		for (i = 0; i < live; i++) {
			objs[i] = tcslab_alloc(size, GFP_KERNEL);
			if (!objs[i]) {
				failed++;
				continue;
			}
			usable = tcslab_usable_size(objs[i]);
			bad_size += usable < size || usable != tcslab_good_size(size);
			bad_align += !IS_ALIGNED((unsigned long)objs[i], natural_align(size));
			memset(objs[i], i + 1, usable);
		}
		for (i = 0; i < live; i++) {
			if (!objs[i])
				continue;
			bad_byte += !filled_with(objs[i], i + 1, tcslab_usable_size(objs[i]));
			if (i & 1)
				tcslab_free(objs[i]);
			else
				tcslab_free_sized(objs[i], size);
		}
		cond_resched();
	}
	context_check(!failed, "sizes 1 to %d: %lu allocations failed", LAST_SIZE, failed);
	context_check(!bad_byte, "sizes 1 to %d: %lu objects changed", LAST_SIZE, bad_byte);
	context_check(!bad_size, "sizes 1 to %d: %lu usable sizes wrong", LAST_SIZE, bad_size);
	context_check(!bad_align, "sizes 1 to %d: %lu objects misaligned", LAST_SIZE, bad_align);
}

/*
 * The promise for one size where luck does not keep it: some pages between any two
 * objects, and chunks with room for several.  How many are not aligned.
 */
static unsigned int misaligned(size_t size, unsigned int n)
{
	static void *objs[64], *between[64];
	unsigned int bad = 0, i;

	for (i = 0; i < n; i++) {
		objs[i] = tcslab_alloc(size, GFP_KERNEL | __GFP_NOWARN);
		between[i] = tcslab_alloc(PAGE_SIZE * (i % 3 + 1), GFP_KERNEL);
		bad += objs[i] && !IS_ALIGNED((unsigned long)objs[i], natural_align(size));
	}
	tcslab_free_bulk(n, objs);
	tcslab_free_bulk(n, between);
	return bad;
}

static void alignment(void)
{
	static const unsigned int odd[] = { 1, 3, 5, 7, 9, 13, 21, 31 };
	unsigned int bad = 0, sizes = 0, i, n;
	void *heap[12];
	size_t size, unit;

	for (i = 0; i < ARRAY_SIZE(heap); i++)
		heap[i] = tcslab_alloc(SZ_2M, GFP_KERNEL);
	for (size = 8; size <= TCSLAB_MAX_CLASS_SIZE; size = tcslab_good_size(size + 1)) {
		n = misaligned(size, 64);
		if (n)
			pr_info("%u objects of %zu bytes not aligned to %zu\n", n, size,
				natural_align(size));
		bad += n;
		sizes++;
	}
	context_check(!bad, "each of %u classes: %u objects misaligned", sizes, bad);
	tcslab_trim();
	bad = 0;
	for (unit = 8; unit <= SZ_256K; unit *= 2) {
		for (i = 0; i < ARRAY_SIZE(odd); i++) {
			size = odd[i] * unit;
			if (size > TCSLAB_MAX_CLASS_SIZE && size <= SZ_1M)
				bad += misaligned(size, 8);
		}
	}
	context_check(!bad, "large sizes: %u objects misaligned", bad);
	tcslab_free_bulk(ARRAY_SIZE(heap), heap);
	tcslab_trim();
}

static void large_objects(void)
{
	size_t size, largest = PAGE_SIZE << MAX_PAGE_ORDER;
	unsigned long bad = 0;
	void *obj;

	for (size = PAGE_SIZE * 16; size <= largest; size *= 2) {
		obj = tcslab_alloc(size, GFP_KERNEL | __GFP_NOWARN);
		if (!obj)
			continue;	/* fragmented: no fault of ours */
		bad += !IS_ALIGNED((unsigned long)obj, size) || tcslab_usable_size(obj) != size;
		memset(obj, 0x5a, size);
		bad += !filled_with(obj, 0x5a, size);
		tcslab_free(obj);
	}
	context_check(!bad, "large objects up to %zu bytes", largest);
	obj = tcslab_alloc(largest + 1, GFP_KERNEL | __GFP_NOWARN);
	context_check(!obj, "more than the largest block is refused");
	obj = tcslab_alloc(SIZE_MAX, GFP_KERNEL | __GFP_NOWARN);
	context_check(!obj, "SIZE_MAX is refused");
}

static void small_matters(void)
{
	size_t huge = SIZE_MAX / 2;
	u8 *obj;

	obj = tcslab_alloc(0, GFP_KERNEL);
	context_check(obj == ZERO_SIZE_PTR && !tcslab_usable_size(obj), "size 0");
	tcslab_free(obj);
	tcslab_free(NULL);
	tcslab_free_sized(NULL, 64);
	tcslab_free_sensitive(NULL);
	context_check(!tcslab_usable_size(NULL) && !tcslab_good_size(0), "NULL has no size");
	context_check(!tcslab_calloc(huge, 3, GFP_KERNEL), "calloc refuses what overflows");
	obj = tcslab_alloc(300, GFP_KERNEL);
	if (obj)
		memset(obj, 0xff, 300);
	tcslab_free(obj);
	obj = tcslab_calloc(30, 10, GFP_KERNEL);
	context_check(obj && filled_with(obj, 0, 300), "calloc clears a used object");
	tcslab_free_sensitive(obj);
	obj = tcslab_zalloc(300 << 10, GFP_KERNEL);
	context_check(obj && filled_with(obj, 0, 300 << 10), "zalloc clears a large object");
	tcslab_free(obj);
	obj = tcslab_alloc_node(100, GFP_KERNEL | __GFP_THISNODE, numa_mem_id());
	context_check(obj && page_to_nid(virt_to_page(obj)) == numa_mem_id(), "alloc_node");
	tcslab_free(obj);
	context_check(!tcslab_alloc_node(100, GFP_KERNEL, MAX_NUMNODES + 1) &&
		      !tcslab_alloc_node(100, GFP_KERNEL, -2), "no such node");
}

static void reallocation(void)
{
	u8 *obj = tcslab_realloc(NULL, 100, GFP_KERNEL), *moved;
	static const size_t sizes[] = { 200, 290, 1000 };
	unsigned int bad = 0, i;
	size_t size = 100;

	context_check(obj, "realloc of NULL allocates");
	if (!obj)
		return;
	memset(obj, 7, size);
	while (size < 200000) {
		moved = tcslab_realloc(obj, size * 2, GFP_KERNEL);
		if (!moved)
			break;
		obj = moved;
		bad += !filled_with(obj, 7, size);
		size *= 2;
		memset(obj, 7, size);
	}
	while (size > 100) {
		size /= 3;
		moved = tcslab_realloc(obj, size, GFP_KERNEL);
		if (!moved)
			break;
		obj = moved;
		bad += !filled_with(obj, 7, size);
	}
	context_check(!bad, "realloc keeps the content");
	obj = tcslab_realloc(obj, 300, GFP_KERNEL | __GFP_ZERO);
	if (obj)
		memset(obj, 7, 300);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		moved = tcslab_realloc(obj, sizes[i], GFP_KERNEL | __GFP_ZERO);
		obj = moved ?: obj;
	}
	context_check(obj && filled_with(obj, 7, 200) && filled_with(obj + 200, 0, 800),
		      "realloc with __GFP_ZERO leaves nothing old behind a smaller size");
	context_check(tcslab_realloc(obj, 0, GFP_KERNEL) == ZERO_SIZE_PTR, "realloc to 0 frees");
}

/* Made smaller, an object is as aligned as one that is made of that size. */
static void realloc_aligned(void)
{
	unsigned int bad = 0, n = 0, i;
	size_t from, to;
	void *objs[8];

	for (to = 64; to <= SZ_64K; to *= 2) {
		for (from = to; from <= 2 * to; from += to / 8) {
			for (i = 0; i < ARRAY_SIZE(objs); i++) {
				objs[i] = tcslab_realloc(tcslab_alloc(from, GFP_KERNEL), to,
							 GFP_KERNEL);
				bad += !IS_ALIGNED((unsigned long)objs[i], to);
				n++;
			}
			tcslab_free_bulk(ARRAY_SIZE(objs), objs);
		}
	}
	context_check(!bad, "realloc to a power of two: %u of %u are not aligned to it", bad, n);
}

/*
 * Many free spans of the length that is wanted, but between others, so that none begins
 * where it would have to: one chunk for each object has to be enough.
 */
static void between_others(void)
{
	static void *between[100], *first[100], *rest[100];
	unsigned long before;
	void *objs[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(between); i++) {
		void *hole = tcslab_alloc(97 * PAGE_SIZE, GFP_KERNEL);

		rest[i] = tcslab_alloc(31 * PAGE_SIZE, GFP_KERNEL);
		tcslab_free(hole);
		first[i] = tcslab_alloc(33 * PAGE_SIZE, GFP_KERNEL);
		between[i] = tcslab_alloc(64 * PAGE_SIZE - 8, GFP_KERNEL);
	}
	tcslab_free_bulk(ARRAY_SIZE(between), between);
	before = tcslab_held_pages();
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		objs[i] = tcslab_alloc(64 * PAGE_SIZE, GFP_KERNEL);
	context_check(tcslab_held_pages() <= before + 2 * 64 * ARRAY_SIZE(objs),
		      "%zu aligned objects took %lu pages", ARRAY_SIZE(objs),
		      tcslab_held_pages() - before);
	tcslab_free_bulk(ARRAY_SIZE(objs), objs);
	tcslab_free_bulk(ARRAY_SIZE(first), first);
	tcslab_free_bulk(ARRAY_SIZE(rest), rest);
	tcslab_trim();
}

/*
 * A size that nobody has asked of a zone: who cannot wait gets pages, and soon there is a
 * cache; who can wait has it at once.
 */
static void first_in_zone(void)
{
	void *obj = tcslab_alloc(100, GFP_ATOMIC | GFP_DMA32);
	unsigned int tries = 1000;

	context_check(obj && tcslab_usable_size(obj) == PAGE_SIZE &&
		      virt_to_phys(obj) < SZ_4G, "the first in a zone that cannot wait: a page");
	while (obj && tries-- && tcslab_usable_size(obj) == PAGE_SIZE) {
		tcslab_free(obj);
		msleep(20);
		obj = tcslab_alloc(100, GFP_ATOMIC | GFP_DMA32);
	}
	context_check(obj && tcslab_usable_size(obj) < PAGE_SIZE, "and then there is a cache");
	tcslab_free(obj);
	obj = tcslab_alloc(200, GFP_KERNEL | GFP_DMA32);
	context_check(obj && tcslab_usable_size(obj) < PAGE_SIZE, "who can wait has it at once");
	tcslab_free(obj);
}

static void zones(void)
{
	unsigned long bad_dma = 0, bad_dma32 = 0;
	size_t size;
	void *obj;

	for (size = 1; size <= 100000; size = size * 3 + 1) {
		obj = tcslab_alloc(size, GFP_KERNEL | GFP_DMA);
		if (obj && IS_ENABLED(CONFIG_ZONE_DMA) && IS_ENABLED(CONFIG_X86))
			bad_dma += virt_to_phys(obj) + size > SZ_16M;
		tcslab_free(obj);
		obj = tcslab_alloc(size, GFP_KERNEL | GFP_DMA32);
		if (obj && IS_ENABLED(CONFIG_ZONE_DMA32))
			bad_dma32 += (u64)virt_to_phys(obj) + size > SZ_4G;
		bad_dma32 += !obj;
		tcslab_free(obj);
	}
	context_check(!bad_dma, "GFP_DMA is below 16 MiB");
	context_check(!bad_dma32, "GFP_DMA32 is below 4 GiB");
}

/* All of ZONE_DMA, then all of it back. */
static void dma_exhaustion(void)
{
	void *first = NULL, *obj;
	unsigned long n = 0;

	/* Elsewhere that zone may be all there is. */
	if (!IS_ENABLED(CONFIG_ZONE_DMA) || !IS_ENABLED(CONFIG_X86))
		return;
	while ((obj = tcslab_alloc(2048, GFP_DMA | __GFP_NOWARN | __GFP_NORETRY))) {
		*(void **)obj = first;
		first = obj;
		if (++n > SZ_16M / 2048)
			break;
	}
	context_check(n && n <= SZ_16M / 2048, "ZONE_DMA ends after %lu objects", n);
	while (first) {
		obj = first;
		first = *(void **)obj;
		tcslab_free(obj);
	}
	tcslab_trim();
	obj = tcslab_alloc(2048, GFP_DMA);
	context_check(obj, "ZONE_DMA is there again");
	tcslab_free(obj);
}

/* A heap that grows for a large object gives back what is free but too short for it. */
static void short_chunk(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SZ_32K);
	struct tcslab_cache *cache;
	unsigned long with_short;
	void *obj;

	/* The stock grows when it likes. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return;
	/* On one node. */
	context_stay_here();
	tcslab_trim();
	/* A new cache keeps nothing: its span is a free chunk at once. */
	cache = tcslab_cache_create("short", &args);
	if (!context_check(!IS_ERR(cache), "a cache of 32 KiB"))
		return;
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	with_short = tcslab_held_pages();
	if (obj)
		tcslab_cache_free(cache, obj);
	obj = tcslab_alloc(SZ_128K, GFP_KERNEL);
	context_check(obj && tcslab_held_pages() < with_short + SZ_128K / PAGE_SIZE,
		      "%lu pages, then %lu for 128 KiB", with_short, tcslab_held_pages());
	tcslab_free(obj);
	context_check(!tcslab_cache_destroy(cache), "the cache goes");
}

static void general_bulk(void)
{
	void **objs = vmalloc(1000 * sizeof(void *));
	size_t n, i, bad = 0;

	if (!context_check(objs, "room for pointers"))
		return;
	n = tcslab_alloc_bulk(200, GFP_KERNEL, 1000, objs);
	for (i = 0; i < n; i++)
		memset(objs[i], i, 200);
	for (i = 0; i < n; i++)
		bad += !filled_with(objs[i], i, 200);
	context_check(n == 1000 && !bad, "bulk of 1000");
	tcslab_free_bulk(n, objs);
	for (i = 0; i < 100; i++)
		objs[i] = i % 10 ? tcslab_alloc(i * 700, GFP_KERNEL) : NULL;
	tcslab_free_bulk(100, objs);
	n = tcslab_alloc_bulk(SIZE_MAX, GFP_KERNEL | __GFP_NOWARN, 3, objs);
	context_check(!n, "a bulk that cannot be is none");
	vfree(objs);
}

static int __init api_init(void)
{
	every_size();
	alignment();
	large_objects();
	small_matters();
	reallocation();
	realloc_aligned();
	between_others();
	first_in_zone();
	zones();
	dma_exhaustion();
	short_chunk();
	general_bulk();
	context_plan();
	return 0;
}

static void __exit api_exit(void)
{
}

module_init(api_init);
module_exit(api_exit);

MODULE_DESCRIPTION("tcslab test: general allocation");
MODULE_LICENSE("GPL");
