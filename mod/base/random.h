/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that an attacker cannot know, cheap enough for each batch: a generator per CPU, sown by
 * the kernel's when the module is loaded.  Any context; an interrupt in the middle makes no
 * number less random.
 */
#ifndef TCSLAB_RANDOM_H
#define TCSLAB_RANDOM_H

#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/types.h>

DECLARE_PER_CPU(u64, tcslab_random_state);

/* Knuth's MMIX; the upper half is the good one. */
static inline u32 tcslab_random(void)
{
	u64 state = raw_cpu_read(tcslab_random_state) * 6364136223846793005ULL +
		    1442695040888963407ULL;

	raw_cpu_write(tcslab_random_state, state);
	return state >> 32;
}

/* Below @n, which is below 2^16 or so. */
static inline u32 tcslab_random_below(u32 n)
{
	return ((u64)tcslab_random() * n) >> 32;
}

/* One step of a shuffle: the last of @n pointers with any of them; a byte of @bits decides. */
static __always_inline void tcslab_shuffle_one(void **objs, unsigned int n, u32 bits)
{
	swap(objs[n - 1], objs[((bits & 0xff) * n) >> 8]);
}

/* Bring @n pointers, up to 256, into any order (Fisher and Yates, Durstenfeld). */
static inline void tcslab_shuffle(void **objs, unsigned int n)
{
	u32 bits;

	for (; n > 4; n -= 4) {
		bits = tcslab_random();
		tcslab_shuffle_one(objs, n, bits);
		tcslab_shuffle_one(objs, n - 1, bits >> 8);
		tcslab_shuffle_one(objs, n - 2, bits >> 16);
		tcslab_shuffle_one(objs, n - 3, bits >> 24);
	}
	if (n < 2)
		return;
	for (bits = tcslab_random(); n > 1; n--, bits >>= 8)
		tcslab_shuffle_one(objs, n, bits);
}

void tcslab_random_init(void);

#endif /* TCSLAB_RANDOM_H */
