/* SPDX-License-Identifier: GPL-2.0 */
/* Heaps, for who asks whose an object is, and for who shows them all; see <linux/tcslab_heap.h>. */
#ifndef TCSLAB_HEAP_H
#define TCSLAB_HEAP_H

#include <linux/tcslab_heap.h>

/* The heap that @obj, which is an object of ours, counts for; or NULL.  Any context. */
struct tcslab_heap *tcslab_heap_of(const void *obj);

/* All heaps, under the mutex, which keeps them from going. */
extern struct mutex tcslab_heap_mutex;		/* taken before tcslab_cache_mutex */
extern struct list_head tcslab_heap_list;

/* The same as tcslab_heap_stats(), under the mutex. */
void tcslab_heap_stats_locked(struct tcslab_heap *heap, struct tcslab_heap_stats *stats);

/* At unload: nobody makes a class for somebody else any more; after the caches, what is left. */
void tcslab_heap_stop(void);
void tcslab_heap_exit(void);

#endif /* TCSLAB_HEAP_H */
