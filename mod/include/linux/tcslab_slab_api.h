/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What <linux/tcslab_slab.h> maps the kernel's slab API onto
 *
 * Two kinds of memory meet in a module built with that header: tcslab's, and the
 * kernel's own, from functions of the core, from inline functions that were
 * compiled before the mapping, and from the opt-outs below.  So everything here
 * that takes a pointer or a cache looks whose it is, and passes on what is not ours:
 *
 *   objects  by the page, as tcslab_free() does
 *   caches   ours are a struct kmem_cache pointer with the lowest bit set.  The
 *            type stays opaque and the kernel's, so that a header which has a
 *            cache of the core in an inline function (jbd2's, for one) compiles
 *            to the right thing on either side of the mapping
 *
 * What cannot be passed on is a pointer of ours in code without the header: see
 * tcslab_native_kmalloc() and the module parameter "border".
 */
#ifndef _LINUX_TCSLAB_SLAB_API_H
#define _LINUX_TCSLAB_SLAB_API_H

#include <linux/err.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <linux/tcslab.h>
#include <linux/tcslab_slab_compat.h>
#include <linux/tcslab_slab_native.h>
#include <linux/tcslab_slab_owner.h>

/* ----------------------------------------------------------- debug: the border */

DECLARE_STATIC_KEY_FALSE(tcslab_border_key);
void tcslab_border_note(const void *obj, unsigned long caller);
void tcslab_border_note_here(const void *obj);

/* Remember who allocated @obj, for the module parameter "border"; returns @obj. */
static __always_inline void *tcslab_border(void *obj)
{
	if (static_branch_unlikely(&tcslab_border_key))
		tcslab_border_note_here(obj);
	return obj;
}

/* ---------------------------------------------------------------- named caches */

#define TCSLAB_SLAB_TAG		1UL

/*
 * The flags that SLUB knows.  HWCACHE_ALIGN, TYPESAFE_BY_RCU, CACHE_DMA,
 * CACHE_DMA32 and PANIC are honoured.  The others mean nothing here:
 * CONSISTENCY_CHECKS, RED_ZONE, POISON, STORE_USER, TRACE, DEBUG_OBJECTS,
 * FAILSLAB, KASAN, SKIP_KFENCE and NO_USER_FLAGS are about SLUB's debugging;
 * NO_MERGE is always so; nothing is charged, so ACCOUNT and NO_OBJ_EXT say nothing;
 * RECLAIM_ACCOUNT and MEM_SPREAD are about the pages of a slab; objects are
 * given to kmemleak whether NOLEAKTRACE or not.
 */
#define TCSLAB_SLAB_HONOURED	(SLAB_HWCACHE_ALIGN | SLAB_TYPESAFE_BY_RCU | SLAB_CACHE_DMA | \
				 SLAB_CACHE_DMA32 | SLAB_PANIC)
#define TCSLAB_SLAB_IGNORED	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | \
				 SLAB_STORE_USER | SLAB_TRACE | SLAB_DEBUG_OBJECTS | \
				 SLAB_NOLEAKTRACE | SLAB_FAILSLAB | SLAB_ACCOUNT | SLAB_KASAN | \
				 SLAB_SKIP_KFENCE | SLAB_NO_USER_FLAGS | SLAB_RECLAIM_ACCOUNT | \
				 TCSLAB_SLAB_SINCE_6_5 | TCSLAB_SLAB_SINCE_6_10 | TCSLAB_SLAB_OLD)
#define TCSLAB_SLAB_FLAGS	(TCSLAB_SLAB_HONOURED | TCSLAB_SLAB_IGNORED)

struct kmem_cache *__tcslab_slab_create(struct tcslab_slab_owner *owner, const char *name,
					unsigned int size, unsigned int align, slab_flags_t flags,
					unsigned int useroffset, unsigned int usersize,
					void (*ctor)(void *obj));
void tcslab_slab_destroy(struct kmem_cache *s);
int tcslab_slab_shrink(struct kmem_cache *s);
unsigned int tcslab_slab_size(struct kmem_cache *s);
bool tcslab_slab_charge(void *obj, gfp_t gfp);
size_t tcslab_slab_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t n, void **objs);
void tcslab_slab_free_bulk(struct kmem_cache *s, size_t n, void **objs);

