/* SPDX-License-Identifier: GPL-2.0 */
/* Counting against a limit. */
#ifndef TCSLAB_CHARGE_H
#define TCSLAB_CHARGE_H

#include <linux/atomic.h>

/*
 * Add @n to @held, unless that were more than @limit, which is none if it is 0.  Never above it,
 * not for a moment: who fits in is not refused because of others.
 */
static inline bool tcslab_charge(atomic_long_t *held, unsigned long n, unsigned long limit)
{
	long old = atomic_long_read(held);

	do {
		if (limit && old + n > limit)
			return false;
	} while (!atomic_long_try_cmpxchg(held, &old, old + n));
	return true;
}

#endif /* TCSLAB_CHARGE_H */
