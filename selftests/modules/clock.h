/* SPDX-License-Identifier: GPL-2.0 */
/* What calls are timed with: cycles or, under QEMU's icount, instructions. */
#ifndef CLOCK_H
#define CLOCK_H

#include <linux/compiler.h>
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

#endif /* CLOCK_H */
