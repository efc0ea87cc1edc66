/* SPDX-License-Identifier: GPL-2.0 */
/* What waits for a grace period: frees, and empty spans of type-safe caches. */
#ifndef TCSLAB_RCU_H
#define TCSLAB_RCU_H

struct tcslab_span;

/* Before all else: a load that fails asks for a barrier, too. */
void tcslab_rcu_init(void);

/* Look after what a CPU that is dead could not ask for. */
void tcslab_rcu_cpu_dead(void);

/*
 * After the last user and the hotplug callback are gone; no work of ours runs any more when it
 * returns.  What still comes after that waits for tcslab_rcu_barrier().
 */
void tcslab_rcu_exit(void);

/* tcslab_central_release_now() after a grace period.  Any context. */
void tcslab_rcu_add_span(struct tcslab_span *span);

/**
 * struct tcslab_rcu_backlog - what waits for a grace period
 * @objects: given to tcslab_free_rcu() and the like, and not yet freed
 * @bytes: that they take
 * @span_pages: in empty spans of type-safe caches
 *
 * What is just being freed is no longer in it.  Exact at rest.
 */
struct tcslab_rcu_backlog {
	unsigned long objects;
	unsigned long bytes;
	unsigned long span_pages;
};

/* Of the CPUs of @node, or of all for NUMA_NO_NODE; spans in any case. */
void tcslab_rcu_backlog(int node, struct tcslab_rcu_backlog *backlog);

/*
 * Memory is short: begin an expedited grace period for what the CPUs of @node have, or all for
 * NUMA_NO_NODE.  Does not wait, not for memory either.
 */
void tcslab_rcu_press(int node);

/* The same for all, wait for @patience jiffies at most, and free what is due then. */
void tcslab_rcu_press_and_wait(unsigned long patience);

/* Free what is due of @node's CPUs, or of all for NUMA_NO_NODE.  Task context. */
void tcslab_rcu_reap(int node);

#endif /* TCSLAB_RCU_H */
