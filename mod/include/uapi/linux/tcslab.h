/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ioctl interface of /dev/tcslab
 *
 * Every call takes a pointer to its struct.  The struct begins with its own size
 * in bytes, as user space knows it, and with flags.  A kernel that knows a longer
 * struct takes the missing end as zeros; one that knows a shorter struct accepts
 * the longer one if the end is zeros and fails with E2BIG if it is not.  A size
 * below the first published version, unknown flags and padding that is not zero
 * fail with EINVAL.  The layout is the same for 32-bit and 64-bit processes.
 *
 * The struct is written back whenever the call got as far as looking at it, also
 * when it fails: @done of a call on many objects tells how far it came.
 *
 * Documentation/abi.md has the errors of each call.
 */
#ifndef _UAPI_LINUX_TCSLAB_H
#define _UAPI_LINUX_TCSLAB_H

#include <linux/const.h>
#include <linux/ioctl.h>
#include <linux/types.h>

#define TCSLAB_IOC_TYPE		0xd3
#define TCSLAB_IOC_ABI		1	/* changes only if something is taken away */
#define TCSLAB_IOC_NAME_LEN	32	/* with the final NUL */

/* Zones; the values are those of enum tcslab_zone in the kernel. */
#define TCSLAB_IOC_ZONE_NORMAL	0
#define TCSLAB_IOC_ZONE_DMA32	1
#define TCSLAB_IOC_ZONE_DMA	2

#define TCSLAB_IOC_ANY_NODE	(-1)

/* Bits of struct tcslab_ioc_version.features */
#define TCSLAB_FEATURE_STATS	_BITULL(0)	/* statistics and trim */
#define TCSLAB_FEATURE_HANDLES	_BITULL(1)	/* objects by handle */
#define TCSLAB_FEATURE_TUNABLES	_BITULL(2)

/**
 * struct tcslab_ioc_version - what the module can do
 * @size: sizeof(this struct)
 * @flags: 0
 * @abi: out: TCSLAB_IOC_ABI
 * @nr_classes: out: size classes per zone
 * @nr_zones: out: zones
 * @nr_nodes: out: highest node id + 1
 * @features: out: TCSLAB_FEATURE_*
 * @page_size: out: bytes per page
 * @max_class_size: out: above this an object is whole pages
 * @max_length: out: the largest object
 */
struct tcslab_ioc_version {
	__u32 size;
	__u32 flags;
	__u32 abi;
	__u32 nr_classes;
	__u32 nr_zones;
	__u32 nr_nodes;
	__aligned_u64 features;
	__aligned_u64 page_size;
	__aligned_u64 max_class_size;
	__aligned_u64 max_length;
};

/**
 * struct tcslab_ioc_stats - all tiers added up, and the objects of this open file
 * @size: sizeof(this struct)
 * @flags: 0
 * @held_bytes: out: in chunks from the kernel
 * @peak_held_bytes: out: its high-water mark
 * @in_use_bytes: out: in objects that users hold, large ones included
 * @large_bytes: out: the large ones' part
 * @cpu_cached_bytes: out: in per-CPU arrays
 * @transfer_cached_bytes: out: in transfer caches
 * @central_free_bytes: out: free in the spans of the central lists
 * @tail_bytes: out: at the ends of spans, where no object fits
 * @heap_free_bytes: out: in free spans of the page heap
 * @metadata_bytes: out: span and chunk structures, not part of @held_bytes
 * @releasable_bytes: out: in wholly free chunks, part of @heap_free_bytes
 * @scavenged_bytes: out: given back in the background so far
 * @shrunk_bytes: out: given back under memory pressure so far
 * @entries: out: times that per-CPU arrays were entered
 * @refills: out: batches fetched by them
 * @flushes: out: batches given back by them, or arrays widened instead
 * @nested: out: calls that found an array busy or closed
 * @file_handles: out: objects of this open file
 * @file_bytes: out: what they take of the quota
 * @file_quota: out: the quota
 * @limit_refusals: out: allocations that the hard limit refused
 * @no_memory: out: allocations that got nothing, but not for their cache's limit
 * @uptime_ms: out: milliseconds since the module was loaded
 *
 * At rest @held_bytes = @in_use_bytes + @cpu_cached_bytes + @transfer_cached_bytes
 * + @central_free_bytes + @tail_bytes + @heap_free_bytes.
 */
