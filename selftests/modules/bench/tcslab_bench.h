/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Benchmarks: tcslab against SLUB in one boot
 *
 * One loop serves all: it is inlined with the pair of calls that it measures, into
 * a function of its own for each pair.  Those functions are reached by pointer
 * only, because gcc compiles for size what only a module's init calls.
 *
 * Time is that of test_clock(): cycles or, under QEMU's icount, instructions.
 * Interrupts are off around each timed round, unless it says @open; rounds of tcslab, SLUB,
 * "limit" and the empty loop alternate, the median counts, and the empty loop is taken off.
 * "limit" is a bare per-CPU stack: what no allocator can be cheaper than.
 *
 * main  what is measured with, and the parameter that says what
 * one   on one CPU
 * sizes on one CPU, size by number
 * cpus  on several
 */
#ifndef TCSLAB_BENCH_H
#define TCSLAB_BENCH_H

#include <linux/irqflags.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <linux/tcslab.h>

#include "clock.h"

#define BENCH_ROUNDS	9
#define BENCH_SIZE	64
#define BENCH_MAX_OBJS	SZ_1M
#define BENCH_PAIRS	1024

/**
 * struct bench_work - what one round does
 * @pairs: so many of them, or one burst if that is more
 * @burst: so many allocations, then as many frees
 * @sizes: of the objects, @mask + 1 of them over and over; not every subject asks
 * @mask: a power of two less one
 * @order: the k-th free is of the object that was allocated as number order[k]
 * @objs: room for @burst pointers
 * @open: with interrupts on, without which frees give no pages back to the kernel; ticks count
 *
 * With BENCH_REPLACED @burst is how many objects there are all the time, and @order says which
 * is next.
 */
struct bench_work {
	unsigned int pairs;
	unsigned int burst;
	const size_t *sizes;
	unsigned int mask;
	const u32 *order;
	void **objs;
	bool open;
};

/* Returns the time of BENCH_PAIRS pairs, whatever the number that was measured. */
typedef u64 (*bench_round)(const struct bench_work *work);

/* Who is measured. */
enum bench_who { BENCH_OURS, BENCH_SLUB, BENCH_LIMIT, BENCH_EMPTY, BENCH_NR };

/* What a round does with them. */
enum bench_how {
	BENCH_BURST,		/* allocations, then as many frees */
	BENCH_TOUCHED,		/* each object is written to as well */
	BENCH_REPLACED,		/* frees, each followed by an allocation */
};

/* A way to allocate and free, by all four. */
struct bench_subject {
	bench_round rounds[BENCH_NR];
};

/* Named for how the loop uses the calls, see enum bench_how. */
extern const struct bench_subject bench_named, bench_var, bench_const, bench_sized;
extern const struct bench_subject bench_named_touched, bench_var_touched;
extern const struct bench_subject bench_named_replaced, bench_var_replaced;

extern struct tcslab_cache *bench_cache;
extern struct kmem_cache *bench_slub;
extern void **bench_objs;		/* BENCH_MAX_OBJS */
extern u32 *bench_order;		/* as many */
extern const size_t bench_mixed[16];	/* sizes as they come */
extern const size_t bench_small_sizes[16];	/* 16 to 4096 */
extern const size_t bench_64;

static __always_inline void bench_touch(void *obj, void *value)
{
	void *scratch;

	/* The empty loop has no object; it writes to what is its thread's own, as objects are. */
	if (__builtin_constant_p(!obj) && !obj)
		obj = &scratch;
	WRITE_ONCE(*(void **)obj, value);
}

