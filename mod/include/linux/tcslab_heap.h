/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Heaps: general allocation for one owner
 *
 * A heap has size classes of its own, made when first used, so what it holds is known to the byte
 * and to the object, and one limit holds for all of it.  tcslab_heap_alloc() costs what
 * tcslab_alloc() costs; tcslab_free(), tcslab_free_bulk(), tcslab_free_rcu(), tcslab_realloc() and
 * tcslab_usable_size() work on what it returns.  tcslab_free_sized() does not: that is for
 * tcslab_alloc() alone, and refuses.
 *
 * The price is in memory: each class that is used has arrays on each CPU, about 1 KiB, and spans
 * that no other owner's objects share.  For who allocates many objects, or has to answer for them.
 *
 * The idea is mimalloc's first-class heaps.
 */
#ifndef _LINUX_TCSLAB_HEAP_H
#define _LINUX_TCSLAB_HEAP_H

#include <linux/llist.h>

#include <linux/tcslab.h>

#define TCSLAB_HEAP_FREE_ALL	BIT(0)	/* tcslab_heap_destroy() frees what is left */
#define TCSLAB_HEAP_FLAGS	TCSLAB_HEAP_FREE_ALL

/**
 * struct tcslab_heap_args - what a heap is made of
 * @flags: TCSLAB_HEAP_FREE_ALL or 0
 * @limit_bytes: hard limit of the memory that the heap holds, spans and large objects; 0 for
 *	none.  Beyond it allocations fail, but who may sleep first has what lies idle in the
 *	heap; __GFP_NOFAIL goes beyond it, and is counted
 *
 * All 0, or NULL in place of it, are the defaults.
 */
struct tcslab_heap_args {
	unsigned int flags;
	size_t limit_bytes;
};

/**
 * struct tcslab_heap_stats - a snapshot of one heap, exact while it is at rest
 * @objects: in use
 * @in_use_bytes: that they take; the size class's size each, whole pages if large
 * @held_bytes: in spans and large objects
 * @peak_held_bytes: the most that was
 * @large_objects: those of @objects that are large
 * @limit_bytes: the limit, 0 for none
 * @limit_refusals: allocations that the limit refused
 * @limit_overruns: that went beyond it
 * @no_memory: allocations that got nothing for another reason
 * @classes: size classes that were made
 * @caches: named caches that count for it: those of a module built with -DTCSLAB_SLAB_HEAP
 * @elsewhere: allocations of such a module that the heap did not serve
 */
struct tcslab_heap_stats {
	unsigned long objects;
	unsigned long in_use_bytes;
	unsigned long held_bytes;
	unsigned long peak_held_bytes;
	unsigned long large_objects;
	unsigned long limit_bytes;
	unsigned long limit_refusals;
	unsigned long limit_overruns;
	unsigned long no_memory;
	unsigned int classes;
	unsigned int caches;
	unsigned long elsewhere;
};

#define TCSLAB_HEAP_NAME	56	/* a module's fits */

/**
 * struct tcslab_heap - opaque but for what the inline fast path reads
 */
struct tcslab_heap {
	/* private: a closed cache until the class is made, and for class 0 */
	struct tcslab_cache *classes[TCSLAB_NR_CLASSES];
	struct tcslab_quota quota;
	unsigned int flags;
	unsigned long wanted[BITS_TO_LONGS(TCSLAB_NR_CLASSES)];	/* for the worker */
	struct llist_node new;		/* until it is in */
	struct list_head list;		/* of all heaps */
	const struct module *owner;	/* with whom it ends, or NULL */
	bool left;			/* he is gone, and objects are in use */
	atomic_long_t elsewhere;
	char name[TCSLAB_HEAP_NAME];
};

/* What stands for a heap that is not there yet: all of its classes are closed. */
extern struct tcslab_heap tcslab_no_heap;

struct tcslab_heap *tcslab_heap_create(const char *name, const struct tcslab_heap_args *args);
int tcslab_heap_destroy(struct tcslab_heap *heap);
void tcslab_heap_stats(struct tcslab_heap *heap, struct tcslab_heap_stats *stats);
void *tcslab_heap_alloc_node(struct tcslab_heap *heap, size_t size, gfp_t gfp, int node);

/**
 * tcslab_heap_alloc() - allocate memory from a heap
 * @heap: the heap
 * @size: bytes; 0 gives ZERO_SIZE_PTR
 * @gfp: as for tcslab_alloc(), but no zone: with GFP_DMA and GFP_DMA32 it is refused
 *
 * Context: any; sleeps only if @gfp allows it.
 * Return: the memory, as tcslab_alloc(); NULL also at the heap's limit.
 */
static __always_inline void *tcslab_heap_alloc(struct tcslab_heap *heap, size_t size, gfp_t gfp)
{
	struct tcslab_cache *cache;
	void *obj;

	if (likely(tcslab_gfp_is_plain(gfp))) {
		/* Another CPU may be making it: then all of it, or what was there before. */
		cache = READ_ONCE(heap->classes[tcslab_size_class(size)]);
		if (likely(tcslab_cpu_pop(cache->fast, &obj)))
			return tcslab_obj_init(cache, obj, size, gfp);
	}
	return tcslab_heap_alloc_node(heap, size, gfp, NUMA_NO_NODE);
}

/**
 * tcslab_heap_zalloc() - allocate zeroed memory from a heap
 * @heap: the heap
 * @size: bytes
 * @gfp: as for tcslab_heap_alloc()
 *
 * Context: as tcslab_heap_alloc().
 * Return: as tcslab_heap_alloc().
 */
static __always_inline void *tcslab_heap_zalloc(struct tcslab_heap *heap, size_t size, gfp_t gfp)
{
	return tcslab_heap_alloc(heap, size, gfp | __GFP_ZERO);
}

/**
 * tcslab_heap_free() - free memory of a heap
 * @heap: the heap that it came from, for who reads the code: the memory says whose it is
 * @obj: the memory; NULL and ZERO_SIZE_PTR are ignored
 *
 * Context: any; never sleeps.
 */
static __always_inline void tcslab_heap_free(struct tcslab_heap *heap, const void *obj)
{
	tcslab_free(obj);
}

#endif /* _LINUX_TCSLAB_HEAP_H */
