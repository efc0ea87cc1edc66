// SPDX-License-Identifier: GPL-2.0
/* Our calls as a table, for drivers that can do without us: see <linux/tcslab_optional.h> */
#include <linux/err.h>
#include <linux/module.h>

#include <linux/tcslab.h>
#include <linux/tcslab_optional.h>

static void *alloc_object(size_t size, gfp_t gfp)
{
	return tcslab_alloc(size, gfp);
}

static void free_object(const void *object)
{
	tcslab_free(object);
}

static struct tcslab_cache *cache_create(const char *name, unsigned int size, unsigned int align,
					 void (*ctor)(void *object))
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache *cache;

	args.align = align;
	args.ctor = ctor;
	cache = tcslab_cache_create(name, &args);
	return IS_ERR(cache) ? NULL : cache;
}

static void *cache_alloc(struct tcslab_cache *cache, gfp_t gfp)
{
	return tcslab_cache_alloc(cache, gfp);
}

static void cache_free(struct tcslab_cache *cache, void *object)
{
	tcslab_cache_free(cache, object);
}

static void cache_destroy(struct tcslab_cache *cache)
{
	if (cache)
		tcslab_cache_destroy(cache);
}

/* Calls are added at the end: who knows fewer of them goes on working. */
const struct tcslab_calls tcslab_calls_1 = {
	.name = "tcslab",
	.alloc = alloc_object,
	.free = free_object,
	.cache_create = cache_create,
	.cache_alloc = cache_alloc,
	.cache_free = cache_free,
	.cache_destroy = cache_destroy,
};
EXPORT_SYMBOL_GPL(tcslab_calls_1);
