/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of caches: between rcu.c, which waits for grace periods, and what waits. */
#ifndef TCSLAB_RCU_BACKLOG_H
#define TCSLAB_RCU_BACKLOG_H

#include <linux/types.h>

struct tcslab_span;

void tcslab_backlog_init(void);

/* Is there something on one of the two lists that has a grace period to wait for? */
bool tcslab_backlog_has_list(void);

#define TCSLAB_BUNDLE_ROOM	512	/* with a header, 59 objects: so many are freed at once */

/**
 * enum tcslab_added - what became of an object
 * @TCSLAB_NOT_ADDED: its CPU has no bundle, and there was no room for one
 * @TCSLAB_ADDED: it is in a bundle
 * @TCSLAB_ADDED_FIRST: it is the first one of it: somebody has to look after it in a while
 * @TCSLAB_ADDED_LAST: it has filled it: somebody has to look after it now
 */
enum tcslab_added {
	TCSLAB_NOT_ADDED,
	TCSLAB_ADDED,
	TCSLAB_ADDED_FIRST,
	TCSLAB_ADDED_LAST,
};

/*
 * Put @obj into this CPU's bundle.  *@room is NULL or an object of ours of TCSLAB_BUNDLE_ROOM
 * bytes; it is NULL afterwards if it has become a bundle.  Any context.
 */
enum tcslab_added tcslab_backlog_add(void *obj, void **room);

/* Free up to @n bundles of this CPU that are due.  Not with interrupts off. */
void tcslab_backlog_reap_some(unsigned int n);

/* The object around @head, and a span: they need no memory.  Any context. */
void tcslab_backlog_add_head(void *head);
void tcslab_backlog_add_span(struct tcslab_span *span);

/* What @node's CPUs have, and lists of which nothing waits yet, waits from here on. */
void tcslab_backlog_seal(int node);

/* Everything does; what waited already may wait for as long.  By one at a time, who may sleep. */
void tcslab_backlog_seal_all(void);

/* Is anybody freeing what is no longer counted?  Who is, is inside of a reader's section. */
bool tcslab_backlog_is_reaped(void);

/*
 * In rcu.c: there is something, or much, or there was @no_memory for it.  Any context, not
 * under a lock.
 */
void tcslab_rcu_wake(void);
void tcslab_rcu_hurry(bool no_memory);

#endif /* TCSLAB_RCU_BACKLOG_H */
