// SPDX-License-Identifier: GPL-2.0
/* Cycles of malloc() + free() of 64 bytes in user space, as the bench module measures. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#define ROUNDS	99
#define PAIRS	1024

static void *empty_alloc(size_t size)
{
	static char nothing[64];

	__asm__ volatile("" : "+r" (size));
	return nothing;
}

static void empty_free(void *obj)
{
	__asm__ volatile("" : "+r" (obj));
}

/* Inlined with the pair of calls that it measures. */
static inline __attribute__((always_inline)) uint64_t
one_round(unsigned int burst, void *(*alloc)(size_t), void (*release)(void *))
{
	static void *objs[PAIRS];
	uint64_t begin = __rdtsc();
	unsigned int i, j;

	for (i = 0; i < PAIRS / burst; i++) {
		for (j = 0; j < burst; j++)
			objs[j] = alloc(64);
		for (j = 0; j < burst; j++)
			release(objs[j]);
	}
	return __rdtsc() - begin;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(void)
{
	uint64_t times[2][ROUNDS];
	unsigned int burst, round;

	for (burst = 1; burst <= 16; burst *= 16) {
		for (round = 0; round < ROUNDS; round++) {
			times[0][round] = one_round(burst, malloc, free);
			times[1][round] = one_round(burst, empty_alloc, empty_free);
		}
		qsort(times[0], ROUNDS, sizeof(uint64_t), compare);
		qsort(times[1], ROUNDS, sizeof(uint64_t), compare);
		printf("%u %.2f\n", burst,
		       (double)(times[0][ROUNDS / 2] - times[1][ROUNDS / 2]) / PAIRS);
	}
	return 0;
}
