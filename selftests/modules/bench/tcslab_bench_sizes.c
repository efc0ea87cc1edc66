// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmarks on one CPU: cost against size and number, so that no size can hide; and what is
 * left of it when other classes have earned the CPU's budget
 */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "base/compat.h"
#include "tcslab_bench.h"

#define MOST_BYTES	SZ_512M		/* in use at one time */

/* @n objects of @size from the general classes, then freed in each order. */
static void grow_and_free(size_t size, unsigned int n)
{
	static const char * const names[] = {
		[BENCH_FORWARD] = "order", [BENCH_REVERSE] = "reverse", [BENCH_RANDOM] = "random",
	};
	struct bench_work work = {
		.pairs = BENCH_PAIRS, .burst = n, .sizes = &size, .mask = 0,
		.order = bench_order, .objs = bench_objs, .open = true,
	};
	unsigned int sequence;
	char bench[48];

	if (size > MOST_BYTES / n)
		return;
	for (sequence = BENCH_FORWARD; sequence <= BENCH_RANDOM; sequence++) {
		snprintf(bench, sizeof(bench), "size-%zu-%u-%s", size, n, names[sequence]);
		bench_set_order(bench_order, sequence, n);
		bench_pair(bench, &bench_var, &work);
	}
}

/* Every power of two, and a class between each two of them. */
int bench_sizes(void)
{
	size_t size;

	for (size = 8; size <= TCSLAB_MAX_CLASS_SIZE; size *= 2) {
		grow_and_free(size, 100);
		if (size >= 16 && size < TCSLAB_MAX_CLASS_SIZE)
			grow_and_free(size + size / 2, 100);
	}
	return 0;
}

int bench_numbers(void)
{
	size_t size;

	for (size = 64; size <= TCSLAB_MAX_CLASS_SIZE; size *= 2)
		grow_and_free(size, 10000);
	return 0;
}

int bench_million(void)
{
	size_t size;

	for (size = 8; size <= 512; size *= 4)
		grow_and_free(size, 1000000);
	return 0;
}

/* ------------------------------------------------------------------- bulk */

/* With caches of their own, which nobody has used before. */
static int bulk_of(const char *prefix, size_t size, const size_t *numbers, unsigned int nr)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache *cache = tcslab_cache_create("bench_bulk", &args);
	struct kmem_cache *slub = kmem_cache_create("tcslab_bench_bulk", size, 0, SLAB_NO_MERGE,
						    NULL);
	char bench[48];
	unsigned int i;

	for (i = 0; i < nr && !IS_ERR(cache) && slub; i++) {
		snprintf(bench, sizeof(bench), "%s-%zu-%zu", prefix, size, numbers[i]);
		bench_bulk_pair(bench, cache, slub, numbers[i]);
	}
	kmem_cache_destroy(slub);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	tcslab_cache_destroy(cache);
	return slub ? 0 : -ENOMEM;
}

int bench_bulk_sizes(void)
{
	static const size_t sizes[] = { 64, 256, 2048, 4096 };
	static const size_t numbers[] = { 1, 4, 16, 64, 256, 1024, 4096 };
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++)
		err = bulk_of("bulk", sizes[i], numbers, ARRAY_SIZE(numbers));
	return err;
}

/* ----------------------------------------------- when others have the budget */

/* Bursts of every class until its array has earned what it may, as far as there is budget. */
static void use_budget(void)
{
	unsigned int round, i, n;
	size_t size;

	for (size = 128; size <= SZ_8K; size += size / 8) {
		n = min_t(size_t, SZ_128K / size, 256);
		for (round = 0; round < 64; round++) {
			for (i = 0; i < n; i++)
				bench_objs[i] = tcslab_alloc(size, GFP_ATOMIC);
			for (i = 0; i < n; i++)
				tcslab_free(bench_objs[i]);
		}
	}
}

int bench_used(void)
{
	static const size_t numbers[] = { 16, 64 };
	int err;

	err = bulk_of("fresh-bulk", BENCH_SIZE, numbers, ARRAY_SIZE(numbers));
	if (err)
		return err;
	use_budget();
	return bulk_of("used-bulk", BENCH_SIZE, numbers, ARRAY_SIZE(numbers));
}
