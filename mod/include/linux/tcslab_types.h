/* SPDX-License-Identifier: GPL-2.0 */
/* The types of <linux/tcslab.h>, which says what they are for. */
#ifndef _LINUX_TCSLAB_TYPES_H
#define _LINUX_TCSLAB_TYPES_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/numa.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

/* Before 6.10 nobody could tell KCSAN that a field is meant to be raced on. */
#ifndef __data_racy
#define __data_racy
#endif

struct tcslab_central;
struct tcslab_debug;
struct tcslab_remote;
struct tcslab_reserve;
struct tcslab_seen;
struct tcslab_waiting;

/**
 * enum tcslab_zone - the zones that memory can be asked from
 * @TCSLAB_ZONE_NORMAL: any memory of the direct map
 * @TCSLAB_ZONE_DMA32: physical addresses below 4 GiB
 * @TCSLAB_ZONE_DMA: what GFP_DMA means, below 16 MiB on x86
 * @TCSLAB_NR_ZONES: how many there are
 */
enum tcslab_zone {
	TCSLAB_ZONE_NORMAL,
	TCSLAB_ZONE_DMA32,
	TCSLAB_ZONE_DMA,
	TCSLAB_NR_ZONES,
};

/*
 * The state of an array is one number, so that leaving it is one addition: the count of its
 * objects, then the bit that says that somebody works on it, then how often it was entered.
 */
#define TCSLAB_COUNT_BITS	16
#define TCSLAB_BUSY		BIT(TCSLAB_COUNT_BITS)

/**
 * struct tcslab_cpu_cache - one CPU's array of free objects of one cache
 * @state: @count, then from bit TCSLAB_COUNT_BITS on a sequence number: odd while somebody
 *	works on the array (or it is closed), even at rest; half of it is the number of times
 *	that the array was entered
 * @count: objects in @objs
 * @seq: the low part of the number
 * @capacity: frees beyond it flush a batch; grows with misses up to the cache's
 *	maximum (TCMalloc's slow start)
 * @factor: what an object of @node is recognised by, see tcslab_is_object()
 * @node: the node whose objects the array may hold
 * @refills: batches fetched, which is the number of allocation misses
 * @flushes: batches given back, which is the number of free misses
 * @nested: calls that found the array busy or closed
 * @earned: bytes that the misses have earned; @capacity is as many objects
 * @hidden: if not 0, one more than @count was: it and @capacity are 0 so that the next call takes
 *	the slow path, which sets them again
 * @below: no object: what a free finds below the first one, at objs[-1]
 * @objs: the objects, the most recently freed last
 *
 * Touched only by its own CPU with preemption off after making the number odd, or by
 * the hotplug callback when that CPU is dead.  The counters may be read, and only read,
 * from anywhere; what the scavenger remembers of them is elsewhere (struct tcslab_seen),
 * so that it writes nothing into these lines.
 */
struct tcslab_cpu_cache {
	union {
		u64 __data_racy state;	/* the only field that interrupts race on */
		struct {
#ifdef __BIG_ENDIAN
			u16 __high[2];
			u16 __data_racy seq;
			u16 __data_racy count;
#else
			u16 __data_racy count;
			u16 __data_racy seq;
#endif
		};
	};
	long __data_racy capacity;	/* others may set it to 0, see minimum.h */
	u64 factor;
	int node;
	unsigned int nested;
	unsigned long refills;
	unsigned long flushes;
	unsigned int earned;
	unsigned int hidden;
	void *below;
	void *objs[];
};

/**
 * struct tcslab_quota - what several caches, and large objects, may hold together
 * @limit_pages: 0 for none
 * @pages: in their spans and in large objects, checked against the limit
 * @peak_pages: the most that was
 * @overruns: times that somebody who cannot be refused went beyond the limit
 * @refusals: large objects that the limit refused
 * @no_memory: large objects that were not to be had for another reason
 * @lock: for what follows
 * @large: the spans of large objects
 * @nr_large: how many
 * @large_pages: their pages
 */
struct tcslab_quota {
	/* private: */
	unsigned long limit_pages;
	atomic_long_t pages;
	atomic_long_t peak_pages;
	atomic_long_t overruns;
	atomic_long_t refusals;
	atomic_long_t no_memory;
	raw_spinlock_t lock;
	struct hlist_head large;
	unsigned long nr_large;
	unsigned long large_pages;
};

