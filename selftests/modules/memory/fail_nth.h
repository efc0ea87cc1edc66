/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One allocation of this task fails, whichever of the kernel's allocators it asks; on kernels
 * with fault injection
 */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

#include <linux/sched.h>

/* From now on the @n-th fails; 0: none. */
static inline void fail_nth(unsigned int n)
{
	current->fail_nth = n;
}

/* How many would have to come for one to fail; 0: one has.  None fails from here on. */
static inline unsigned int fail_nth_left(void)
{
	unsigned int left = current->fail_nth;

	fail_nth(0);
	return left;
}

#endif /* FAIL_NTH_H */
