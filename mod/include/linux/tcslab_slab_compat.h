/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the supported kernels, 6.1 to 7.3, in what <linux/tcslab_slab.h> maps
 *
 * What is built with that header has nothing of mod/ but these headers, so this is its
 * base/compat.h: no other header of the drop-in asks for a version.
 */
#ifndef _LINUX_TCSLAB_SLAB_COMPAT_H
#define _LINUX_TCSLAB_SLAB_COMPAT_H

#include <linux/slab.h>
#include <linux/version.h>

/* Two of the headers that have to be read before the mapping, see <linux/tcslab_slab.h>. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#include <linux/crash_dump.h>
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
/* Has an inline function that allocates from the module's cache. */
#include <linux/fs.h>
#endif

/* 6.12 makes a cache as a struct kmem_cache_args says, and kvrealloc() knows the old size. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define TCSLAB_SLAB_HAS_ARGS
#else
#define TCSLAB_SLAB_KVREALLOC_OLD_SIZE
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#define TCSLAB_SLAB_HAS_KVFREE_ATOMIC
#endif

/* Flags that not all of them have. */
#ifdef SLAB_NO_MERGE		/* 6.5 */
#define TCSLAB_SLAB_SINCE_6_5	SLAB_NO_MERGE
#else
#define TCSLAB_SLAB_SINCE_6_5	0
#endif
#ifdef SLAB_NO_OBJ_EXT		/* 6.10 */
#define TCSLAB_SLAB_SINCE_6_10	SLAB_NO_OBJ_EXT
#else
#define TCSLAB_SLAB_SINCE_6_10	0
#endif
#ifdef SLAB_MEM_SPREAD		/* until 6.8 */
#define TCSLAB_SLAB_OLD		SLAB_MEM_SPREAD
#else
#define TCSLAB_SLAB_OLD		0
#endif

#endif /* _LINUX_TCSLAB_SLAB_COMPAT_H */
