/* SPDX-License-Identifier: GPL-2.0 */
/* Allocators that mistakes are made with: SLUB, <linux/tcslab.h> and <linux/tcslab_slab.h>. */
#ifndef SUBJECTS_H
#define SUBJECTS_H

#include <linux/slab.h>

#include <linux/tcslab_slab.h>

#define SIZE	200

/* An allocator: its calls with the same prototypes; a new cache has objects of SIZE bytes. */
struct subject {
	const char *name;
	void *(*create)(const char *name);
	void *(*cache_alloc)(void *cache);
	void (*cache_free)(void *cache, void *obj);
	void *(*alloc)(size_t size);
	void (*free)(void *obj);
	void (*free_rcu)(void *obj);
	void *(*realloc)(void *obj, size_t size);
	void (*shrink)(void *cache);
};

struct head {
	struct rcu_head rcu;
};

static void *slub_create(const char *name)
{
	return tcslab_native_kmem_cache_create(name, SIZE, 0, TCSLAB_SLAB_SINCE_6_5, NULL);
}

static void *slab_create(const char *name)
{
	return kmem_cache_create(name, SIZE, 0, 0, NULL);
}

static void *api_create(const char *name)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);

	return tcslab_cache_create(name, &args);
}

static void *slab_cache_alloc(void *cache)
{
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

static void slab_cache_free(void *cache, void *obj)
{
	kmem_cache_free(cache, obj);
}

static void *api_cache_alloc(void *cache)
{
	return tcslab_cache_alloc(cache, GFP_KERNEL);
}

static void api_cache_free(void *cache, void *obj)
{
	tcslab_cache_free(cache, obj);
}

static void *slub_alloc(size_t size)
{
	return tcslab_native_kmalloc(size, GFP_KERNEL);
}

static void slub_free(void *obj)
{
	tcslab_native_kfree(obj);
}

static void *slab_alloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static void slab_free(void *obj)
{
	kfree(obj);
}

static void *api_alloc(size_t size)
{
	return tcslab_alloc(size, GFP_KERNEL);
}

static void api_free(void *obj)
{
	tcslab_free(obj);
}

static void free_at_last(struct rcu_head *rcu)
{
	tcslab_native_kfree(rcu);
}

static void slub_free_rcu(void *obj)
{
	call_rcu(obj, free_at_last);
	rcu_barrier();
}

static void slab_free_rcu(void *obj)
{
	kfree_rcu((struct head *)obj, rcu);
	kvfree_rcu_barrier();
}

static void api_free_rcu(void *obj)
{
	tcslab_free_rcu((struct head *)obj, rcu);
	tcslab_rcu_barrier();
}

static void *slab_realloc(void *obj, size_t size)
{
	return krealloc(obj, size, GFP_KERNEL);
}

static void *api_realloc(void *obj, size_t size)
{
	return tcslab_realloc(obj, size, GFP_KERNEL);
}

static void slab_shrink(void *cache)
{
	kmem_cache_shrink(cache);
}

static void api_shrink(void *cache)
{
	tcslab_cache_shrink(cache);
}

static const struct subject subjects[] = {
	/* The mapped functions hand on what is the kernel's. */
	{ "slub", slub_create, slab_cache_alloc, slab_cache_free, slub_alloc, slub_free,
	  slub_free_rcu, slab_realloc, slab_shrink },
	{ "slab", slab_create, slab_cache_alloc, slab_cache_free, slab_alloc, slab_free,
	  slab_free_rcu, slab_realloc, slab_shrink },
	{ "api", api_create, api_cache_alloc, api_cache_free, api_alloc, api_free,
	  api_free_rcu, api_realloc, api_shrink },
};

#endif /* SUBJECTS_H */
