/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's slab API on tcslab, for the files that include this
 *
 * For trying tcslab on a module that exists: one include after the others, or
 * without touching the source
 *
 *	ccflags-y += -I.../mod/include -include linux/tcslab_slab.h
 *
 * and the module's kmem_cache_*(), kmalloc(), kfree(), kfree_rcu(), kvmalloc(),
 * kmemdup() and so on are tcslab's.  Documentation/real_modules.md has the list,
 * what is left alone and why, and which patterns are safe at the border to code
 * that was compiled without this.
 *
 * Names are mapped without parameters where there is a function behind them, so
 * that &kfree is ours as well.
 *
 * -DTCSLAB_SLAB_NATIVE_DUP leaves kmemdup() and kstrdup() and their kin alone, for a
 * module that gives what they return to the core.  -DTCSLAB_SLAB_BEFORE='<linux/x.h>' leaves
 * what that header allocates alone.  -DTCSLAB_SLAB_HEAP gives the module a heap of its own:
 * <linux/tcslab_slab_heap.h>.
 *
 * It is empty where no file of a module is compiled.  $(call cc-option) asks the compiler whether
 * it knows an option, with all flags but those for finding headers.  And genksyms makes the
 * versions of what a module exports of all types that a file has seen by then: those of other
 * headers would count.  The mapping has no part in them.  It changes names of functions alone, so
 * that a type is laid out as without it, also one with a member named kfree.
 */
#ifndef _LINUX_TCSLAB_SLAB_H
#define _LINUX_TCSLAB_SLAB_H

#if defined(KBUILD_BASENAME) && !defined(MODULE)
#error "only a module can use tcslab"
#endif

#if defined(MODULE) && !defined(__GENKSYMS__)

/* Nothing has been read before this, and the file may define pr_fmt() after it. */
#ifndef pr_fmt
#define TCSLAB_SLAB_IS_FIRST
#endif

/*
 * What is copied to and from user space is looked at by inline functions, each of which calls this,
 * which knows slab pages only.  Where its header has been read before it stays as it is.
 */
#define __check_object_size		tcslab_slab_check_object_size
#include <linux/uaccess.h>
#undef __check_object_size

#include <linux/tcslab_slab_api.h>

/*
 * Headers with inline functions and macros that allocate what the core frees: from before the
 * mapping, they are the kernel's.  scripts/border.py finds them; those of some kernels
 * are in <linux/tcslab_slab_compat.h>.  TCSLAB_SLAB_BEFORE is for those that a few modules need,
 * and that have much more in them.
 */
#include <linux/dma-fence-chain.h>
#include <linux/generic-radix-tree.h>
#include <linux/textsearch.h>
#ifdef TCSLAB_SLAB_BEFORE
#include TCSLAB_SLAB_BEFORE
#endif
#ifdef dma_fence_chain_alloc
#undef dma_fence_chain_alloc
#define dma_fence_chain_alloc() ((struct dma_fence_chain *)		\
	tcslab_native_kmalloc(sizeof(struct dma_fence_chain), GFP_KERNEL))
#endif

/* ---------------------------------------------------------------- named caches */

#undef kmem_cache_create
#ifdef TCSLAB_SLAB_HAS_ARGS
#define kmem_cache_create(name, size, args, ...)				\
	__builtin_choose_expr(__same_type(args, struct kmem_cache_args *),	\
			      tcslab_slab_create_args,				\
	__builtin_choose_expr(__same_type(args, void *),			\
			      tcslab_slab_create_default,			\
			      tcslab_slab_create))(name, size, args, __VA_ARGS__)
/* KMEM_CACHE() and KMEM_CACHE_USERCOPY() are made of this. */
#define __kmem_cache_create_args	tcslab_slab_create_args
#else
#define kmem_cache_create		tcslab_slab_create
#endif
#define kmem_cache_create_usercopy	tcslab_slab_create_usercopy
#define kmem_cache_destroy		tcslab_slab_destroy
#define kmem_cache_shrink		tcslab_slab_shrink
#define kmem_cache_size			tcslab_slab_size
#define kmem_cache_charge		tcslab_slab_charge

#undef kmem_cache_alloc
#define kmem_cache_alloc		tcslab_slab_cache_alloc
#undef kmem_cache_zalloc
#define kmem_cache_zalloc		tcslab_slab_cache_zalloc
#undef kmem_cache_alloc_lru
#define kmem_cache_alloc_lru		tcslab_slab_cache_alloc_lru
#undef kmem_cache_alloc_node
#define kmem_cache_alloc_node		tcslab_slab_cache_alloc_node
#undef kmem_cache_alloc_bulk
#define kmem_cache_alloc_bulk		tcslab_slab_alloc_bulk
#define kmem_cache_free			tcslab_slab_cache_free
#define kmem_cache_free_bulk		tcslab_slab_free_bulk
#undef alloc_inode_sb
#define alloc_inode_sb(sb, cache, gfp)	\
	tcslab_slab_cache_alloc_lru(cache, &(sb)->s_inode_lru, gfp)

