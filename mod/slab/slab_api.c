// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's slab API on tcslab: what <linux/tcslab_slab_api.h> does not do inline
 *
 * All of it is made of the public calls, and of the kernel's own for what is not ours.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include <linux/tcslab_slab_api.h>

#include "back/span.h"
#include "base/compat.h"
#include "caches/cache.h"

/* ---------------------------------------------------------------- named caches */

static enum tcslab_zone flags_to_zone(slab_flags_t flags)
{
	if (flags & SLAB_CACHE_DMA)
		return TCSLAB_ZONE_DMA;
	return flags & SLAB_CACHE_DMA32 ? TCSLAB_ZONE_DMA32 : TCSLAB_ZONE_NORMAL;
}

static struct kmem_cache *tagged(struct tcslab_cache *cache)
{
	return (struct kmem_cache *)((unsigned long)cache + TCSLAB_SLAB_TAG);
}

/* See tcslab_slab_create_usercopy(). What is larger or more aligned than ours can be is SLUB's. */
struct kmem_cache *__tcslab_slab_create(const char *name, unsigned int size,
					unsigned int align, slab_flags_t flags,
					unsigned int useroffset, unsigned int usersize,
					void (*ctor)(void *obj))
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache *cache;

	if (WARN(flags & ~TCSLAB_SLAB_FLAGS, "tcslab: cache %s: unknown flags %#x\n", name,
		 (__force unsigned int)(flags & ~TCSLAB_SLAB_FLAGS)))
		return NULL;
	if (size > TCSLAB_MAX_CLASS_SIZE || align > PAGE_SIZE)
		return kmem_cache_create_usercopy(name, size, align, flags, useroffset,
						  usersize, ctor);
	args.align = align;
	args.ctor = ctor;
	args.useroffset = useroffset;
	args.usersize = usersize;
	args.zone = flags_to_zone(flags);
	if (flags & SLAB_HWCACHE_ALIGN)
		args.flags |= TCSLAB_HWCACHE_ALIGN;
	if (flags & SLAB_TYPESAFE_BY_RCU)
		args.flags |= TCSLAB_TYPESAFE_BY_RCU;
	cache = tcslab_cache_create(name, &args);
	if (!IS_ERR(cache))
		return tagged(cache);
	if (flags & SLAB_PANIC)
		panic("tcslab: cache %s: error %ld\n", name, PTR_ERR(cache));
	pr_warn("tcslab: cache %s of %u bytes: error %ld\n", name, size, PTR_ERR(cache));
	return NULL;
}
EXPORT_SYMBOL_GPL(__tcslab_slab_create);

/**
 * tcslab_slab_destroy() - kmem_cache_destroy()
 * @s: a cache of either allocator, or NULL
 *
 * Context: task, may sleep.
 */
void tcslab_slab_destroy(struct kmem_cache *s)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);

	if (cache)
		tcslab_cache_destroy(cache);
	else
		kmem_cache_destroy(s);
}
EXPORT_SYMBOL_GPL(tcslab_slab_destroy);

/**
 * tcslab_slab_shrink() - kmem_cache_shrink()
 * @s: a cache of either allocator
 *
 * Context: task, may sleep.
 * Return: 0; for a cache of the kernel what kmem_cache_shrink() returns.
 */
int tcslab_slab_shrink(struct kmem_cache *s)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);

	if (!cache)
		return kmem_cache_shrink(s);
	tcslab_cache_shrink(cache);
	return 0;
}
EXPORT_SYMBOL_GPL(tcslab_slab_shrink);

/**
 * tcslab_slab_size() - kmem_cache_size()
 * @s: a cache of either allocator
 *
 * Context: any.
 * Return: bytes that an object has.
 */
unsigned int tcslab_slab_size(struct kmem_cache *s)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);

	return cache ? cache->object_size : kmem_cache_size(s);
}
EXPORT_SYMBOL_GPL(tcslab_slab_size);

/* Without its constructor an object may not be: those are refused. */
static bool clears(const struct tcslab_cache *cache, gfp_t gfp)
{
	return tcslab_slab_clears(cache, gfp) && !cache->ctor;
}

/* See tcslab_slab_clears(). */
void *tcslab_slab_alloc_cleared(struct tcslab_cache *cache, gfp_t gfp, int node)
{
	bool clear = clears(cache, gfp);
	void *obj = tcslab_cache_alloc_node(cache, clear ? gfp & ~__GFP_ZERO : gfp, node);

	if (obj && clear)
		memset(obj, 0, cache->object_size);
	if (static_branch_unlikely(&tcslab_border_key))
		tcslab_border_note(obj, _RET_IP_);
	return obj;
}
EXPORT_SYMBOL_GPL(tcslab_slab_alloc_cleared);

