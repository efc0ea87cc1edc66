/* SPDX-License-Identifier: GPL-2.0 */
/* Heaps, for who asks whose an object is, and for who shows them all; see <linux/tcslab_heap.h>. */
#ifndef TCSLAB_HEAP_H
#define TCSLAB_HEAP_H

#include <linux/tcslab_heap.h>

/*
 * The heap that @obj, which is an object of ours, counts for; or NULL, also when its owner is
 * gone: nothing new is to come into it.  Any context.
 */
struct tcslab_heap *tcslab_heap_of(const void *obj);

/* All heaps; the lock keeps them from going.  Taken before tcslab_cache_mutex, may sleep. */
extern struct list_head tcslab_heap_list;
void tcslab_heap_lock(void);
void tcslab_heap_unlock(void);

/*
 * A heap that nobody knows, and its two ends: tcslab_heap_add() lets all know it, kfree() is for
 * one that is not needed.  NULL without memory, or where it cannot be asked for.  Any context.
 */
struct tcslab_heap *tcslab_heap_make(const char *name, gfp_t gfp);
void tcslab_heap_add(struct tcslab_heap *heap);

/*
 * @owner is gone: end his heap, if it has nothing in use, else report what is.  And end those
 * that were left so before and have nothing in use by now.  Task context.
 */
void tcslab_heap_owner_goes(const struct module *owner);

/* The same as tcslab_heap_stats(), locked. */
void tcslab_heap_stats_locked(struct tcslab_heap *heap, struct tcslab_heap_stats *stats);

/* Let the peaks of all begin anew. */
void tcslab_heap_reset_peaks(void);

/* Before the first allocation, after the cache of large objects was made. */
int tcslab_heap_init(void);

/* At unload: nobody makes a class for somebody else any more; after the caches, what is left. */
void tcslab_heap_stop(void);
void tcslab_heap_exit(void);

#endif /* TCSLAB_HEAP_H */
