// SPDX-License-Identifier: GPL-2.0
/* The kernel's slab API on tcslab: struct kmem_cache, ours or the kernel's */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include <linux/tcslab_slab_api.h>

#include "base/compat.h"
#include "caches/cache.h"
#include "slab_heap.h"

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
struct kmem_cache *__tcslab_slab_create(struct tcslab_slab_owner *owner, const char *name,
					unsigned int size, unsigned int align, slab_flags_t flags,
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
	cache = tcslab_cache_create_for(name, &args, tcslab_slab_quota(owner));
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

/**
 * tcslab_slab_charge() - kmem_cache_charge()
 * @obj: an object of either allocator
 * @gfp: as for kmem_cache_charge()
 *
 * Context: as kmem_cache_charge().
 * Return: true for an object of ours, which is not charged to anybody, as all of them; for the
 * kernel's what kmem_cache_charge() returns.
 */
bool tcslab_slab_charge(void *obj, gfp_t gfp)
{
	return tcslab_cache_of(obj) || kmem_cache_charge(obj, gfp);
}
EXPORT_SYMBOL_GPL(tcslab_slab_charge);

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
