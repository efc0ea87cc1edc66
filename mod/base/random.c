// SPDX-License-Identifier: GPL-2.0
/* See random.h */
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/random.h>

#include "random.h"

DEFINE_PER_CPU(u64, tcslab_random_state);

void __init tcslab_random_init(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(tcslab_random_state, cpu) = get_random_u64();
}