/* Unknown flags fail the build where the compiler sees them, else the call. */
static __always_inline struct kmem_cache *
tcslab_slab_create_usercopy(const char *name, unsigned int size, unsigned int align,
			    slab_flags_t flags, unsigned int useroffset,
			    unsigned int usersize, void (*ctor)(void *obj))
{
	if (__builtin_constant_p(flags))
		BUILD_BUG_ON_MSG(flags & ~TCSLAB_SLAB_FLAGS,
				 "tcslab does not know one of these SLAB_ flags");
	return __tcslab_slab_create(TCSLAB_SLAB_OWNER, name, size, align, flags, useroffset,
				    usersize, ctor);
}

static __always_inline struct kmem_cache *
tcslab_slab_create(const char *name, unsigned int size, unsigned int align,
		   slab_flags_t flags, void (*ctor)(void *obj))
{
	return tcslab_slab_create_usercopy(name, size, align, flags, 0, 0, ctor);
}

#ifdef TCSLAB_SLAB_HAS_ARGS
/*
 * freeptr_offset and sheaf_capacity say where SLUB keeps a free object's link and
 * how many it caches per CPU: no link is in our objects, and arrays size themselves.
 */
static __always_inline struct kmem_cache *
tcslab_slab_create_args(const char *name, unsigned int size, struct kmem_cache_args *args,
			slab_flags_t flags)
{
	return tcslab_slab_create_usercopy(name, size, args->align, flags, args->useroffset,
					   args->usersize, args->ctor);
}

/* For a literal NULL, which is not of the type of a pointer to arguments. */
static __always_inline struct kmem_cache *
tcslab_slab_create_default(const char *name, unsigned int size, void *args,
			   slab_flags_t flags)
{
	return tcslab_slab_create(name, size, 0, flags, NULL);
}
#endif

/* Our cache behind @s, or NULL when it is the kernel's. */
static __always_inline struct tcslab_cache *tcslab_slab_cache(struct kmem_cache *s)
{
	if (unlikely(!((unsigned long)s & TCSLAB_SLAB_TAG)))
		return NULL;
	return (struct tcslab_cache *)((unsigned long)s - TCSLAB_SLAB_TAG);
}

/* To the kernel's functions a node is a hint; of one that is not there they take no notice. */
static inline int tcslab_slab_node(int node)
{
	return node >= 0 && node < nr_node_ids && node_online(node) ? node : NUMA_NO_NODE;
}

/*
 * Objects of a type-safe cache keep what readers may look at, and the cache refuses to clear
 * them; kmem_cache_alloc() does clear them for who asks.
 */
static __always_inline bool tcslab_slab_clears(const struct tcslab_cache *cache, gfp_t gfp)
{
	return gfp & __GFP_ZERO && unlikely(!cache->zero_size);
}

void *tcslab_slab_alloc_cleared(struct tcslab_cache *cache, gfp_t gfp, int node);

static __always_inline void *tcslab_slab_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);

	if (!cache)
		return tcslab_native_cache_alloc(s, gfp);
	if (tcslab_slab_clears(cache, gfp))
		return tcslab_slab_alloc_cleared(cache, gfp, NUMA_NO_NODE);
	return tcslab_border(tcslab_cache_alloc(cache, gfp));
}

static __always_inline void *tcslab_slab_cache_zalloc(struct kmem_cache *s, gfp_t gfp)
{
	return tcslab_slab_cache_alloc(s, gfp | __GFP_ZERO);
}

/* Nothing of ours is charged to a memory cgroup, so the list needs no lists for one. */
static __always_inline void *tcslab_slab_cache_alloc_lru(struct kmem_cache *s,
							 struct list_lru *lru, gfp_t gfp)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);

	if (!cache)
		return tcslab_native_cache_alloc_lru(s, lru, gfp);
	if (tcslab_slab_clears(cache, gfp))
		return tcslab_slab_alloc_cleared(cache, gfp, NUMA_NO_NODE);
	return tcslab_border(tcslab_cache_alloc(cache, gfp));
}

static __always_inline void *tcslab_slab_cache_alloc_node(struct kmem_cache *s, gfp_t gfp,
							  int node)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);

	if (!cache)
		return tcslab_native_cache_alloc_node(s, gfp, node);
	if (tcslab_slab_clears(cache, gfp))
		return tcslab_slab_alloc_cleared(cache, gfp, tcslab_slab_node(node));
	return tcslab_border(tcslab_cache_alloc_node(cache, gfp, tcslab_slab_node(node)));
}