/* Bursts of allocations, each followed by as many frees; returns how many pairs. */
static __always_inline unsigned int bench_bursts_of(const struct bench_work *work,
						    void *(*alloc)(size_t size),
						    void (*free)(void *obj, size_t size),
						    bool touch)
{
	unsigned int burst = work->burst, mask = work->mask;
	unsigned int repeat = max(1U, work->pairs / burst);
	const size_t *sizes = work->sizes;
	const u32 *order = work->order;
	void **objs = work->objs;
	unsigned int i, j;

	if (burst == 1) {
		/* Without a loop in the loop, whose cost would not be the same for all. */
		for (i = 0; i < repeat; i++) {
			void *obj = alloc(sizes[0]);

			objs[0] = obj;
			if (touch)
				bench_touch(obj, objs);
			free(READ_ONCE(objs[0]), sizes[0]);
		}
	} else {
		for (i = 0; i < repeat; i++) {
			for (j = 0; j < burst; j++) {
				void *obj = alloc(sizes[j & mask]);

				objs[j] = obj;
				if (touch)
					bench_touch(obj, objs);
			}
			for (j = 0; j < burst; j++) {
				unsigned int k = order[j];

				free(objs[k], sizes[k & mask]);
			}
		}
	}
	return repeat * burst;
}

/* One object after the other is freed, and one of another size takes its place. */
static __always_inline unsigned int bench_replacements(const struct bench_work *work,
						       void *(*alloc)(size_t size),
						       void (*free)(void *obj, size_t size))
{
	void **objs = work->objs;
	unsigned int i, k;

	for (i = 0; i < work->pairs; i++) {
		void *obj;

		k = work->order[i % work->burst];
		free(objs[k], work->sizes[k & work->mask]);
		obj = alloc(work->sizes[(k + i) & work->mask]);
		objs[k] = obj;
		bench_touch(obj, objs);
	}
	return work->pairs;
}

/* The loop.  What is replaced is allocated before the clock starts. */
static __always_inline u64 bench_loop(const struct bench_work *work,
				      void *(*alloc)(size_t size),
				      void (*free)(void *obj, size_t size), enum bench_how how)
{
	unsigned int i, pairs, kept = how == BENCH_REPLACED ? work->burst : 0;
	unsigned long flags = 0;
	u64 begin, time;

	for (i = 0; i < kept; i++)
		work->objs[i] = alloc(work->sizes[i & work->mask]);
	if (!work->open)
		local_irq_save(flags);
	begin = test_clock();
	if (how == BENCH_REPLACED)
		pairs = bench_replacements(work, alloc, free);
	else
		pairs = bench_bursts_of(work, alloc, free, how == BENCH_TOUCHED);
	time = test_clock() - begin;
	if (!work->open)
		local_irq_restore(flags);
	for (i = 0; i < kept; i++)
		free(work->objs[i], BENCH_SIZE);
	return div_u64(time * BENCH_PAIRS, pairs);
}

/*
 * Measure the first @nr of them in turns and print one line for the script: hundredths of a clock
 * per pair, or @metric, with the empty loop's taken off.  @round returns the time of BENCH_PAIRS,
 * or 0 if it cannot measure, which is -EBUSY.
 */
int bench_turns(const char *bench, const char *metric, unsigned int nr,
		u64 (*round)(void *arg, enum bench_who who), void *arg);

/* The same on this CPU, with the loop. */
void bench_pair(const char *bench, const struct bench_subject *subject,
		const struct bench_work *work);

/* The next frees are in this order. */
enum bench_sequence { BENCH_FORWARD, BENCH_REVERSE, BENCH_RANDOM };
void bench_set_order(u32 *order, enum bench_sequence sequence, unsigned int n);

/* Bulk calls for @n of these two caches' objects, one line. */
void bench_bulk_pair(const char *bench, struct tcslab_cache *cache, struct kmem_cache *slub,
		     size_t n);

/* What the parameter can ask for. */
int bench_pairs(void);
int bench_bulk(void);
int bench_bursts(void);
int bench_curves(void);
int bench_sizes(void);
int bench_numbers(void);
int bench_bulk_sizes(void);
int bench_million(void);
int bench_used(void);
int bench_cross(void);
int bench_hammer(void);
int bench_scaling(void);

#endif /* TCSLAB_BENCH_H */
