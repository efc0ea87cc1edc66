// SPDX-License-Identifier: GPL-2.0
/* Lists of what waits for a grace period; see rcu_list.h */
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "base/lock.h"
#include "rcu_list.h"

#define REAP_NODES	32	/* at a time, under the lock */

void tcslab_rcu_list_seal_if_none(struct tcslab_rcu_list *list)
{
	unsigned long flags;

	tcslab_lock_irqsave(&list->lock, flags);
	if (!list->first) {
		list->first = llist_del_all(&list->fresh);
		list->gp = get_state_synchronize_rcu();
	}
	tcslab_unlock_irqrestore(&list->lock, flags);
}

void tcslab_rcu_list_seal(struct tcslab_rcu_list *list)
{
	struct llist_node *nodes = llist_del_all(&list->fresh), *last = nodes;
	unsigned long flags;

	if (!nodes)
		return;
	/* They are ours alone. */
	for (; last->next; last = last->next)
		cond_resched();
	tcslab_lock_irqsave(&list->lock, flags);
	last->next = list->first;
	list->first = nodes;
	list->gp = get_state_synchronize_rcu();
	tcslab_unlock_irqrestore(&list->lock, flags);
}

/* Some that are due, or NULL. */
static struct llist_node *take_due(struct tcslab_rcu_list *list)
{
	struct llist_node *nodes = NULL, *last;
	unsigned long flags;
	unsigned int n;

	tcslab_lock_irqsave(&list->lock, flags);
	if (list->first && poll_state_synchronize_rcu(list->gp)) {
		nodes = list->first;
		for (last = nodes, n = 1; last->next && n < REAP_NODES; n++)
			last = last->next;
		list->first = last->next;
		last->next = NULL;
		atomic_inc(&list->reapers);
		/* Before they are no longer counted: see tcslab_backlog_is_reaped(). */
		smp_mb__after_atomic();
	}
	tcslab_unlock_irqrestore(&list->lock, flags);
	return nodes;
}

void tcslab_rcu_list_reap(struct tcslab_rcu_list *list)
{
	struct llist_node *node, *next;
	bool some;

	do {
		rcu_read_lock();	/* the barrier waits for us */
		node = take_due(list);
		some = node;
		llist_for_each_safe(node, next, node)
			list->free(node);
		if (some)
			atomic_dec(&list->reapers);
		rcu_read_unlock();
		cond_resched();
	} while (some);
}