/**
 * tcslab_slab_alloc_bulk() - kmem_cache_alloc_bulk()
 * @s: a cache of either allocator
 * @gfp: as for kmem_cache_alloc()
 * @n: number of objects
 * @objs: where to put them
 *
 * Context: as tcslab_cache_alloc_bulk(); for a cache of the kernel as
 * kmem_cache_alloc_bulk().
 * Return: @n, or 0 when not all could be had.
 */
size_t tcslab_slab_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t n, void **objs)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);
	bool clear;
	size_t i;

	if (!cache)
		return tcslab_native_cache_alloc_bulk(s, gfp, n, objs);
	clear = clears(cache, gfp);
	if (!tcslab_cache_alloc_bulk(cache, clear ? gfp & ~__GFP_ZERO : gfp, n, objs))
		return 0;
	if (clear)
		for (i = 0; i < n; i++)
			memset(objs[i], 0, cache->object_size);
	if (static_branch_unlikely(&tcslab_border_key))
		for (i = 0; i < n; i++)
			tcslab_border_note(objs[i], _RET_IP_);
	return n;
}
EXPORT_SYMBOL_GPL(tcslab_slab_alloc_bulk);

/**
 * tcslab_slab_free_bulk() - kmem_cache_free_bulk() and kfree_bulk()
 * @s: a cache of either allocator, or NULL when @objs are of any
 * @n: number of objects
 * @objs: the objects
 *
 * Context: as tcslab_free_bulk().
 */
void tcslab_slab_free_bulk(struct kmem_cache *s, size_t n, void **objs)
{
	struct tcslab_cache *cache = tcslab_slab_cache(s);
	size_t i;

	if (cache)
		tcslab_cache_free_bulk(cache, n, objs);
	else if (s)
		kmem_cache_free_bulk(s, n, objs);
	else
		for (i = 0; i < n; i++)
			tcslab_slab_kfree(objs[i]);
}
EXPORT_SYMBOL_GPL(tcslab_slab_free_bulk);

/* ------------------------------------------------------------- general: alloc */

/* Remember the caller of the function that this is in, see tcslab_border(). */
#define border(obj)	({							\
	void *__border_obj = (obj);						\
										\
	if (static_branch_unlikely(&tcslab_border_key))				\
		tcslab_border_note(__border_obj, _RET_IP_);			\
	__border_obj;								\
})

/**
 * tcslab_slab_kmalloc_node() - kmalloc_node()
 * @size: bytes
 * @gfp: as for kmalloc()
 * @node: node id or NUMA_NO_NODE
 *
 * Context: as tcslab_alloc().
 * Return: as kmalloc_node().
 */
void *tcslab_slab_kmalloc_node(size_t size, gfp_t gfp, int node)
{
	return border(tcslab_alloc_node(size, gfp, tcslab_slab_node(node)));
}
EXPORT_SYMBOL_GPL(tcslab_slab_kmalloc_node);

/**
 * tcslab_slab_kvmalloc_node() - kvmalloc_node()
 * @size: bytes
 * @gfp: as for kvmalloc()
 * @node: node id or NUMA_NO_NODE
 *
 * Ours up to the largest size class, tried once beyond a page as kvmalloc() does,
 * since vmalloc() can do without physically contiguous memory.
 *
 * Context: as kvmalloc().
 * Return: as kvmalloc().
 */
void *tcslab_slab_kvmalloc_node(size_t size, gfp_t gfp, int node)
{
	gfp_t once = size > PAGE_SIZE ? __GFP_NORETRY | __GFP_NOWARN : 0;
	void *obj;

	node = tcslab_slab_node(node);
	if (size > TCSLAB_MAX_CLASS_SIZE)
		return kvmalloc_node(size, gfp, node);
	if (once)
		obj = tcslab_alloc_node(size, (gfp & ~__GFP_NOFAIL) | once, node);
	else
		obj = tcslab_alloc_node(size, gfp, node);
	return obj ? border(obj) : kvmalloc_node(size, gfp, node);
}
EXPORT_SYMBOL_GPL(tcslab_slab_kvmalloc_node);

static void *alloc(size_t size, gfp_t gfp, int node, bool vmalloc)
{
	return vmalloc ? tcslab_slab_kvmalloc_node(size, gfp, node) :
			 tcslab_alloc_node(size, gfp, tcslab_slab_node(node));
}

/* What is not ours stays with the kernel, whose krealloc() knows its size. */
static void *native_realloc(const void *obj, size_t size, size_t align, gfp_t gfp, int node,
			    bool vmalloc)
{
	if (vmalloc)
		return kvrealloc_node_align(obj, size, align, gfp, node);
	return krealloc_node_align(obj, size, align, gfp, node);
}