struct tcslab_ioc_stats {
	__u32 size;
	__u32 flags;
	__aligned_u64 held_bytes;
	__aligned_u64 peak_held_bytes;
	__aligned_u64 in_use_bytes;
	__aligned_u64 large_bytes;
	__aligned_u64 cpu_cached_bytes;
	__aligned_u64 transfer_cached_bytes;
	__aligned_u64 central_free_bytes;
	__aligned_u64 tail_bytes;
	__aligned_u64 heap_free_bytes;
	__aligned_u64 metadata_bytes;
	__aligned_u64 releasable_bytes;
	__aligned_u64 scavenged_bytes;
	__aligned_u64 shrunk_bytes;
	__aligned_u64 entries;
	__aligned_u64 refills;
	__aligned_u64 flushes;
	__aligned_u64 nested;
	__aligned_u64 file_handles;
	__aligned_u64 file_bytes;
	__aligned_u64 file_quota;
	__aligned_u64 limit_refusals;
	__aligned_u64 no_memory;
	__aligned_u64 uptime_ms;
};

/**
 * struct tcslab_ioc_cache - one size class or one named cache
 * @size: sizeof(this struct)
 * @flags: 0
 * @index: in: from 0; classes are in order of zone and size, named caches in
 *	order of creation
 * @zone: out: TCSLAB_IOC_ZONE_*
 * @node: out: node that all memory comes from, or TCSLAB_IOC_ANY_NODE
 * @span_objs: out: objects per span of @span_bytes
 * @object_size: out: bytes that a user may write to
 * @slot_size: out: bytes that an object takes
 * @span_bytes: out: bytes per span; the first spans of a cache are shorter
 * @in_use: out: objects that users hold
 * @cpu_cached: out: objects in the per-CPU arrays
 * @transfer_cached: out: objects in the transfer caches
 * @central_free: out: free objects in the spans of the central lists
 * @spans: out: spans that the cache holds
 * @tail_bytes: out: bytes at the ends of those spans that fit no object
 * @entries: out: times that per-CPU arrays were entered
 * @refills: out: batches that arrays fetched
 * @flushes: out: batches that arrays gave back, or arrays widened instead
 * @nested: out: calls that found an array busy or closed
 * @limit_bytes: out: the limit, 0 for none
 * @limit_refusals: out: allocations that the limit refused
 * @name: out: NUL-terminated
 * @held_bytes: out: bytes in spans
 * @no_memory: out: allocations that got nothing, but not for the limit
 * @peak_held_bytes: out: the most that @held_bytes was
 * @created_ms: out: uptime_ms when the cache was made
 */
struct tcslab_ioc_cache {
	__u32 size;
	__u32 flags;
	__u32 index;
	__u32 zone;
	__s32 node;
	__u32 span_objs;
	__aligned_u64 object_size;
	__aligned_u64 slot_size;
	__aligned_u64 span_bytes;
	__aligned_u64 in_use;
	__aligned_u64 cpu_cached;
	__aligned_u64 transfer_cached;
	__aligned_u64 central_free;
	__aligned_u64 spans;
	__aligned_u64 tail_bytes;
	__aligned_u64 entries;
	__aligned_u64 refills;
	__aligned_u64 flushes;
	__aligned_u64 nested;
	__aligned_u64 limit_bytes;
	__aligned_u64 limit_refusals;
	char name[TCSLAB_IOC_NAME_LEN];
	__aligned_u64 held_bytes;
	__aligned_u64 no_memory;
	__aligned_u64 peak_held_bytes;
	__aligned_u64 created_ms;
};

/**
 * struct tcslab_ioc_heap - the page heap of one node and zone
 * @size: sizeof(this struct)
 * @flags: 0
 * @index: in: node * nr_zones + zone
 * @zone: out: TCSLAB_IOC_ZONE_*
 * @node: out: node id
 * @pad: 0
 * @held_bytes: out: in chunks from the kernel
 * @peak_held_bytes: out: its high-water mark
 * @peak_used_bytes: out: high-water mark of @small_bytes + @large_bytes
 * @free_bytes: out: in free spans
 * @small_bytes: out: in spans of the central lists
 * @large_bytes: out: in large objects
 * @longest_free_bytes: out: the longest free span
 * @chunks: out: chunks held
 * @free_chunks: out: those that are wholly free
 * @free_spans: out: number of free spans
 * @small_spans: out: number of spans of the central lists
 * @large_spans: out: number of large objects
 * @grown: out: chunks ever taken from the kernel
 * @released: out: chunks ever given back
 */
