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
 * Bytes that the array of @cpu can give up: all if nobody entered it since it was last
 * remembered; else, if it had no miss, half of what stayed unused.  A glance.
 */
unsigned int tcslab_cpu_budget_unneeded(const struct tcslab_cache *cache, unsigned int cpu);

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
