/* SPDX-License-Identifier: GPL-2.0 */
/*
 * With -DTCSLAB_SLAB_HEAP: the module's kmalloc() and its kin from a heap of its own
 *
 * The heap has the module's name, is made by the first allocation, and ends with the module, when
 * what is left in it is reported.  Named caches of the module count for it as well.  What the heap
 * cannot serve comes from elsewhere, as without it, and is counted: with a zone, beyond the
 * largest class of kvmalloc(), and where there is no memory for a heap, or a class, but a general
 * cache has some.
 *
 * Included by <linux/tcslab_slab_api.h> alone.
 */
#ifndef _LINUX_TCSLAB_SLAB_HEAP_H
#define _LINUX_TCSLAB_SLAB_HEAP_H

#include <linux/string.h>

static __always_inline __alloc_size(1) void *tcslab_slab_heap_alloc(size_t size, gfp_t gfp)
{
	struct tcslab_cache *cache;
	struct tcslab_heap *heap;
	void *obj;

	if (likely(tcslab_gfp_is_plain(gfp))) {
		/* Others may be making either: then all of it, or what was there before. */
		heap = READ_ONCE(tcslab_slab_owner.heap);
		cache = READ_ONCE(heap->classes[tcslab_size_class(size)]);
		if (likely(tcslab_cpu_pop(cache->fast, &obj)))
			return tcslab_obj_init(cache, obj, size, gfp);
	}
	return tcslab_slab_alloc_of(&tcslab_slab_owner, size, gfp, NUMA_NO_NODE);
}

static inline __alloc_size(1) void *tcslab_slab_heap_kmalloc_node(size_t size, gfp_t gfp, int node)
{
	return tcslab_border(tcslab_slab_alloc_of(&tcslab_slab_owner, size, gfp,
						  tcslab_slab_node(node)));
}

static inline __alloc_size(1) void *tcslab_slab_heap_kvmalloc_node(size_t size, gfp_t gfp,
								   int node)
{
	return tcslab_border(tcslab_slab_kvalloc_of(&tcslab_slab_owner, size, gfp, node));
}

/* What is there already says whose it is. */
static inline void * __must_check __realloc_size(2)
tcslab_slab_heap_krealloc(const void *obj, size_t size, size_t align, gfp_t gfp, int node,
			  bool vmalloc)
{
	if (!ZERO_OR_NULL_PTR(obj))
		return tcslab_slab_krealloc(obj, size, align, gfp, node, vmalloc);
	return vmalloc ? tcslab_slab_heap_kvmalloc_node(size, gfp, node) :
			 tcslab_slab_heap_kmalloc_node(size, gfp, node);
}

static inline __alloc_size(2) void *tcslab_slab_heap_kmemdup(const void *src, size_t len,
							     gfp_t gfp)
{
	void *obj = tcslab_border(tcslab_slab_heap_alloc(len, gfp));

	return obj ? memcpy(obj, src, len) : NULL;
}

static inline __alloc_size(2) void *tcslab_slab_heap_kvmemdup(const void *src, size_t len,
							      gfp_t gfp)
{
	void *obj = tcslab_slab_heap_kvmalloc_node(len, gfp, NUMA_NO_NODE);

	return obj ? memcpy(obj, src, len) : NULL;
}

static inline char *tcslab_slab_heap_kmemdup_nul(const char *s, size_t len, gfp_t gfp)
{
	char *to = s ? tcslab_border(tcslab_slab_heap_alloc(len + 1, gfp)) : NULL;

	if (to) {
		memcpy(to, s, len);
		to[len] = '\0';
	}
	return to;
}

static inline char *tcslab_slab_heap_kstrdup(const char *s, gfp_t gfp)
{
	return tcslab_slab_heap_kmemdup_nul(s, s ? strlen(s) : 0, gfp);
}

static inline char *tcslab_slab_heap_kstrndup(const char *s, size_t max, gfp_t gfp)
{
	return tcslab_slab_heap_kmemdup_nul(s, s ? strnlen(s, max) : 0, gfp);
}

/* Compiled into the module, which is how a pool knows whose it is. */
static inline void *tcslab_slab_heap_mempool_kmalloc(gfp_t gfp, void *size)
{
	return tcslab_border(tcslab_slab_heap_alloc((size_t)size, gfp));
}

/* From here on the drop-in's names are these. */
#define tcslab_slab_general		tcslab_slab_heap_alloc
#define tcslab_slab_kmalloc_node	tcslab_slab_heap_kmalloc_node
#define tcslab_slab_kvmalloc_node	tcslab_slab_heap_kvmalloc_node
#define tcslab_slab_krealloc		tcslab_slab_heap_krealloc
#define tcslab_slab_kmemdup		tcslab_slab_heap_kmemdup
#define tcslab_slab_kvmemdup		tcslab_slab_heap_kvmemdup
#define tcslab_slab_kmemdup_nul		tcslab_slab_heap_kmemdup_nul
#define tcslab_slab_kstrdup		tcslab_slab_heap_kstrdup
#define tcslab_slab_kstrndup		tcslab_slab_heap_kstrndup
#define tcslab_slab_mempool_kmalloc	tcslab_slab_heap_mempool_kmalloc

#endif /* _LINUX_TCSLAB_SLAB_HEAP_H */
