// SPDX-License-Identifier: GPL-2.0
/* What the benchmarks measure with; see tcslab_bench.h */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "base/compat.h"
#include "tcslab_bench.h"
#include "tcslab_bench_calls.h"

/* sparse does not have it. */
#ifndef __VERSION__
#define __VERSION__	"unknown"
#endif

static char run[64] = "pairs,bulk,bursts";
module_param_string(run, run, sizeof(run), 0400);
MODULE_PARM_DESC(run, "pairs, bulk, bursts, curves, sizes, numbers, bulk-sizes, million, used, cross, hammer, scaling; comma-separated");

static const struct {
	const char *name;
	int (*run)(void);
} benches[] = {
	{ "pairs", bench_pairs },
	{ "bulk", bench_bulk },
	{ "bursts", bench_bursts },
	{ "curves", bench_curves },
	{ "sizes", bench_sizes },
	{ "numbers", bench_numbers },
	{ "bulk-sizes", bench_bulk_sizes },
	{ "million", bench_million },
	{ "used", bench_used },
	{ "cross", bench_cross },
	{ "hammer", bench_hammer },
	{ "scaling", bench_scaling },
};

struct tcslab_cache *bench_cache;
struct kmem_cache *bench_slub;
void **bench_objs;
u32 *bench_order;

const size_t bench_mixed[16] = {
	64, 24, 200, 64, 96, 500, 1000, 64, 40, 128, 64, 320, 72, 64, 256, 16
};

const size_t bench_small_sizes[16] = {
	16, 64, 4096, 192, 1024, 32, 512, 96, 2048, 128, 64, 700, 256, 48, 3000, 80
};

const size_t bench_64 = BENCH_SIZE;

/* --------------------------------------------------------- the subjects */

DEFINE_PER_CPU(struct bench_bare, bench_bare);

#define ROUND(name, alloc, free)					\
static noinline u64 __maybe_unused name##_burst(const struct bench_work *work)	\
{									\
	return bench_loop(work, alloc, free, BENCH_BURST);		\
}									\
									\
static noinline u64 __maybe_unused name##_touched(const struct bench_work *work)	\
{									\
	return bench_loop(work, alloc, free, BENCH_TOUCHED);		\
}									\
									\
static noinline u64 __maybe_unused name##_replaced(const struct bench_work *work)	\
{									\
	return bench_loop(work, alloc, free, BENCH_REPLACED);		\
}

ROUND(bare, bare_alloc, bare_free)
ROUND(empty, empty_alloc, empty_free)
ROUND(empty_var, empty_var_alloc, empty_free)
ROUND(named, named_alloc, named_free)
ROUND(slub, slub_alloc, slub_free)
ROUND(var, var_alloc, var_free)
ROUND(kvar, kvar_alloc, kvar_free)
ROUND(const, const_alloc, var_free)
ROUND(kconst, kconst_alloc, kvar_free)
ROUND(sized, const_alloc, sized_free)

#define SUBJECT(name, ours, theirs, empty, how)				\
const struct bench_subject bench_##name = {				\
	{ ours##_##how, theirs##_##how, bare_##how, empty##_##how },	\
}

SUBJECT(named, named, slub, empty, burst);
SUBJECT(var, var, kvar, empty_var, burst);
SUBJECT(const, const, kconst, empty, burst);
SUBJECT(sized, sized, kconst, empty, burst);	/* SLUB has no sized free */
SUBJECT(named_touched, named, slub, empty, touched);
SUBJECT(var_touched, var, kvar, empty_var, touched);
SUBJECT(named_replaced, named, slub, empty, replaced);
SUBJECT(var_replaced, var, kvar, empty_var, replaced);

/* ------------------------------------------------------------ measuring */

int bench_turns(const char *bench, const char *metric, unsigned int nr,
		u64 (*round)(void *arg, enum bench_who who), void *arg)
{
	u64 times[BENCH_NR][BENCH_ROUNDS] = {}, net[BENCH_NR], empty;
	int i, who;

	for (i = -1; i < BENCH_ROUNDS; i++) {	/* the first warms up */
		for (who = 0; who < nr; who++) {
			u64 time = round(arg, who);

			if (!time)
				return -EBUSY;
			times[who][max(i, 0)] = time;
			cond_resched();
		}
	}
	empty = test_median(times[BENCH_EMPTY], BENCH_ROUNDS);
	for (who = 0; who < BENCH_NR; who++) {
		u64 time = test_median(times[who], BENCH_ROUNDS);

		net[who] = time > empty ? div_u64((time - empty) * 100, BENCH_PAIRS) : 0;
	}
	pr_notice("tcslab-bench: %s %s %llu %llu %llu\n", bench, metric, net[BENCH_OURS],
		  net[BENCH_SLUB], net[BENCH_LIMIT]);
	return 0;
}

struct here {
	const struct bench_subject *subject;
	const struct bench_work *work;
};

static u64 round_here(void *arg, enum bench_who who)
{
	struct here *here = arg;

	return here->subject->rounds[who](here->work);
}

void bench_pair(const char *bench, const struct bench_subject *subject,
		const struct bench_work *work)
{
	struct here here = { subject, work };

	bench_turns(bench, "pair", BENCH_NR, round_here, &here);
}

/* Marsaglia's xorshift: the same order in every run. */
static u32 next_random(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void bench_set_order(u32 *order, enum bench_sequence sequence, unsigned int n)
{
	u32 state = 2463534242U;
	unsigned int i, k;

	for (i = 0; i < n; i++)
		order[i] = sequence == BENCH_REVERSE ? n - 1 - i : i;
	for (i = n - 1; sequence == BENCH_RANDOM && i > 0; i--) {
		k = next_random(&state) % (i + 1);
		swap(order[i], order[k]);
	}
}

/* --------------------------------------------------------------- set-up */

static void fill_bare_stacks(void)
{
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct bench_bare *bare = per_cpu_ptr(&bench_bare, cpu);

		for (i = 0; i < BENCH_BARE; i++)
			bare->objs[i] = bare->memory[i];
	}
}

static int run_all(void)
{
	char *left = run, *word;
	unsigned int i;
	int err;

	while ((word = strsep(&left, ","))) {
		for (i = 0; i < ARRAY_SIZE(benches) && strcmp(word, benches[i].name); i++)
			;
		if (i == ARRAY_SIZE(benches)) {
			pr_err("tcslab-bench: there is no %s\n", word);
			return -EINVAL;
		}
		err = benches[i].run();
		if (err) {
			pr_err("tcslab-bench: %s failed: %d\n", word, err);
			return err;
		}
	}
	return 0;
}

static int __init bench_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(BENCH_SIZE);
	int err = -ENOMEM;

	bench_cache = tcslab_cache_create("bench", &args);
	bench_slub = kmem_cache_create("tcslab_bench", BENCH_SIZE, 0, SLAB_NO_MERGE, NULL);
	bench_objs = vmalloc(BENCH_MAX_OBJS * sizeof(*bench_objs));
	bench_order = vmalloc(BENCH_MAX_OBJS * sizeof(*bench_order));
	if (!IS_ERR(bench_cache) && bench_slub && bench_objs && bench_order) {
		fill_bare_stacks();
		pr_notice("tcslab-bench: compiler %s\n", __VERSION__);
		err = run_all();
	}
	vfree(bench_order);
	vfree(bench_objs);
	kmem_cache_destroy(bench_slub);
	if (!IS_ERR(bench_cache))
		tcslab_cache_destroy(bench_cache);
	return err;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("tcslab benchmark");
MODULE_LICENSE("GPL");
