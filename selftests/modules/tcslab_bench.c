// SPDX-License-Identifier: GPL-2.0
/*
 * Cycles or, under QEMU's icount, instructions of tcslab against SLUB
 *
 * One loop serves all: it is inlined with the pair of calls that it measures.
 * Interrupts are off around each timed round, rounds of the two allocators alternate,
 * the median counts, and what the loop costs with calls that do nothing is taken off.
 * "limit" is a bare per-CPU stack: what no allocator can be cheaper than.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "../../mod/compat.h"

#define ROUNDS		9
#define SIZE		64
#define MAX_OBJS	65536
#define PER_ROUND	1024	/* pairs, at least */

typedef void *(*alloc_fn)(size_t size);
typedef void (*free_fn)(void *obj, size_t size);

enum order { FORWARD, REVERSE, SHUFFLED };

static struct tcslab_cache *named;
static struct kmem_cache *slub;
static void **objs;
static u32 *shuffle;
static size_t sizes[16] = { 64, 24, 200, 64, 96, 500, 1000, 64, 40, 128, 64, 320, 72, 64, 256, 16 };

struct bare { unsigned int n; void *objs[64]; };
static DEFINE_PER_CPU(struct bare, bare_stack);

static __always_inline void *none_alloc(size_t size) { return &objs; }
static __always_inline void none_free(void *obj, size_t size) { OPTIMIZER_HIDE_VAR(obj); }

static __always_inline void *bare_alloc(size_t size)
{
	struct bare *bare;
	void *obj;

	preempt_disable();
	bare = this_cpu_ptr(&bare_stack);
	obj = bare->objs[--bare->n & 63];
	preempt_enable();
	return obj;
}

static __always_inline void bare_free(void *obj, size_t size)
{
	struct bare *bare;

	preempt_disable();
	bare = this_cpu_ptr(&bare_stack);
	bare->objs[bare->n++ & 63] = obj;
	preempt_enable();
}

static __always_inline void *named_alloc(size_t size)
{
	return tcslab_cache_alloc(named, GFP_ATOMIC);
}

static __always_inline void named_free(void *obj, size_t size) { tcslab_cache_free(named, obj); }

static __always_inline void *slub_alloc(size_t size) { return kmem_cache_alloc(slub, GFP_ATOMIC); }
static __always_inline void slub_free(void *obj, size_t size) { kmem_cache_free(slub, obj); }

static __always_inline void *var_alloc(size_t size)
{
	OPTIMIZER_HIDE_VAR(size);
	return tcslab_alloc(size, GFP_ATOMIC);
}

static __always_inline void var_free(void *obj, size_t size) { tcslab_free(obj); }

static __always_inline void *kvar_alloc(size_t size)
{
	OPTIMIZER_HIDE_VAR(size);
	return kmalloc(size, GFP_ATOMIC);
}

static __always_inline void kvar_free(void *obj, size_t size) { kfree(obj); }

static __always_inline void *const_alloc(size_t size) { return tcslab_alloc(SIZE, GFP_ATOMIC); }
static __always_inline void sized_free(void *obj, size_t size) { tcslab_free_sized(obj, SIZE); }
static __always_inline void *kconst_alloc(size_t size) { return kmalloc(SIZE, GFP_ATOMIC); }

/* One round: bursts of @burst until enough; returns time per PER_ROUND pairs. */
static __always_inline u64 one_round(alloc_fn alloc, free_fn free, unsigned int burst,
				     const size_t *size, unsigned int mask, enum order order)
{
	unsigned int repeat = max(1U, PER_ROUND / burst), i, j;
	u64 begin, time;

	local_irq_disable();
	begin = get_cycles();
	for (i = 0; i < repeat; i++) {
		for (j = 0; j < burst; j++)
			objs[j] = alloc(size[j & mask]);
		for (j = 0; j < burst; j++) {
			unsigned int k = order == FORWARD ? j :
					 order == REVERSE ? burst - 1 - j : shuffle[j];

			free(objs[k], size[k & mask]);
		}
	}
	time = get_cycles() - begin;
	local_irq_enable();
	return time * PER_ROUND / (repeat * burst);
}

static int compare(const void *a, const void *b)
{
	return *(const u64 *)a < *(const u64 *)b ? -1 : *(const u64 *)a > *(const u64 *)b;
}

static u64 median(u64 times[ROUNDS])
{
	sort(times, ROUNDS, sizeof(u64), compare, NULL);
	return times[ROUNDS / 2];
}

/* In hundredths per pair, with the empty loop taken off. */
static void report(const char *bench, const char *metric, u64 ours, u64 theirs, u64 bare, u64 empty)
{
#define NET(x)	((x) > empty ? ((x) - empty) * 100 / PER_ROUND : 0)
	pr_notice("tcslab-bench: %s %s %llu %llu %llu\n", bench, metric, NET(ours), NET(theirs),
		  NET(bare));
#undef NET
	cond_resched();
}

