/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The budget of the per-CPU arrays: how many bytes each CPU may keep in them, and
 * which arrays get them.  What the tier above may do, which looks after them once in a period:
 */
#ifndef TCSLAB_CPU_BUDGET_H
#define TCSLAB_CPU_BUDGET_H

#include <linux/tcslab.h>

/* Bytes per CPU, on average over the CPUs that are online; tunable at any time. */
extern unsigned long tcslab_cpu_budget_bytes;

void tcslab_cpu_budget_init(void);

/*
 * Bytes that the array of @cpu can give up: all if nobody entered it since it was last
 * remembered; else, if it had no miss, half of what stayed unused.  A glance.
 */
unsigned int tcslab_cpu_budget_unneeded(const struct tcslab_cache *cache, unsigned int cpu);

/* Bytes that its misses have earned it.  A glance. */
unsigned int tcslab_cpu_budget_earned(const struct tcslab_cache *cache, unsigned int cpu);

/* Objects of other nodes lie beside an array that nobody entered.  A glance. */
bool tcslab_cpu_budget_has_stale(struct tcslab_cache *cache, unsigned int cpu);

/* From here on count what it needs.  One at a time. */
void tcslab_cpu_budget_remember(struct tcslab_cache *cache, unsigned int cpu);

/* Did a miss of @cpu earn nothing since the budgets were last balanced? */
bool tcslab_cpu_budget_was_denied(unsigned int cpu);

/*
 * Who was denied something shares what the others do not need; if nobody was, all do.
 * The limits add up to the tunable times the number of CPUs.  One at a time.
 */
void tcslab_cpu_budget_balance(void);

/* Bytes that @cpu may keep, and bytes that its arrays have earned. */
unsigned long tcslab_cpu_budget_limit(unsigned int cpu);
unsigned long tcslab_cpu_budget_used(unsigned int cpu);

#endif /* TCSLAB_CPU_BUDGET_H */
