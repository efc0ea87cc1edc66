/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own allocator, by name, in a module that is built with <linux/tcslab_slab.h>
 *
 * Read before the names are mapped: the first are for modules, for what the core takes over;
 * the last are what the mapped calls fall back to.
 */
#ifndef _LINUX_TCSLAB_SLAB_NATIVE_H
#define _LINUX_TCSLAB_SLAB_NATIVE_H

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

/**
 * tcslab_native_kmalloc() - allocate from the kernel's allocator
 * @size: bytes
 * @gfp: as for kmalloc()
 *
 * For memory that code without this header will free or resize: what a core
 * function takes over and gives to kfree(), krealloc() or ksize().
 *
 * Context: as kmalloc().
 * Return: as kmalloc().
 */
static __always_inline __alloc_size(1) void *tcslab_native_kmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

/**
 * tcslab_native_kzalloc() - allocate zeroed memory from the kernel's allocator
 * @size: bytes
 * @gfp: as for kzalloc()
 *
 * Context: as kmalloc().
 * Return: as kmalloc().
 */
static __always_inline __alloc_size(1) void *tcslab_native_kzalloc(size_t size, gfp_t gfp)
{
	return kzalloc(size, gfp);
}

/**
 * tcslab_native_kcalloc() - allocate a zeroed array from the kernel's allocator
 * @n: elements
 * @size: bytes per element
 * @gfp: as for kcalloc()
 *
 * Context: as kmalloc().
 * Return: as kmalloc().
 */
static __always_inline __alloc_size(1, 2) void *tcslab_native_kcalloc(size_t n, size_t size,
								      gfp_t gfp)
{
	return kcalloc(n, size, gfp);
}

/**
 * tcslab_native_kmemdup() - duplicate memory with the kernel's allocator
 * @src: what to copy
 * @len: bytes
 * @gfp: as for kmemdup()
 *
 * Context: as kmalloc().
 * Return: as kmemdup().
 */
static __always_inline void *tcslab_native_kmemdup(const void *src, size_t len, gfp_t gfp)
{
	return kmemdup(src, len, gfp);
}

/**
 * tcslab_native_kstrdup() - duplicate a string with the kernel's allocator
 * @s: the string, or NULL
 * @gfp: as for kstrdup()
 *
 * Context: as kmalloc().
 * Return: as kstrdup().
 */
static __always_inline char *tcslab_native_kstrdup(const char *s, gfp_t gfp)
{
	return kstrdup(s, gfp);
}

/**
 * tcslab_native_kfree() - free memory of the kernel's allocator
 * @obj: the memory, which must not be of tcslab; NULL is ignored
 *
 * kfree() of a module with this header does the same after it has looked.
 *
 * Context: as kfree().
 */
static __always_inline void tcslab_native_kfree(const void *obj)
{
	kfree(obj);
}

/**
 * tcslab_native_kmem_cache_create() - create a cache of the kernel's allocator
 * @name: as for kmem_cache_create()
 * @size: bytes per object
 * @align: bytes, a power of two or 0
 * @flags: SLAB_ flags
 * @ctor: constructor or NULL
 *
 * For a cache that the core allocates from, as protocols give it some.  The mapped
 * kmem_cache_alloc() and so on take it as well.
 *
 * Context: as kmem_cache_create().
 * Return: as kmem_cache_create().
 */
static inline struct kmem_cache *
tcslab_native_kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				slab_flags_t flags, void (*ctor)(void *obj))
{
	return kmem_cache_create(name, size, align, flags, ctor);
}

/* What the inline functions below fall back to. */
static __always_inline void *tcslab_native_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	return kmem_cache_alloc(s, gfp);
}

static __always_inline void *tcslab_native_cache_alloc_lru(struct kmem_cache *s,
							   struct list_lru *lru, gfp_t gfp)
{
	return kmem_cache_alloc_lru(s, lru, gfp);
}

static __always_inline void *tcslab_native_cache_alloc_node(struct kmem_cache *s, gfp_t gfp,
							    int node)
{
	return kmem_cache_alloc_node(s, gfp, node);
}

static __always_inline size_t tcslab_native_cache_alloc_bulk(struct kmem_cache *s, gfp_t gfp,
							     size_t n, void **objs)
{
	return kmem_cache_alloc_bulk(s, gfp, n, objs) ? n : 0;
}

static __always_inline void tcslab_native_cache_free(struct kmem_cache *s, void *obj)
{
	kmem_cache_free(s, obj);
}

static __always_inline void tcslab_native_kvfree(const void *obj)
{
	kvfree(obj);
}

#endif /* _LINUX_TCSLAB_SLAB_NATIVE_H */
