/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What calls are timed with: cycles or, under QEMU's icount, instructions; and which time
 * counts.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <linux/compiler.h>
#include <linux/sort.h>
#include <linux/timex.h>
#include <linux/types.h>

static __always_inline u64 test_clock(void)
{
#ifdef CONFIG_UML
	u32 low, high;

	/* User-mode Linux has no get_cycles(), but it has the instruction. */
	asm volatile("rdtsc" : "=a" (low), "=d" (high));
	return (u64)high << 32 | low;
#else
	return get_cycles();
#endif
}

static inline int test_compare_times(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Of several tries; puts them in order. */
static inline u64 test_median(u64 *times, unsigned int n)
{
	sort(times, n, sizeof(*times), test_compare_times, NULL);
	return times[n / 2];
}

#endif /* CLOCK_H */
