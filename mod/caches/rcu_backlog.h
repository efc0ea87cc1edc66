/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of caches: between rcu.c, which waits for grace periods, and what waits. */
#ifndef TCSLAB_RCU_BACKLOG_H
#define TCSLAB_RCU_BACKLOG_H

#include <linux/types.h>

struct tcslab_span;

void tcslab_backlog_init(void);

/* Is there something on one of the two lists that has a grace period to wait for? */
bool tcslab_backlog_has_list(void);

/* False without memory for a batch.  Any context that @gfp allows. */
bool tcslab_backlog_add(void *obj, gfp_t gfp);

/* The object around @head, and a span: they need no memory.  Any context. */
void tcslab_backlog_add_head(void *head);
void tcslab_backlog_add_span(struct tcslab_span *span);

/* What @node's CPUs have, and lists of which nothing waits yet, waits from here on. */
void tcslab_backlog_seal(int node);

/* Everything does; what waited already may wait for as long.  By one at a time, who may sleep. */
void tcslab_backlog_seal_all(void);

/* Is anybody freeing what is no longer counted?  Who is, is inside of a reader's section. */
bool tcslab_backlog_is_reaped(void);

/* In rcu.c: there is something, or much.  Any context, not under a lock. */
void tcslab_rcu_wake(void);
void tcslab_rcu_hurry(void);

#endif /* TCSLAB_RCU_BACKLOG_H */