struct tcslab_ioc_heap {
	__u32 size;
	__u32 flags;
	__u32 index;
	__u32 zone;
	__s32 node;
	__u32 pad;
	__aligned_u64 held_bytes;
	__aligned_u64 peak_held_bytes;
	__aligned_u64 peak_used_bytes;
	__aligned_u64 free_bytes;
	__aligned_u64 small_bytes;
	__aligned_u64 large_bytes;
	__aligned_u64 longest_free_bytes;
	__aligned_u64 chunks;
	__aligned_u64 free_chunks;
	__aligned_u64 free_spans;
	__aligned_u64 small_spans;
	__aligned_u64 large_spans;
	__aligned_u64 grown;
	__aligned_u64 released;
};

/**
 * struct tcslab_ioc_trim - give back everything that nobody uses
 * @size: sizeof(this struct)
 * @flags: 0
 * @released_bytes: out: bytes given back to the kernel
 */
struct tcslab_ioc_trim {
	__u32 size;
	__u32 flags;
	__aligned_u64 released_bytes;
};

/* Flags of struct tcslab_ioc_alloc */
#define TCSLAB_ALLOC_NAMED	_BITUL(0)	/* from the named cache @name */
#define TCSLAB_ALLOC_THISNODE	_BITUL(1)	/* from @node or not at all */

/**
 * struct tcslab_ioc_alloc - allocate objects
 * @size: sizeof(this struct)
 * @flags: TCSLAB_ALLOC_*
 * @zone: in: TCSLAB_IOC_ZONE_*; with TCSLAB_ALLOC_NAMED 0, the cache says which
 * @node: in: node id or TCSLAB_IOC_ANY_NODE
 * @length: in: bytes per object, 1 to max_length; with TCSLAB_ALLOC_NAMED 0
 * @count: in: how many objects, at least 1
 * @name: in: with TCSLAB_ALLOC_NAMED the cache's name, NUL-terminated, else zeros;
 *	of several caches of that name it is the oldest
 * @handle: out: handle of the first object, the others follow one by one;
 *	0 when @done is 0
 * @done: out: objects allocated
 * @object_size: out: bytes of each that can be read and written
 * @slot_size: out: bytes that the first takes of the quota, and so does each; but in a zone
 *	where its size is new, the first ones take pages and others less
 *
 * When the call fails the @done objects allocated by then remain.  Objects are
 * zeroed; caches whose objects must not be zeroed are refused.  Handles belong to the
 * open file and are never used again in it.
 */
struct tcslab_ioc_alloc {
	__u32 size;
	__u32 flags;
	__u32 zone;
	__s32 node;
	__aligned_u64 length;
	__aligned_u64 count;
	char name[TCSLAB_IOC_NAME_LEN];
	__aligned_u64 handle;
	__aligned_u64 done;
	__aligned_u64 object_size;
	__aligned_u64 slot_size;
};

/**
 * struct tcslab_ioc_free - free objects
 * @size: sizeof(this struct)
 * @flags: 0
 * @handle: in: handle of the first
 * @count: in: how many handles from there on, at least 1
 * @done: out: objects freed; stops at the first handle that is none
 */
struct tcslab_ioc_free {
	__u32 size;
	__u32 flags;
	__aligned_u64 handle;
	__aligned_u64 count;
	__aligned_u64 done;
};

/**
 * struct tcslab_ioc_copy - read from or write to one object
 * @size: sizeof(this struct)
 * @flags: 0
 * @handle: in: the object
 * @offset: in: from its start
 * @length: in: bytes, may be 0
 * @buffer: in: address in user space
 *
 * A call that fails with EFAULT may have copied a part.
 */
struct tcslab_ioc_copy {
	__u32 size;
	__u32 flags;
	__aligned_u64 handle;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 buffer;
};