/**
 * tcslab_slab_krealloc() - krealloc(), kvrealloc() and their kin
 * @obj: memory of either allocator, or NULL
 * @size: bytes; 0 frees @obj
 * @align: bytes that the result is to be aligned to, as far as kmalloc() would
 * @gfp: as for kmalloc(); with __GFP_ZERO nothing beyond @size is left of the old content
 * @node: for new memory: node id or NUMA_NO_NODE
 * @vmalloc: as kvmalloc() rather than as kmalloc()
 *
 * Context: as tcslab_alloc(), with @vmalloc as kvmalloc().
 * Return: as krealloc().
 */
void *tcslab_slab_krealloc(const void *obj, size_t size, size_t align, gfp_t gfp, int node,
			   bool vmalloc)
{
	bool stays = IS_ALIGNED((unsigned long)obj, align);
	size_t old;
	void *to;

	if (ZERO_OR_NULL_PTR(obj))
		return border(alloc(size, gfp, node, vmalloc));
	if (!tcslab_cache_of(obj))
		return native_realloc(obj, size, align, gfp, node, vmalloc);
	if (!size) {
		tcslab_free(obj);
		return ZERO_SIZE_PTR;
	}
	if (gfp & __GFP_THISNODE && node != NUMA_NO_NODE && page_to_nid(virt_to_page(obj)) != node)
		stays = false;
	old = tcslab_usable_size(obj);
	if (!old)
		return NULL;	/* no object, reported */
	to = stays && size <= old && size >= old / 2 ? NULL : alloc(size, gfp, node, vmalloc);
	if (!to) {
		/* Nobody expects that making something smaller fails. */
		if (size > old || !stays)
			return NULL;
		if (want_init_on_alloc(gfp))
			memset((void *)obj + size, 0, old - size);
		return (void *)obj;
	}
	memcpy(to, obj, min(old, size));
	tcslab_free(obj);
	return border(to);
}
EXPORT_SYMBOL_GPL(tcslab_slab_krealloc);

/* --------------------------------------------------------------------- copies */

/**
 * tcslab_slab_kmemdup() - kmemdup()
 * @src: what to copy
 * @len: bytes
 * @gfp: as for kmalloc()
 *
 * Context: as tcslab_alloc().
 * Return: the copy or NULL.
 */
void *tcslab_slab_kmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *obj = tcslab_alloc(len, gfp);

	return obj ? border(memcpy(obj, src, len)) : NULL;
}
EXPORT_SYMBOL_GPL(tcslab_slab_kmemdup);

/**
 * tcslab_slab_kvmemdup() - kvmemdup()
 * @src: what to copy
 * @len: bytes
 * @gfp: as for kvmalloc()
 *
 * Context: as kvmalloc().
 * Return: the copy or NULL.
 */
void *tcslab_slab_kvmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *obj = tcslab_slab_kvmalloc_node(len, gfp, NUMA_NO_NODE);

	return obj ? border(memcpy(obj, src, len)) : NULL;
}
EXPORT_SYMBOL_GPL(tcslab_slab_kvmemdup);

static char *copy_string(const char *s, size_t len, gfp_t gfp)
{
	char *to = tcslab_alloc(len + 1, gfp);

	if (to) {
		memcpy(to, s, len);
		to[len] = '\0';
	}
	return to;
}

/**
 * tcslab_slab_kmemdup_nul() - kmemdup_nul()
 * @s: what to copy, or NULL
 * @len: bytes, without the 0 that is added
 * @gfp: as for kmalloc()
 *
 * Context: as tcslab_alloc().
 * Return: the copy or NULL.
 */
char *tcslab_slab_kmemdup_nul(const char *s, size_t len, gfp_t gfp)
{
	return s ? border(copy_string(s, len, gfp)) : NULL;
}
EXPORT_SYMBOL_GPL(tcslab_slab_kmemdup_nul);

/**
 * tcslab_slab_kstrdup() - kstrdup()
 * @s: the string, or NULL
 * @gfp: as for kmalloc()
 *
 * Context: as tcslab_alloc().
 * Return: the copy or NULL.
 */
char *tcslab_slab_kstrdup(const char *s, gfp_t gfp)
{
	return s ? border(copy_string(s, strlen(s), gfp)) : NULL;
}
EXPORT_SYMBOL_GPL(tcslab_slab_kstrdup);

/**
 * tcslab_slab_kstrndup() - kstrndup()
 * @s: the string, or NULL
 * @max: of so many bytes at most
 * @gfp: as for kmalloc()
 *
 * Context: as tcslab_alloc().
 * Return: the copy or NULL.
 */
char *tcslab_slab_kstrndup(const char *s, size_t max, gfp_t gfp)
{
	return s ? border(copy_string(s, strnlen(s, max), gfp)) : NULL;
}
EXPORT_SYMBOL_GPL(tcslab_slab_kstrndup);

