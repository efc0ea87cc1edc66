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
#include "caches/heap.h"
#include "caches/size_class.h"
#include "debug/guard.h"
#include "debug/shadow.h"

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
	return border(tcslab_slab_kvalloc_of(NULL, size, gfp, node));
}
EXPORT_SYMBOL_GPL(tcslab_slab_kvmalloc_node);

static void *alloc(size_t size, gfp_t gfp, int node, bool vmalloc)
{
	return vmalloc ? tcslab_slab_kvmalloc_node(size, gfp, node) :
			 tcslab_alloc_node(size, gfp, tcslab_slab_node(node));
}

/*
 * Of the heap that @like is of, if that is one's.  What that has not comes from elsewhere, unless
 * it has a limit: that is meant.
 */
static void *alloc_like(const void *like, size_t size, gfp_t gfp, int node, bool vmalloc)
{
	struct tcslab_heap *heap = tcslab_heap_of(like);
	gfp_t once = vmalloc ? (gfp & ~__GFP_NOFAIL) | __GFP_NORETRY | __GFP_NOWARN : gfp;
	void *obj = NULL;

	if (!heap)
		return alloc(size, gfp, node, vmalloc);
	if (!(gfp & GFP_ZONEMASK) && (!vmalloc || size <= TCSLAB_MAX_CLASS_SIZE))
		obj = tcslab_heap_alloc_node(heap, size, once, tcslab_slab_node(node));
	if (obj || (!vmalloc && heap->quota.limit_pages))
		return obj;
	atomic_long_inc(&heap->elsewhere);
	return alloc(size, gfp, node, vmalloc);
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
	old = tcslab_asked_size(obj);
	if (!old || !tcslab_shadow_check(obj))
		return NULL;	/* no object, or free: reported */
	to = stays && tcslab_stays_in_place(obj, old, size) ? NULL :
	     alloc_like(obj, size, gfp, node, vmalloc);
	if (!to) {
		/* Nobody expects that making something smaller fails; SLUB's stays in any case. */
		if (size > old || !stays)
			return NULL;
		if (want_init_on_alloc(gfp))
			tcslab_shadow_clear((void *)obj + size, old - size);
		tcslab_resized(obj, size);
		return (void *)obj;
	}
	memcpy(to, obj, tcslab_shadow_size(obj, min(old, size)));
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
	if (tcslab_owner_of(obj) != &tcslab_no_cache)
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

#ifdef CONFIG_HARDENED_USERCOPY
/* Declared by the kernel's own header, under the name that its function has elsewhere. */
void tcslab_slab_check_object_size(const void *ptr, unsigned long n, bool to_user);

/**
 * tcslab_slab_check_object_size() - what looks at copies to and from user space
 * @ptr: kernel memory, of either allocator or none
 * @n: bytes
 * @to_user: the direction
 *
 * Context: any in which one can copy.
 */
void tcslab_slab_check_object_size(const void *ptr, unsigned long n, bool to_user)
{
	tcslab_check_usercopy(ptr, n, to_user);
	__check_object_size(ptr, n, to_user);
}
EXPORT_SYMBOL_GPL(tcslab_slab_check_object_size);
#endif

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