/**
 * struct tcslab_ioc_pattern - fill objects with a pattern, or check for it
 * @size: sizeof(this struct)
 * @flags: 0
 * @handle: in: handle of the first
 * @count: in: how many handles from there on, at least 1
 * @seed: in: chooses the pattern
 * @done: out: objects filled, or found intact; stops at the first that is not
 * @offset: out: of the first wrong byte in the object @handle + @done, when the
 *	check fails with EILSEQ
 *
 * The 64-bit word number i of an object, little endian, is
 * TCSLAB_PATTERN_WORD(seed, its handle, i); a last incomplete word is cut.
 */
struct tcslab_ioc_pattern {
	__u32 size;
	__u32 flags;
	__aligned_u64 handle;
	__aligned_u64 count;
	__aligned_u64 seed;
	__aligned_u64 done;
	__aligned_u64 offset;
};

#define TCSLAB_PATTERN_WORD(seed, handle, i) \
	(((__u64)(seed) ^ (__u64)(handle)) + ((__u64)(i) + 1) * 0x9e3779b97f4a7c15ULL)

/* struct tcslab_ioc_tunable.id */
#define TCSLAB_TUNABLE_RELEASE_RATE	0	/* bytes per second given back in the background */
#define TCSLAB_TUNABLE_KEEP_BYTES	1	/* free bytes that the background leaves alone */
#define TCSLAB_TUNABLE_FILE_QUOTA	2	/* bytes that this open file may hold */
#define TCSLAB_TUNABLE_CPU_BUDGET	3	/* bytes in per-CPU arrays, per CPU on average */
#define TCSLAB_TUNABLE_SOFT_LIMIT	4	/* bytes held; above, all free ones go; 0: none */
#define TCSLAB_TUNABLE_HARD_LIMIT	5	/* bytes that may be held; 0: no limit */

/**
 * struct tcslab_ioc_tunable - get or set a tunable; needs CAP_SYS_ADMIN
 * @size: sizeof(this struct)
 * @flags: 0
 * @id: in: TCSLAB_TUNABLE_*
 * @pad: 0
 * @value: out for get, in for set
 */
struct tcslab_ioc_tunable {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 pad;
	__aligned_u64 value;
};

/* No size in the number: the struct carries it. */
#define TCSLAB_IOC_VERSION	_IO(TCSLAB_IOC_TYPE, 0)		/* tcslab_ioc_version */
#define TCSLAB_IOC_STATS	_IO(TCSLAB_IOC_TYPE, 1)		/* tcslab_ioc_stats */
#define TCSLAB_IOC_CLASS_STATS	_IO(TCSLAB_IOC_TYPE, 2)		/* tcslab_ioc_cache */
#define TCSLAB_IOC_CACHE_STATS	_IO(TCSLAB_IOC_TYPE, 3)		/* tcslab_ioc_cache */
#define TCSLAB_IOC_HEAP_STATS	_IO(TCSLAB_IOC_TYPE, 4)		/* tcslab_ioc_heap */
#define TCSLAB_IOC_TRIM		_IO(TCSLAB_IOC_TYPE, 5)		/* tcslab_ioc_trim */
#define TCSLAB_IOC_ALLOC	_IO(TCSLAB_IOC_TYPE, 6)		/* tcslab_ioc_alloc */
#define TCSLAB_IOC_FREE		_IO(TCSLAB_IOC_TYPE, 7)		/* tcslab_ioc_free */
#define TCSLAB_IOC_WRITE	_IO(TCSLAB_IOC_TYPE, 8)		/* tcslab_ioc_copy */
#define TCSLAB_IOC_READ		_IO(TCSLAB_IOC_TYPE, 9)		/* tcslab_ioc_copy */
#define TCSLAB_IOC_FILL		_IO(TCSLAB_IOC_TYPE, 10)	/* tcslab_ioc_pattern */
#define TCSLAB_IOC_VERIFY	_IO(TCSLAB_IOC_TYPE, 11)	/* tcslab_ioc_pattern */
#define TCSLAB_IOC_GET_TUNABLE	_IO(TCSLAB_IOC_TYPE, 12)	/* tcslab_ioc_tunable */
#define TCSLAB_IOC_SET_TUNABLE	_IO(TCSLAB_IOC_TYPE, 13)	/* tcslab_ioc_tunable */

#endif /* _UAPI_LINUX_TCSLAB_H */
