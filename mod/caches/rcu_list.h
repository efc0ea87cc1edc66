/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of caches: a list of what waits for a grace period, linked through itself
 *
 * One part is sealed: it has the number of the grace period that it waits for.  The fresh part
 * has not yet.
 *
 * The lock is raw, interrupts off, a leaf; nothing is allocated or freed under it.
 */
#ifndef TCSLAB_RCU_LIST_H
#define TCSLAB_RCU_LIST_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/spinlock.h>

/**
 * struct tcslab_rcu_list - what is linked through itself
 * @fresh: came since the list was sealed
 * @lock: guards @first and @gp
 * @first: sealed; or NULL
 * @gp: that it waits for
 * @reapers: as for a CPU
 * @free: what is done with each when it is due
 */
struct tcslab_rcu_list {
	struct llist_head fresh;
	raw_spinlock_t lock;
	struct llist_node *first;
	unsigned long gp;
	atomic_t reapers;
	void (*free)(struct llist_node *node);
};

/* Seal the fresh ones, if none is sealed: those that are would have to wait for longer. */
void tcslab_rcu_list_seal_if_none(struct tcslab_rcu_list *list);

/* All of them, for who waits for a grace period after that.  By one at a time, who may sleep. */
void tcslab_rcu_list_seal(struct tcslab_rcu_list *list);

/* Free those that are due.  Task context. */
void tcslab_rcu_list_reap(struct tcslab_rcu_list *list);

#endif /* TCSLAB_RCU_LIST_H */
