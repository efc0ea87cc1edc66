/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frees of objects of other nodes, on their way home in batches
 *
 * On machines with more than one node each CPU's array has, beside it, room for one
 * batch of objects that belong elsewhere.  It belongs to the array: who may touch
 * one, and when, may touch the other (see cpu_section.h).
 */
#ifndef TCSLAB_REMOTE_H
#define TCSLAB_REMOTE_H

#include <linux/tcslab.h>

/*
 * Nothing on a machine with one node, or if there is one.  Without it each free of an object
 * of another node goes to the central list at once.
 */
int tcslab_remote_init(struct tcslab_cache *cache, gfp_t gfp);
void tcslab_remote_exit(struct tcslab_cache *cache);

/* Keep @obj on this CPU; true if a batch went home for it. */
bool tcslab_remote_put(struct tcslab_cache *cache, void *obj);

/* Send home what @cpu has. */
void tcslab_remote_flush(struct tcslab_cache *cache, unsigned int cpu);

/* Objects that @cpu has; for who may not touch them a glance. */
unsigned int tcslab_remote_count(const struct tcslab_cache *cache, unsigned int cpu);

#endif /* TCSLAB_REMOTE_H */