/**
 * struct tcslab_cache - objects of one size from one zone
 *
 * Opaque to users but for the first fields, which the inline fast path reads.
 */
struct tcslab_cache {
	/* private: read by the fast path, constant after creation */
	struct tcslab_cpu_cache __percpu *fast;	/* its arrays, or closed ones */
	size_t zero_size;	/* what __GFP_ZERO clears; 0 if nothing may be cleared */
	unsigned int object_size;	/* what a user may write to */

	/* private: the tiers' own, constant after creation but for what says so */
	struct tcslab_cpu_cache __percpu *cpu;	/* its arrays */
	unsigned int size;	/* distance between objects, bytes */
	unsigned int align;
	unsigned int flags;
	unsigned int batch;	/* objects moved between tiers at once */
	unsigned int max_capacity;	/* of a per-CPU array, objects */
	unsigned int span_pages;
	unsigned int span_objs;
	unsigned int span_align;	/* pages */
	unsigned int first;	/* bytes before the first object of a span */
	u64 factor;		/* see tcslab_span_key() */
	u64 recip;		/* see tcslab_span_index() */
	u32 inverse;		/* see tcslab_exact_index() */
	u32 shift;		/* its power of two */
	enum tcslab_zone zone;
	int node;		/* all objects from here, or NUMA_NO_NODE */
	unsigned int useroffset;
	unsigned int usersize;
	void (*ctor)(void *obj);
	struct tcslab_central *central;	/* one per node id */
	struct tcslab_remote __percpu *remote;	/* NULL with one node */
	struct tcslab_seen *seen;	/* by CPU: the scavenger's */
	struct tcslab_reserve *minimum;	/* or NULL */
	struct tcslab_waiting *waiting;	/* at the limit; NULL without one */
	bool narrows;		/* has one of these two, see tcslab_cpu_cache_narrow() */
	struct tcslab_quota *quota;	/* shared with others, or NULL */
	unsigned long limit_pages;	/* 0: none */
	atomic_long_t span_pages_held;	/* pages in spans, checked against the limit */
	atomic_long_t rcu_objects;	/* on their way, of RCU or not, if there is a limit */
	atomic_long_t limit_refusals;
	atomic_long_t limit_overruns;
	atomic_long_t no_memory;	/* allocations that got nothing, but not for the limit */
	atomic_long_t peak_pages;	/* the most that span_pages_held was */
	u64 created_ms;		/* see tcslab_uptime_ms() */
	struct list_head list;	/* all caches, under the cache list mutex */
	unsigned int pins;	/* under it, too: who will have an object in a moment */
	struct tcslab_debug *debug;	/* or NULL, see debug= */
	unsigned int key_offset;	/* of a free object's key, see debug/hard.h */
	u8 hard;		/* see there */
	bool general;		/* one of the size classes, not to be destroyed */
	char name[32];
};

/* Flags of struct tcslab_cache_args */
#define TCSLAB_HWCACHE_ALIGN	BIT(0)	/* at cache lines; small ones at the part that they fit */
#define TCSLAB_TYPESAFE_BY_RCU	BIT(1)	/* memory stays an object until a grace period */
#define TCSLAB_LIMIT_WAIT	BIT(2)	/* who may sleep waits at the limit */
#define TCSLAB_CLEAR_ON_FREE	BIT(3)	/* with hardened=1 a free object is all 0 */
#define TCSLAB_CACHE_FLAGS	(TCSLAB_HWCACHE_ALIGN | TCSLAB_TYPESAFE_BY_RCU | \
				 TCSLAB_LIMIT_WAIT | TCSLAB_CLEAR_ON_FREE)

