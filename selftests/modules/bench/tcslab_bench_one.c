// SPDX-License-Identifier: GPL-2.0
/* Benchmarks on one CPU; see tcslab_bench.h */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "tcslab_bench.h"

/* A burst of objects of one size or, with @sizes of 16, of these. */
static void pair(const char *bench, const struct bench_subject *subject, unsigned int burst,
		 const size_t *sizes, unsigned int mask)
{
	struct bench_work work = {
		.pairs = *sizes > TCSLAB_MAX_CLASS_SIZE ? BENCH_PAIRS / 16 : BENCH_PAIRS,
		.burst = burst, .sizes = sizes, .mask = mask, .order = bench_order,
		.objs = bench_objs,
	};

	bench_pair(bench, subject, &work);
}

int bench_pairs(void)
{
	static const size_t k64 = SZ_64K, m1 = SZ_1M;

	bench_set_order(bench_order, BENCH_FORWARD, 16);
	pair("named-1", &bench_named, 1, &bench_64, 0);
	pair("named-16", &bench_named, 16, &bench_64, 0);
	pair("general-var-1", &bench_var, 1, &bench_64, 0);
	pair("general-var-16", &bench_var, 16, &bench_64, 0);
	pair("general-var-mixed", &bench_var_touched, 16, bench_mixed, 15);
	pair("general-var-mixed-4096", &bench_var_touched, 16, bench_small_sizes, 15);
	pair("general-const-1", &bench_const, 1, &bench_64, 0);
	pair("general-const-16", &bench_const, 16, &bench_64, 0);
	pair("sized-1", &bench_sized, 1, &bench_64, 0);
	pair("sized-16", &bench_sized, 16, &bench_64, 0);
	pair("large-64k", &bench_var, 1, &k64, 0);
	pair("large-1m", &bench_var, 1, &m1, 0);
	return 0;
}

/* ------------------------------------------------------------------- bulk */

struct bulk {
	struct tcslab_cache *cache;
	struct kmem_cache *slub;
	size_t n;
};

static noinline u64 bulk_round(void *arg, enum bench_who who)
{
	struct tcslab_cache *cache = ((struct bulk *)arg)->cache;
	struct kmem_cache *slub = ((struct bulk *)arg)->slub;
	size_t n = ((struct bulk *)arg)->n;
	unsigned int i, repeat = max_t(size_t, BENCH_PAIRS / n, 1);
	unsigned long flags;
	u64 begin, time = 0;

	for (i = 0; i < repeat; i++) {
		/* SLUB's bulk calls want interrupts on; a tick shows up as an outlier. */
		preempt_disable();
		if (who == BENCH_OURS) {
			local_irq_save(flags);
			begin = test_clock();
			tcslab_cache_alloc_bulk(cache, GFP_ATOMIC, n, bench_objs);
			tcslab_cache_free_bulk(cache, n, bench_objs);
			time += test_clock() - begin;
			local_irq_restore(flags);
		} else {
			begin = test_clock();
			if (kmem_cache_alloc_bulk(slub, GFP_ATOMIC, n, bench_objs))
				kmem_cache_free_bulk(slub, n, bench_objs);
			time += test_clock() - begin;
		}
		preempt_enable();
	}
	return div_u64(time * BENCH_PAIRS, repeat * n);
}

void bench_bulk_pair(const char *bench, struct tcslab_cache *cache, struct kmem_cache *slub,
		     size_t n)
{
	struct bulk bulk = { cache, slub, n };

	bench_turns(bench, "obj", BENCH_SLUB + 1, bulk_round, &bulk);
}

int bench_bulk(void)
{
	bench_bulk_pair("bulk-16", bench_cache, bench_slub, 16);
	bench_bulk_pair("bulk-64", bench_cache, bench_slub, 64);
	return 0;
}

/* ----------------------------------------------- many objects, any order */

static void in_order(unsigned int n, const char *name, enum bench_sequence sequence)
{
	char bench[32];

	snprintf(bench, sizeof(bench), "burst-%u-%s", n, name);
	bench_set_order(bench_order, sequence, n);
	pair(bench, &bench_named, n, &bench_64, 0);
}

int bench_bursts(void)
{
	unsigned int n;

	for (n = 4096; n <= 65536; n *= 16) {
		in_order(n, "order", BENCH_FORWARD);
		in_order(n, "reverse", BENCH_REVERSE);
		in_order(n, "random", BENCH_RANDOM);
	}
	return 0;
}

/* ----------------------------------------------------- cost against work */

int bench_curves(void)
{
	unsigned int n;
	char bench[32];
	size_t size;

	for (n = 1; n <= BENCH_MAX_OBJS; n *= 2) {
		bench_set_order(bench_order, BENCH_FORWARD, n);
		snprintf(bench, sizeof(bench), "curve-burst-%u", n);
		pair(bench, &bench_named, n, &bench_64, 0);
	}
	for (size = 8; size <= SZ_1M; size *= 2) {
		bench_set_order(bench_order, BENCH_FORWARD, 16);
		snprintf(bench, sizeof(bench), "curve-size-%zu", size);
		pair(bench, &bench_var_touched, 16, &size, 0);
	}
	return 0;
}