#define BENCH(bench, a, f, sa, sf, burst, size, mask, order) do {			\
	u64 ours[ROUNDS], theirs[ROUNDS], bare[ROUNDS], empty[ROUNDS];			\
	int r;										\
											\
	for (r = -1; r < ROUNDS; r++) {		/* the first warms up */		\
		ours[max(r, 0)] = one_round(a, f, burst, size, mask, order);		\
		theirs[max(r, 0)] = one_round(sa, sf, burst, size, mask, order);		\
		bare[max(r, 0)] = one_round(bare_alloc, bare_free, burst, size, mask, order); \
		empty[max(r, 0)] = one_round(none_alloc, none_free, burst, size, mask, order); \
	}										\
	report(bench, "pair", median(ours), median(theirs), median(bare), median(empty)); \
} while (0)

static u64 bulk_round(bool ours, size_t n)
{
	unsigned int i, repeat = PER_ROUND / n;
	u64 begin, time = 0;

	for (i = 0; i < repeat; i++) {
		/* SLUB's bulk calls want interrupts on; a tick shows up as an outlier. */
		preempt_disable();
		begin = get_cycles();
		if (ours) {
			local_irq_disable();
			tcslab_cache_alloc_bulk(named, GFP_ATOMIC, n, objs);
			tcslab_cache_free_bulk(named, n, objs);
			local_irq_enable();
		} else {
			if (kmem_cache_alloc_bulk(slub, GFP_ATOMIC, n, objs))
				kmem_cache_free_bulk(slub, n, objs);
		}
		time += get_cycles() - begin;
		preempt_enable();
	}
	return time;
}

static void bench_bulk(const char *bench, size_t n)
{
	u64 ours[ROUNDS], theirs[ROUNDS];
	int r;

	for (r = -1; r < ROUNDS; r++) {
		ours[max(r, 0)] = bulk_round(true, n);
		theirs[max(r, 0)] = bulk_round(false, n);
	}
	report(bench, "obj", median(ours), median(theirs), 0, 0);
}

static noinline void bench_pairs(void)
{
	static const size_t one = SIZE, big = SZ_64K, bigger = SZ_1M;

	BENCH("named-1", named_alloc, named_free, slub_alloc, slub_free, 1, &one, 0, FORWARD);
	BENCH("named-16", named_alloc, named_free, slub_alloc, slub_free, 16, &one, 0, FORWARD);
	BENCH("general-var-1", var_alloc, var_free, kvar_alloc, kvar_free, 1, &one, 0, FORWARD);
	BENCH("general-var-16", var_alloc, var_free, kvar_alloc, kvar_free, 16, &one, 0, FORWARD);
	BENCH("general-var-mixed", var_alloc, var_free, kvar_alloc, kvar_free, 16, sizes, 15,
	      FORWARD);
	BENCH("general-const-16", const_alloc, var_free, kconst_alloc, kvar_free, 16, &one, 0,
	      FORWARD);
	BENCH("sized-16", const_alloc, sized_free, kconst_alloc, kvar_free, 16, &one, 0, FORWARD);
	BENCH("large-64k", var_alloc, var_free, kvar_alloc, kvar_free, 1, &big, 0, FORWARD);
	BENCH("large-1m", var_alloc, var_free, kvar_alloc, kvar_free, 1, &bigger, 0, FORWARD);
}

static void make_shuffle(unsigned int n)
{
	u32 state = 1;
	unsigned int i;

	/* Steps of an odd multiplier over a power of two visit everything once. */
	for (i = 0; i < n; i++) {
		state = (state * 1664525 + 1013904223) & (n - 1);
		shuffle[i] = state;
	}
}

static noinline void bench_bursts(void)
{
	static const size_t one = SIZE;

#define BURST(n, order, name) \
	BENCH("burst-" #n name, named_alloc, named_free, slub_alloc, slub_free, n, &one, 0, order)
	make_shuffle(4096);
	BURST(4096, FORWARD, "-order");
	BURST(4096, REVERSE, "-reverse");
	BURST(4096, SHUFFLED, "-random");
	make_shuffle(65536);
	BURST(65536, FORWARD, "-order");
	BURST(65536, REVERSE, "-reverse");
	BURST(65536, SHUFFLED, "-random");
#undef BURST
}

static int __init bench_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);
	int err = -ENOMEM;

	named = tcslab_cache_create("bench", &args);
	slub = kmem_cache_create("tcslab_bench", SIZE, 0, SLAB_NO_MERGE, NULL);
	objs = vmalloc(MAX_OBJS * sizeof(*objs));
	shuffle = vmalloc(MAX_OBJS * sizeof(*shuffle));
	if (IS_ERR(named) || !slub || !objs || !shuffle)
		goto out;
	bench_pairs();
	bench_bulk("bulk-16", 16);
	bench_bulk("bulk-64", 64);
	bench_bursts();
	err = 0;
out:
	vfree(shuffle);
	vfree(objs);
	kmem_cache_destroy(slub);
	if (!IS_ERR(named))
		tcslab_cache_destroy(named);
	return err;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("tcslab benchmark");
MODULE_LICENSE("GPL");