static __always_inline void tcslab_slab_cache_free(struct kmem_cache *s, void *obj)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);

	if (cache)
		tcslab_cache_free(cache, obj);
	else
		tcslab_native_cache_free(s, obj);
}

/* ---------------------------------------------------------- general allocation */

/* For the module @owner, or for nobody if it is NULL. */
void *tcslab_slab_alloc_of(struct tcslab_slab_owner *owner, size_t size, gfp_t gfp, int node)
	__alloc_size(2);
void *tcslab_slab_kvalloc_of(struct tcslab_slab_owner *owner, size_t size, gfp_t gfp, int node)
	__alloc_size(2);

void *tcslab_slab_kmalloc_node(size_t size, gfp_t gfp, int node) __alloc_size(1);
void *tcslab_slab_kvmalloc_node(size_t size, gfp_t gfp, int node) __alloc_size(1);
void * __must_check tcslab_slab_krealloc(const void *obj, size_t size, size_t align, gfp_t gfp,
					 int node, bool vmalloc) __realloc_size(2);
void *tcslab_slab_kmemdup(const void *src, size_t len, gfp_t gfp) __alloc_size(2);
void *tcslab_slab_kvmemdup(const void *src, size_t len, gfp_t gfp) __alloc_size(2);
char *tcslab_slab_kmemdup_nul(const char *s, size_t len, gfp_t gfp);
char *tcslab_slab_kstrdup(const char *s, gfp_t gfp);
char *tcslab_slab_kstrndup(const char *s, size_t max, gfp_t gfp);
void tcslab_slab_kfree_sensitive(const void *obj);
void tcslab_slab_kvfree_sensitive(const void *obj, size_t len);
void tcslab_slab_kfree_const(const void *obj);
size_t tcslab_slab_ksize(const void *obj);

/* For mempools. */
void *tcslab_slab_mempool_alloc(gfp_t gfp, void *cache);
void tcslab_slab_mempool_free(void *obj, void *cache);
void *tcslab_slab_mempool_kmalloc(gfp_t gfp, void *size);
void tcslab_slab_mempool_kfree(void *obj, void *size);

#ifdef TCSLAB_SLAB_HEAP
#include <linux/tcslab_slab_heap.h>
#else
#define tcslab_slab_general	tcslab_alloc
#endif

static __always_inline __alloc_size(1) void *tcslab_slab_kmalloc(size_t size, gfp_t gfp)
{
	return tcslab_border(tcslab_slab_general(size, gfp));
}

static __always_inline __alloc_size(1) void *tcslab_slab_kzalloc(size_t size, gfp_t gfp)
{
	return tcslab_slab_kmalloc(size, gfp | __GFP_ZERO);
}

static __always_inline __alloc_size(1) void *tcslab_slab_kzalloc_node(size_t size, gfp_t gfp,
								      int node)
{
	return tcslab_slab_kmalloc_node(size, gfp | __GFP_ZERO, node);
}

static __always_inline __alloc_size(1, 2) void *tcslab_slab_kmalloc_array(size_t n, size_t size,
									  gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return tcslab_slab_kmalloc(bytes, gfp);
}

static __always_inline __alloc_size(1, 2) void *tcslab_slab_kcalloc(size_t n, size_t size,
								    gfp_t gfp)
{
	return tcslab_slab_kmalloc_array(n, size, gfp | __GFP_ZERO);
}

static __always_inline __alloc_size(1, 2) void *
tcslab_slab_kmalloc_array_node(size_t n, size_t size, gfp_t gfp, int node)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return tcslab_slab_kmalloc_node(bytes, gfp, node);
}

static __always_inline __alloc_size(1, 2) void *
tcslab_slab_kvmalloc_array_node(size_t n, size_t size, gfp_t gfp, int node)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return tcslab_slab_kvmalloc_node(bytes, gfp, node);
}

static __always_inline void * __must_check
tcslab_slab_krealloc_array(void *obj, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return tcslab_slab_krealloc(obj, bytes, 1, gfp, NUMA_NO_NODE, false);
}

/* As tcslab_free(), but what is not ours is the kernel's. */
static __always_inline void tcslab_slab_kfree(const void *obj)
{
	if (unlikely(!tcslab_free_if_ours(obj)))
		tcslab_native_kfree(obj);
}

static __always_inline void tcslab_slab_kvfree(const void *obj)
{
	if (unlikely(!tcslab_free_if_ours(obj)))
		tcslab_native_kvfree(obj);
}