/**
 * struct tcslab_cache_args - what a named cache is made of
 * @size: bytes per object, 1 up to TCSLAB_MAX_CLASS_SIZE
 * @align: power of two up to PAGE_SIZE, or 0 for the natural alignment of a pointer
 * @flags: TCSLAB_HWCACHE_ALIGN, TCSLAB_TYPESAFE_BY_RCU, TCSLAB_LIMIT_WAIT,
 *	TCSLAB_CLEAR_ON_FREE (not for objects that keep their contents) or 0.
 *	Type-safe by RCU
 *	is what SLAB_TYPESAFE_BY_RCU is: who finds an object under rcu_read_lock()
 *	may look at it although it has been freed; it may be another object of the
 *	same cache meanwhile, but nothing else.  Such objects are never cleared, so
 *	__GFP_ZERO is refused and init_on_alloc and init_on_free leave them alone
 * @ctor: run once per object when its span is cut, not at each allocation;
 *	objects must be freed in the constructed state; may run in any context
 *	that allocates; __GFP_ZERO is refused for such a cache
 * @node: take all memory from this node, or NUMA_NO_NODE for the local one
 * @zone: where the memory comes from
 * @limit_bytes: hard limit of the memory in the cache's spans, 0 for none;
 *	at least the shortest span.  Beyond it allocations fail, but not while an object
 *	lies idle: who may sleep first has what is in other CPUs' arrays, and, without
 *	__GFP_NORETRY, waits for what is on its way back, out of somebody's hands or after a
 *	grace period, for 5 seconds at most; who may not sleep
 *	has what is free on any node, and is refused although there may be as
 *	many objects as the arrays hold, or on their way.  With TCSLAB_LIMIT_WAIT
 *	allocations of one object with a gfp that allows sleeping, without __GFP_NORETRY,
 *	wait until one is freed or a fatal signal comes, with @min_objects, too.
 *	__GFP_NOFAIL goes beyond the limit, as with memory cgroups, by the shortest span at
 *	a time, and is counted; the others are refused until the cache is below it again
 * @min_objects: so many objects are set aside for when there is no memory or the limit
 *	is reached, 0 for none: what mempool_create() does, without a pool on top.
 *	tcslab_cache_alloc() hands them out in any context, before it reclaims: first
 *	comes what is to be had without (and without the kernel's own reserves), then
 *	the promise, then one round of what @gfp allows, without the OOM killer; then who
 *	may sleep waits for the next one to come back, unless @gfp has __GFP_NORETRY.
 *	Who could do without says __GFP_NOMEMALLOC; nor are they for
 *	__GFP_THISNODE, unless the cache is bound to a node: for both it is as if
 *	there were none.  They count as in use
 * @useroffset: start of the part of the object that may be copied to user space
 * @usersize: its size, 0 for none; tcslab_check_usercopy() looks at both
 *
 * Start from TCSLAB_CACHE_ARGS(size), so that fields added later have their defaults.
 */
struct tcslab_cache_args {
	size_t size;
	size_t align;
	unsigned int flags;
	void (*ctor)(void *obj);
	int node;
	enum tcslab_zone zone;
	size_t limit_bytes;
	unsigned int min_objects;
	unsigned int useroffset;
	unsigned int usersize;
};

#define TCSLAB_CACHE_ARGS(_size)	{ .size = (_size), .node = NUMA_NO_NODE }

/**
 * struct tcslab_cache_stats - a snapshot of one cache, exact while it is at rest
 * @object_size: bytes that a user may write to
 * @size: bytes that an object takes
 * @span_bytes: bytes per span, once there are several; the first ones are shorter
 * @span_objs: objects per span of that length
 * @in_use: objects that users hold
 * @cpu_cached: objects in the per-CPU arrays, and beside them for other nodes
 * @transfer_cached: objects in the transfer caches
 * @central_free: free objects in the spans of the central lists
 * @spans: spans that the cache holds
 * @held_bytes: bytes in them
 * @tail_bytes: bytes at their ends that fit no object
 * @entries: times that per-CPU arrays were entered, by alloc and free
 * @refills: batches that arrays fetched
 * @flushes: batches that arrays gave back
 * @nested: calls that found an array busy or closed
 * @limit_bytes: the limit, 0 for none
 * @limit_refusals: allocations that the limit refused
 * @limit_overruns: spans taken beyond the limit for __GFP_NOFAIL
 * @no_memory: allocations that got nothing for another reason than this limit
 * @peak_held_bytes: the most that @held_bytes was, spans on their way in or out included
 * @created_ms: milliseconds from the load of tcslab to the making of the cache
 */
struct tcslab_cache_stats {
	size_t object_size;
	size_t size;
	size_t span_bytes;
	unsigned int span_objs;
	unsigned long in_use;
	unsigned long cpu_cached;
	unsigned long transfer_cached;
	unsigned long central_free;
	unsigned long spans;
	unsigned long held_bytes;
	unsigned long tail_bytes;
	u64 entries;
	u64 refills;
	u64 flushes;
	u64 nested;
	unsigned long limit_bytes;
	unsigned long limit_refusals;
	unsigned long limit_overruns;
	unsigned long no_memory;
	unsigned long peak_held_bytes;
	u64 created_ms;
};

#endif /* _LINUX_TCSLAB_TYPES_H */
