/* SPDX-License-Identifier: GPL-2.0 */
/* Counting against a limit. */
#ifndef TCSLAB_CHARGE_H
#define TCSLAB_CHARGE_H

#include <linux/atomic.h>

#include <linux/tcslab_types.h>

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

/* @peak is the most that was ever counted: @now, if that is more. */
static inline void tcslab_raise(atomic_long_t *peak, long now)
{
	long old = atomic_long_read(peak);

	while (now > old && !atomic_long_try_cmpxchg(peak, &old, now))
		;
}

/* Begin anew.  In this order: who counts meanwhile raises it himself. */
static inline void tcslab_reset_peak(atomic_long_t *peak, const atomic_long_t *count)
{
	atomic_long_set(peak, 0);
	smp_mb();	/* pairs with the order of counting and raising */
	tcslab_raise(peak, atomic_long_read(count));
}

/* Several caches' pages, as tcslab_charge(). */
static inline bool tcslab_charge_quota(struct tcslab_quota *quota, unsigned long n)
{
	if (!tcslab_charge(&quota->pages, n, quota->limit_pages))
		return false;
	tcslab_raise(&quota->peak_pages, atomic_long_read(&quota->pages));
	return true;
}

static inline void tcslab_uncharge_quota(struct tcslab_quota *quota, unsigned long n)
{
	atomic_long_sub(n, &quota->pages);
}

/* Whatever the limit says. */
static inline void tcslab_overrun_quota(struct tcslab_quota *quota, unsigned long n)
{
	atomic_long_add(n, &quota->pages);
	tcslab_raise(&quota->peak_pages, atomic_long_read(&quota->pages));
	if (quota->limit_pages)
		atomic_long_inc(&quota->overruns);
}

#endif /* TCSLAB_CHARGE_H */
