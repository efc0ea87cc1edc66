/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The budget of the per-CPU arrays: how many bytes each CPU may keep in them, and
 * which arrays get them.  What the arrays and the scavenger may do:
 */
#ifndef TCSLAB_CPU_BUDGET_H
#define TCSLAB_CPU_BUDGET_H

#include <linux/tcslab.h>

/* Bytes per CPU, on average over the CPUs that are online; tunable at any time. */
extern unsigned long tcslab_cpu_budget_bytes;

void tcslab_cpu_budget_init(void);

/* What the scavenger has to remember of a cache's arrays. */
int tcslab_cpu_budget_init_cache(struct tcslab_cache *cache);
void tcslab_cpu_budget_exit_cache(struct tcslab_cache *cache);

/*
 * Change what the array may hold by @nr_missed objects' worth, as far as there is
 * budget.  Inside the array's section.
 */
void tcslab_cpu_budget_earn(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc,
			    size_t nr_missed);

/* Take @bytes, or what there is, from what the array may hold.  Inside its section. */
void tcslab_cpu_budget_cut(struct tcslab_cache *cache, struct tcslab_cpu_cache *cc,
			   unsigned int bytes);

/* The same with all of it, for a CPU that is dead. */
void tcslab_cpu_budget_drop_dead(struct tcslab_cpu_cache *cc, unsigned int cpu);

/*
 * Once in a period, with tcslab_cache_mutex held: empty the arrays that nobody entered
 * in it, cut those that had more than they needed, and let the CPUs that had too
 * little have what others do not use.  Interrupts a CPU once, if it has something to
 * give, and one that is isolated never.  Task context.
 */
void tcslab_cpu_budget_scavenge(void);

/*
 * Empty the arrays of all caches, with tcslab_cache_mutex held.  Visits each CPU that has
 * something at most once, as the scavenger does, and isolated ones not at all.  Sleeps for no
 * memory.  Task context.
 */
void tcslab_cpu_budget_drain(void);

/* Bytes that @cpu may keep, and bytes that its arrays have earned. */
unsigned long tcslab_cpu_budget_limit(unsigned int cpu);
unsigned long tcslab_cpu_budget_used(unsigned int cpu);

#endif /* TCSLAB_CPU_BUDGET_H */