/* -------------------------------------------------------------- general: free */

/**
 * tcslab_slab_kfree_sensitive() - kfree_sensitive()
 * @obj: memory of either allocator, or NULL
 *
 * Context: as tcslab_free().
 */
void tcslab_slab_kfree_sensitive(const void *obj)
{
	if (tcslab_cache_of(obj))
		tcslab_free_sensitive(obj);
	else
		kfree_sensitive(obj);
}
EXPORT_SYMBOL_GPL(tcslab_slab_kfree_sensitive);

/**
 * tcslab_slab_kvfree_sensitive() - kvfree_sensitive()
 * @obj: memory of either allocator, or NULL
 * @len: bytes to clear
 *
 * Context: as kvfree().
 */
void tcslab_slab_kvfree_sensitive(const void *obj, size_t len)
{
	if (!tcslab_cache_of(obj)) {
		kvfree_sensitive(obj, len);
		return;
	}
	if (!tcslab_is_stray(obj))
		memzero_explicit((void *)obj, len);
	tcslab_free(obj);
}
EXPORT_SYMBOL_GPL(tcslab_slab_kvfree_sensitive);

/**
 * tcslab_slab_kfree_const() - kfree_const()
 * @obj: memory of either allocator, read-only data of the kernel, or NULL
 *
 * Context: as tcslab_free().
 */
void tcslab_slab_kfree_const(const void *obj)
{
	if (tcslab_cache_of(obj))
		tcslab_free(obj);
	else
		kfree_const(obj);
}
EXPORT_SYMBOL_GPL(tcslab_slab_kfree_const);

/**
 * tcslab_slab_kfree_link() - kfree_link(), which file systems hand to set_delayed_call()
 * @obj: memory of either allocator, or NULL
 *
 * Context: as tcslab_free().
 */
void tcslab_slab_kfree_link(void *obj)
{
	tcslab_slab_kfree(obj);
}
EXPORT_SYMBOL_GPL(tcslab_slab_kfree_link);

/**
 * tcslab_slab_ksize() - ksize()
 * @obj: memory of either allocator, or NULL
 *
 * Context: any.
 * Return: bytes that @obj has.
 */
size_t tcslab_slab_ksize(const void *obj)
{
	return tcslab_cache_of(obj) ? tcslab_usable_size(obj) : ksize(obj);
}
EXPORT_SYMBOL_GPL(tcslab_slab_ksize);

/**
 * tcslab_slab_kvfree_rcu_barrier() - kvfree_rcu_barrier()
 *
 * Context: task, may sleep.
 */
void tcslab_slab_kvfree_rcu_barrier(void)
{
	tcslab_rcu_barrier();
	kvfree_rcu_barrier();
}
EXPORT_SYMBOL_GPL(tcslab_slab_kvfree_rcu_barrier);

/* -------------------------------------------------------------------- mempools */

/**
 * tcslab_slab_mempool_alloc() - mempool_alloc_slab()
 * @gfp: as for kmem_cache_alloc()
 * @cache: a struct kmem_cache of either allocator
 *
 * Context: as tcslab_cache_alloc().
 * Return: as tcslab_cache_alloc().
 */
void *tcslab_slab_mempool_alloc(gfp_t gfp, void *cache)
{
	return tcslab_slab_cache_alloc(cache, gfp);
}
EXPORT_SYMBOL_GPL(tcslab_slab_mempool_alloc);

/**
 * tcslab_slab_mempool_free() - mempool_free_slab()
 * @obj: the object
 * @cache: the struct kmem_cache that it came from
 *
 * Context: as tcslab_cache_free().
 */
void tcslab_slab_mempool_free(void *obj, void *cache)
{
	tcslab_slab_cache_free(cache, obj);
}
EXPORT_SYMBOL_GPL(tcslab_slab_mempool_free);

/**
 * tcslab_slab_mempool_kmalloc() - mempool_kmalloc()
 * @gfp: as for kmalloc()
 * @size: bytes, as a pointer
 *
 * Context: as tcslab_alloc().
 * Return: as tcslab_alloc().
 */
void *tcslab_slab_mempool_kmalloc(gfp_t gfp, void *size)
{
	return tcslab_slab_kmalloc((size_t)size, gfp);
}
EXPORT_SYMBOL_GPL(tcslab_slab_mempool_kmalloc);

/**
 * tcslab_slab_mempool_kfree() - mempool_kfree()
 * @obj: the memory
 * @size: bytes, as a pointer; not needed
 *
 * Context: as tcslab_free().
 */
void tcslab_slab_mempool_kfree(void *obj, void *size)
{
	tcslab_slab_kfree(obj);
}
EXPORT_SYMBOL_GPL(tcslab_slab_mempool_kfree);
