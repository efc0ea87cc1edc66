/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of caches: what is no object of a class. */
#ifndef TCSLAB_FREE_H
#define TCSLAB_FREE_H

#include <linux/kmemleak.h>
#include <linux/mm.h>

#include <linux/tcslab.h>

#include "back/span.h"
#include "debug/hard.h"
#include "debug/shadow.h"
#include "middle/mistakes.h"

/* The span of a large object that begins at @obj, or NULL. */
static inline struct tcslab_span *tcslab_large_span(const void *obj)
{
	if (tcslab_cache_of(obj) != tcslab_large_cache || !PAGE_ALIGNED(obj))
		return NULL;
	return tcslab_page_span(virt_to_page(obj));
}

/* What is to be cleared of an object that is free. */
static __always_inline void tcslab_obj_clear(struct tcslab_cache *cache, void *obj)
{
	if (tcslab_is_hard(cache) && (want_init_on_free() || cache->flags & TCSLAB_CLEAR_ON_FREE))
		tcslab_hard_clear(cache, obj);
	else if (want_init_on_free())
		tcslab_shadow_clear(obj, cache->zero_size);
}

/* The object of a cache without debug= is free, and is one. */
static __always_inline void tcslab_obj_fini(struct tcslab_cache *cache, void *obj)
{
	kmemleak_free(obj);
	tcslab_obj_clear(cache, obj);
}

/*
 * Free what no array takes: a large object; all else is reported and left alone.  @caller
 * is who freed it.  Any context.
 */
void tcslab_free_odd(const void *obj, unsigned long caller);

/* A free is wrong and is not done: report it, now or when printing is allowed.  Any context. */
void tcslab_refuse(struct tcslab_cache *cache, const void *obj, enum tcslab_mistake mistake,
		   unsigned long caller);

/* As tcslab_free_bulk(), of what was looked at when it was put aside.  Any context. */
void tcslab_free_known(size_t n, void **objs);

/* Before the first free. */
void tcslab_free_init(void);

#endif /* TCSLAB_FREE_H */
