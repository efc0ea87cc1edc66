/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For a driver that uses tcslab where it is there, and the kernel's allocator where it is not
 *
 *	MODULE_SOFTDEP("pre: tcslab");			modprobe tries to load it before
 *	static const struct tcslab_calls *memory;
 *
 *	memory = tcslab_calls_get();			at load; cannot fail
 *	object = memory->alloc(size, gfp);
 *	memory->free(object);
 *	tcslab_calls_put(memory);			at unload, when all has been freed
 *
 * Nothing of this is compiled into the driver but the table's layout, which only grows: the
 * driver needs no Module.symvers, and goes on working with later versions of tcslab.ko.  It pays
 * with a call by a pointer.  Not with <linux/tcslab.h> beside it, which makes tcslab.ko a must.
 */
#ifndef _LINUX_TCSLAB_OPTIONAL_H
#define _LINUX_TCSLAB_OPTIONAL_H

#include <linux/module.h>
#include <linux/slab.h>

struct tcslab_cache;

/**
 * struct tcslab_calls - an allocator
 * @name: "tcslab" or "kmalloc"
 * @alloc: as kmalloc()
 * @free: as kfree(), for what @alloc has returned
 * @cache_create: a cache of objects of @size bytes, aligned to @align if that is not 0, which
 *	@ctor constructs if that is not NULL; NULL if there is none
 * @cache_alloc: as kmem_cache_alloc()
 * @cache_free: as kmem_cache_free()
 * @cache_destroy: as kmem_cache_destroy(), and NULL is ignored
 *
 * What one table has allocated goes back by the same one.  Contexts are those of the calls that
 * they stand for.
 */
struct tcslab_calls {
	const char *name;
	void *(*alloc)(size_t size, gfp_t gfp);
	void (*free)(const void *object);
	struct tcslab_cache *(*cache_create)(const char *name, unsigned int size,
					     unsigned int align, void (*ctor)(void *object));
	void *(*cache_alloc)(struct tcslab_cache *cache, gfp_t gfp);
	void (*cache_free)(struct tcslab_cache *cache, void *object);
	void (*cache_destroy)(struct tcslab_cache *cache);
};

/* In tcslab.ko.  One with another layout would have another number. */
extern const struct tcslab_calls tcslab_calls_1;

static inline void *tcslab_kernel_alloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

static inline struct tcslab_cache *
tcslab_kernel_cache_create(const char *name, unsigned int size, unsigned int align,
			   void (*ctor)(void *object))
{
	return (struct tcslab_cache *)kmem_cache_create(name, size, align, 0, ctor);
}

static inline void *tcslab_kernel_cache_alloc(struct tcslab_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc((struct kmem_cache *)cache, gfp);
}

static inline void tcslab_kernel_cache_free(struct tcslab_cache *cache, void *object)
{
	kmem_cache_free((struct kmem_cache *)cache, object);
}

static inline void tcslab_kernel_cache_destroy(struct tcslab_cache *cache)
{
	kmem_cache_destroy((struct kmem_cache *)cache);
}

/**
 * tcslab_calls_get() - the allocator to use
 *
 * Keeps tcslab.ko from being unloaded, if it is that.
 *
 * Context: may sleep.
 * Return: tcslab if it is loaded, else the kernel's allocator.
 */
static inline const struct tcslab_calls *tcslab_calls_get(void)
{
	static const struct tcslab_calls kernel = {
		.name = "kmalloc",
		.alloc = tcslab_kernel_alloc,
		.free = kfree,
		.cache_create = tcslab_kernel_cache_create,
		.cache_alloc = tcslab_kernel_cache_alloc,
		.cache_free = tcslab_kernel_cache_free,
		.cache_destroy = tcslab_kernel_cache_destroy,
	};
	const struct tcslab_calls *calls = symbol_get(tcslab_calls_1);

	return calls ?: &kernel;
}

/**
 * tcslab_calls_put() - it is not used any more
 * @calls: what tcslab_calls_get() has returned
 *
 * Context: any.
 */
static inline void tcslab_calls_put(const struct tcslab_calls *calls)
{
	/* Each file has a table of the kernel's of its own. */
	if (calls->alloc != tcslab_kernel_alloc)
		symbol_put(tcslab_calls_1);
}

#endif /* _LINUX_TCSLAB_OPTIONAL_H */