#ifdef TCSLAB_SLAB_HAS_KVFREE_ATOMIC
static __always_inline void tcslab_slab_kvfree_atomic(const void *obj)
{
	if (tcslab_cache_of(obj))
		tcslab_free(obj);
	else
		kvfree_atomic(obj);
}

static inline void tcslab_slab_cleanup_kvfree_atomic(void *variable)
{
	void *obj = *(void **)variable;

	if (!IS_ERR_OR_NULL(obj))
		tcslab_slab_kvfree_atomic(obj);
}
#endif

/* What __free() calls with the address of the variable. */
static inline void tcslab_slab_cleanup_kfree(void *variable)
{
	void *obj = *(void **)variable;

	if (!IS_ERR_OR_NULL(obj))
		tcslab_slab_kfree(obj);
}

static inline void tcslab_slab_cleanup_kvfree(void *variable)
{
	void *obj = *(void **)variable;

	if (!IS_ERR_OR_NULL(obj))
		tcslab_slab_kvfree(obj);
}

static inline void tcslab_slab_cleanup_kfree_sensitive(void *variable)
{
	void *obj = *(void **)variable;

	if (!IS_ERR_OR_NULL(obj))
		tcslab_slab_kfree_sensitive(obj);
}

#ifdef TCSLAB_SLAB_KVREALLOC_OLD_SIZE
/* The old size of the kernel's own has to be said, and nothing is made smaller. */
static inline void *tcslab_slab_kvrealloc(const void *obj, size_t old, size_t size, gfp_t gfp)
{
	void *to;

	if (old >= size)
		return (void *)obj;
	if (!ZERO_OR_NULL_PTR(obj) && !tcslab_cache_of(obj))
		return kvrealloc(obj, old, size, gfp);
	to = tcslab_slab_krealloc(obj, size, 1, gfp, NUMA_NO_NODE, true);
	/* To the kernel's what is cleared begins at @old, not where the memory ended. */
	if (to && want_init_on_alloc(gfp))
		memset(to + old, 0, size - old);
	return to;
}
#endif

/* ------------------------------------------------------- after a grace period */

void tcslab_slab_kvfree_rcu_barrier(void);

/* The kernel's own macros, under names that the mapping does not touch. */
#define tcslab_native_free_rcu(ptr, member)	kvfree_rcu_arg_2(ptr, member)
#define tcslab_native_free_rcu_mightsleep(ptr)	kvfree_rcu_arg_1(ptr)

#define tcslab_slab_kvfree_rcu_2(ptr, member) do {				\
	typeof(ptr) __slab_ptr = (ptr);						\
										\
	BUILD_BUG_ON(offsetof(typeof(*__slab_ptr), member) >= 4096);		\
	if (tcslab_cache_of(__slab_ptr))					\
		__tcslab_free_rcu((void *)&__slab_ptr->member, (void *)__slab_ptr);	\
	else									\
		tcslab_native_free_rcu(__slab_ptr, member);			\
} while (0)

#define tcslab_slab_kvfree_rcu_1(ptr) do {					\
	typeof(ptr) __slab_ptr = (ptr);						\
										\
	if (tcslab_cache_of(__slab_ptr))					\
		tcslab_free_rcu_mightsleep((const void *)__slab_ptr);		\
	else									\
		tcslab_native_free_rcu_mightsleep(__slab_ptr);			\
} while (0)

#define tcslab_slab_kvfree_rcu(...)						\
	CONCATENATE(tcslab_slab_kvfree_rcu_, COUNT_ARGS(__VA_ARGS__))(__VA_ARGS__)

/* ----------------------------- functions of the core that free what they are given */

struct inode;
struct file;
struct key;
struct key_preparsed_payload;
struct shash_instance;
struct ahash_instance;

void tcslab_slab_kfree_link(void *obj);
void tcslab_slab_kfree_strarray(char **array, size_t n);
void tcslab_slab_bitmap_free(const unsigned long *bitmap);
int tcslab_slab_seq_release_private(struct inode *inode, struct file *file);
void tcslab_slab_user_free_preparse(struct key_preparsed_payload *prep);
void tcslab_slab_user_destroy(struct key *key);
void tcslab_slab_user_revoke(struct key *key);
void tcslab_slab_shash_free_instance(struct shash_instance *inst);
void tcslab_slab_ahash_free_instance(struct ahash_instance *inst);

#endif /* _LINUX_TCSLAB_SLAB_API_H */
