/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the supported kernels, 6.1 to 7.3: small wrappers named
 * after the newest API, so that the code reads as for the newest kernel.
 */
#ifndef TCSLAB_COMPAT_H
#define TCSLAB_COMPAT_H

#include <linux/mmzone.h>
#include <linux/shrinker.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* 6.4 made MAX_ORDER inclusive, 6.8 gave it its new name. */
#ifndef MAX_PAGE_ORDER
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER	MAX_ORDER
#else
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#endif
#endif

/*
 * The type of our pages: with one for page_has_type(), but none that a name stands for.  6.12 has
 * numbers from 0xf0000000 upwards, 0xff is for none; before, each type was a bit that is not set.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define TCSLAB_PAGE_TYPE	0xfe000000U
#else
#define TCSLAB_PAGE_TYPE	(~0x00800000U)
#endif

/* 6.7 made shrinkers dynamic. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline struct shrinker *shrinker_alloc(unsigned int flags, const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (shrinker)
		shrinker->flags = flags;
	return shrinker;
}

/* The old call can fail; a module without a shrinker still works. */
#define shrinker_register(shrinker) do {				\
	if (register_shrinker(shrinker, "tcslab"))			\
		pr_warn("tcslab: no shrinker\n");			\
} while (0)

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

/* 6.5 tells whoever reclaims by a call. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline void mm_account_reclaimed_pages(unsigned long pages)
{
	if (current->reclaim_state)
		current->reclaim_state->reclaimed_slab += pages;
}
#endif

/* 6.6 can keep a cache to itself; before, this flag did that and nothing else. */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE	SLAB_NOLEAKTRACE
#endif

/* 6.12 charges an object after it was allocated. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
static inline bool kmem_cache_charge(void *obj, gfp_t gfp)
{
	return true;
}
#endif

/* 6.9 can take turns that are not equal; ours are. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define MPOL_WEIGHTED_INTERLEAVE	MPOL_INTERLEAVE
#endif

/* 6.17 named the workqueues after what they are. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_dfl_wq		system_unbound_wq
#define system_percpu_wq	system_wq
#endif

/* 6.13 sets a timer's function together with the rest. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define hrtimer_setup(timer, fn, clock, mode) do {			\
	hrtimer_init(timer, clock, mode);				\
	(timer)->function = fn;						\
} while (0)
#define hrtimer_setup_on_stack(timer, fn, clock, mode) do {		\
	hrtimer_init_on_stack(timer, clock, mode);			\
	(timer)->function = fn;						\
} while (0)
#endif

/* 7.x resizes on a node and to an alignment. */
#ifndef krealloc_node_align
#define krealloc_node_align(obj, size, align, gfp, node)		\
	((void)(align), (void)(node), krealloc(obj, size, gfp))
#endif
#ifndef kvrealloc_node_align
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define kvrealloc_node_align(obj, size, align, gfp, node)		\
	((void)(align), (void)(node), kvrealloc(obj, size, gfp))
#else
/* The old size had to be said: tcslab_slab.h does it and does not come here. */
static inline void *kvrealloc_node_align(const void *obj, size_t size, unsigned long align,
					 gfp_t gfp, int node)
{
	return NULL;
}
#endif
#endif

/*
 * 6.12 can wait for kfree_rcu(), 7.x no longer exports it; callbacks are the nearest
 * thing.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0) || \
	LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define kvfree_rcu_barrier()	rcu_barrier()
#endif

#endif /* TCSLAB_COMPAT_H */