/* ---------------------------------------------------------- general allocation */

/* 7.x's kmalloc_obj(), _objs() and _flex() with their kin are made of these. */
#undef kmalloc
#define kmalloc				tcslab_slab_kmalloc
#undef kzalloc
#define kzalloc				tcslab_slab_kzalloc
#undef kcalloc
#define kcalloc				tcslab_slab_kcalloc
#undef kmalloc_array
#define kmalloc_array			tcslab_slab_kmalloc_array
#undef kmalloc_node
#define kmalloc_node			tcslab_slab_kmalloc_node
#undef kzalloc_node
#define kzalloc_node			tcslab_slab_kzalloc_node
#undef kmalloc_array_node
#define kmalloc_array_node		tcslab_slab_kmalloc_array_node
#undef kcalloc_node
#define kcalloc_node(n, size, gfp, node) \
	tcslab_slab_kmalloc_array_node(n, size, (gfp) | __GFP_ZERO, node)
/* Callers are not recorded, other than by the parameter "border". */
#undef kmalloc_track_caller
#define kmalloc_track_caller		tcslab_slab_kmalloc
#undef kmalloc_node_track_caller
#define kmalloc_node_track_caller	tcslab_slab_kmalloc_node

#undef krealloc
#define krealloc(obj, size, gfp)	\
	tcslab_slab_krealloc(obj, size, 1, gfp, NUMA_NO_NODE, false)
#undef krealloc_array
#define krealloc_array			tcslab_slab_krealloc_array
#undef krealloc_node
#define krealloc_node(obj, size, gfp, node) \
	tcslab_slab_krealloc(obj, size, 1, gfp, node, false)
#undef krealloc_node_align
#define krealloc_node_align(obj, size, align, gfp, node) \
	tcslab_slab_krealloc(obj, size, align, gfp, node, false)

#undef kfree
#define kfree				tcslab_slab_kfree
#define kfree_sensitive			tcslab_slab_kfree_sensitive
#define kfree_const			tcslab_slab_kfree_const
#define kfree_bulk(n, objs)		tcslab_slab_free_bulk(NULL, n, objs)
#define ksize				tcslab_slab_ksize
#define kmalloc_size_roundup		tcslab_good_size

/* ------------------------------------- from tcslab up to its largest class, else vmalloc */

#undef kvmalloc_node
#define kvmalloc_node			tcslab_slab_kvmalloc_node
#undef kvmalloc
#define kvmalloc(size, gfp)		tcslab_slab_kvmalloc_node(size, gfp, NUMA_NO_NODE)
#undef kvzalloc
#define kvzalloc(size, gfp)		kvmalloc(size, (gfp) | __GFP_ZERO)
#undef kvzalloc_node
#define kvzalloc_node(size, gfp, node)	\
	tcslab_slab_kvmalloc_node(size, (gfp) | __GFP_ZERO, node)
#undef kvmalloc_array
#define kvmalloc_array(n, size, gfp)	\
	tcslab_slab_kvmalloc_array_node(n, size, gfp, NUMA_NO_NODE)
#undef kvcalloc
#define kvcalloc(n, size, gfp)		kvmalloc_array(n, size, (gfp) | __GFP_ZERO)
#undef kvcalloc_node
#define kvcalloc_node(n, size, gfp, node) \
	tcslab_slab_kvmalloc_array_node(n, size, (gfp) | __GFP_ZERO, node)
#undef kvrealloc
#ifdef TCSLAB_SLAB_KVREALLOC_OLD_SIZE
#define kvrealloc			tcslab_slab_kvrealloc
#else
#define kvrealloc(obj, size, gfp)	\
	tcslab_slab_krealloc(obj, size, 1, gfp, NUMA_NO_NODE, true)
#endif
#undef kvrealloc_node
#define kvrealloc_node(obj, size, gfp, node) \
	tcslab_slab_krealloc(obj, size, 1, gfp, node, true)
#undef kvrealloc_node_align
#define kvrealloc_node_align(obj, size, align, gfp, node) \
	tcslab_slab_krealloc(obj, size, align, gfp, node, true)
#define kvfree				tcslab_slab_kvfree
#ifdef TCSLAB_SLAB_HAS_KVFREE_ATOMIC
#define kvfree_atomic			tcslab_slab_kvfree_atomic
#define __free_kvfree_atomic		tcslab_slab_cleanup_kvfree_atomic
#endif
#define kvfree_sensitive		tcslab_slab_kvfree_sensitive

/* --------------------------------------------------------------------- copies */

#ifndef TCSLAB_SLAB_NATIVE_DUP
#undef kmemdup
#define kmemdup				tcslab_slab_kmemdup
#undef kmemdup_array
#define kmemdup_array(src, n, size, gfp) tcslab_slab_kmemdup(src, size_mul(n, size), gfp)
#undef kvmemdup
#define kvmemdup			tcslab_slab_kvmemdup
#undef kmemdup_nul
#define kmemdup_nul			tcslab_slab_kmemdup_nul
#undef kstrdup
#define kstrdup				tcslab_slab_kstrdup
#undef kstrndup
#define kstrndup			tcslab_slab_kstrndup
#endif

/* ----------------------------------------------------------------- user space */

#ifdef CONFIG_HARDENED_USERCOPY
static inline long tcslab_slab_strncpy_from_user(char *to, const char __user *from, long n)
{
	tcslab_check_usercopy(to, n, false);
	return strncpy_from_user(to, from, n);
}

#define strncpy_from_user		tcslab_slab_strncpy_from_user
#endif

/* ------------------------------------------------------- after a grace period */

#undef kfree_rcu
#define kfree_rcu			tcslab_slab_kvfree_rcu
#undef kvfree_rcu
#define kvfree_rcu			tcslab_slab_kvfree_rcu
#undef kfree_rcu_mightsleep
#define kfree_rcu_mightsleep		tcslab_slab_kvfree_rcu_1
#undef kvfree_rcu_mightsleep
#define kvfree_rcu_mightsleep		tcslab_slab_kvfree_rcu_1
#define kvfree_rcu_barrier		tcslab_slab_kvfree_rcu_barrier
#define kvfree_rcu_barrier_on_cache(s)	((void)(s), tcslab_slab_kvfree_rcu_barrier())

/* __free(kfree) and so on: the names that <linux/cleanup.h> makes of them. */
#define __free_kfree			tcslab_slab_cleanup_kfree
#define __free_kvfree			tcslab_slab_cleanup_kvfree
#define __free_kfree_sensitive		tcslab_slab_cleanup_kfree_sensitive

/* -------------- what the core frees for a module, by a function that it is told */

#define kfree_link			tcslab_slab_kfree_link
#define kfree_strarray			tcslab_slab_kfree_strarray
#define bitmap_free			tcslab_slab_bitmap_free
#define seq_release_private		tcslab_slab_seq_release_private
#ifdef CONFIG_KEYS
#define user_free_preparse		tcslab_slab_user_free_preparse
#define user_destroy			tcslab_slab_user_destroy
#define user_revoke			tcslab_slab_user_revoke
#endif
#ifdef CONFIG_CRYPTO_HASH
#define shash_free_singlespawn_instance	tcslab_slab_shash_free_instance
#define ahash_free_singlespawn_instance	tcslab_slab_ahash_free_instance
#endif

/* -------------------------------------------------------------------- mempools */

/* The kernel's would give our cache to the kernel's kmem_cache_alloc(). */
#define mempool_alloc_slab		tcslab_slab_mempool_alloc
#define mempool_free_slab		tcslab_slab_mempool_free
#define mempool_kmalloc			tcslab_slab_mempool_kmalloc
#define mempool_kfree			tcslab_slab_mempool_kfree
#undef mempool_init_slab_pool
#define mempool_init_slab_pool(pool, n, cache) \
	mempool_init(pool, n, mempool_alloc_slab, mempool_free_slab, cache)
#undef mempool_create_slab_pool
#define mempool_create_slab_pool(n, cache) \
	mempool_create(n, mempool_alloc_slab, mempool_free_slab, cache)
#undef mempool_init_kmalloc_pool
#define mempool_init_kmalloc_pool(pool, n, size) \
	mempool_init(pool, n, mempool_kmalloc, mempool_kfree, (void *)(unsigned long)(size))
#undef mempool_create_kmalloc_pool
#define mempool_create_kmalloc_pool(n, size) \
	mempool_create(n, mempool_kmalloc, mempool_kfree, (void *)(unsigned long)(size))

#ifdef TCSLAB_SLAB_IS_FIRST
#include <linux/tcslab_slab_printk.h>
#endif

#endif /* MODULE && !__GENKSYMS__ */
#endif /* _LINUX_TCSLAB_SLAB_H */
