// SPDX-License-Identifier: GPL-2.0
/*
 * Frees beyond the inline fast path, of one object and of several
 *
 * An object goes to its cache's minimum first, if that is not whole, and then to the array or the
 * middle tier (front/cpu_cache.c).  Nothing here allocates, so a free depends on no allocation.
 */
#include <linux/kernel.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "back/page_heap.h"
#include "base/lock.h"
#include "base/report.h"
#include "debug/guard.h"
#include "front/cpu_bulk.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "middle/park.h"
#include "cache.h"
#include "free.h"
#include "minimum.h"

/* -------------------------------------------------- large objects, and what is none */

static void free_large(const void *obj, struct tcslab_span *span)
{
	if (unlikely(tcslab_nested())) {
		tcslab_park(tcslab_large_cache, (void *)obj);
		return;
	}
	kmemleak_free(obj);
	if (want_init_on_free())
		memset((void *)obj, 0, (size_t)span->npages << PAGE_SHIFT);
	tcslab_page_heap_free(span);
}

void tcslab_free_odd(const void *obj, unsigned long caller)
{
	struct tcslab_span *span = tcslab_large_span(obj);

	if (unlikely(tcslab_in_guards(obj)) && tcslab_guard_free(obj, caller))
		return;
	if (span) {
		free_large(obj, span);
	} else if (!tcslab_is_stray(obj)) {
		tcslab_warn(1, "tcslab: free of %p from %pS, which is not ours; left alone\n",
			    obj, (void *)caller);
	} else if (tcslab_nested()) {
		tcslab_park(&tcslab_no_cache, (void *)obj);	/* to be reported */
	} else {
		tcslab_warn(1, "tcslab: free of %p from %pS, where no object is; left alone\n",
			    obj, (void *)caller);
	}
}

/* What is neither an object of a class nor cheap to recognise. */
void tcslab_free_slow(const void *obj)
{
	if (!ZERO_OR_NULL_PTR(obj))
		tcslab_free_odd(obj, _RET_IP_);
}
EXPORT_SYMBOL_GPL(tcslab_free_slow);

/* ---------------------------------------------------------------- objects of a cache */

/*
 * Both end up here when the array is full, busy or closed, or the object is of
 * another node.  A pointer without a struct page is kept out: it cannot be
 * looked up, whatever the array would have done with it.
 */
void tcslab_cache_free_slow(struct tcslab_cache *cache, void *obj)
{
	if (unlikely(cache == tcslab_large_cache || cache == &tcslab_no_cache ||
		     tcslab_in_guards(obj) || !virt_addr_valid(obj)))
		tcslab_free_odd(obj, _RET_IP_);
	else if (likely(!cache->minimum) || !tcslab_minimum_give(cache, obj))
		tcslab_cpu_cache_put(cache, obj);
}
EXPORT_SYMBOL_GPL(tcslab_cache_free_slow);

void tcslab_cache_free_central(struct tcslab_cache *cache, void *obj)
{
	if (!cache->minimum || !tcslab_minimum_give(cache, obj))
		tcslab_central_free(cache, page_to_nid(virt_to_page(obj)), &obj, 1);
}

static noinline void free_bulk(struct tcslab_cache *cache, size_t n, void **objs)
{
	struct page *page;
	size_t left = 0, i;

	if (want_init_on_free() || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		for (i = 0; i < n; i++)
			tcslab_obj_fini(cache, objs[i]);
	if (cache->minimum) {
		/* Each has to find a place there. */
		for (i = 0; i < n; i++)
			tcslab_cache_free_slow(cache, objs[i]);
		return;
	}
	/* What is none of ours has no node: it is reported, or guarded, as a single one is. */
	if (static_branch_unlikely(&tcslab_numa_key)) {
		for (i = 0; i < n; i++) {
			if (likely(tcslab_find_page(objs[i], &page)))
				objs[left++] = objs[i];
			else
				tcslab_cache_free_slow(cache, objs[i]);
		}
		n = left;
	}
	tcslab_cpu_cache_put_bulk(cache, n, objs);
}

/* Not inline, for the sake of machines with one node. */
static noinline void free_home(struct tcslab_cache *cache, size_t n, void **objs)
{
	if (unlikely(!tcslab_cpu_push_bulk_home(cache, n, objs)))
		free_bulk(cache, n, objs);
}

/**
 * tcslab_cache_free_bulk() - give several objects of one named cache back
 * @cache: the cache that all of them came from
 * @n: number of objects
 * @objs: the objects, no NULL among them; afterwards their order may be another
 *
 * Context: as tcslab_cache_free(); interrupts may be off.
 */
void tcslab_cache_free_bulk(struct tcslab_cache *cache, size_t n, void **objs)
{
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) || want_init_on_free())
		free_bulk(cache, n, objs);
	else if (static_branch_unlikely(&tcslab_numa_key))
		free_home(cache, n, objs);
	else if (unlikely(!tcslab_cpu_push_bulk(cache, n, objs)))
		free_bulk(cache, n, objs);
}
EXPORT_SYMBOL_GPL(tcslab_cache_free_bulk);

/**
 * tcslab_free_bulk() - free several objects of any size
 * @n: number of objects
 * @objs: what tcslab_alloc() returned, NULL among it is ignored; afterwards their order may
 *	be another
 *
 * Runs of objects of one cache are freed together.
 *
 * Context: as tcslab_free(); interrupts may be off.
 */
void tcslab_free_bulk(size_t n, void **objs)
{
	size_t i = 0, run;

	while (i < n) {
		struct tcslab_cache *cache = tcslab_cache_of(objs[i]);

		if (!cache || cache == tcslab_large_cache || cache == &tcslab_no_cache) {
			tcslab_free_slow(objs[i++]);
			continue;
		}
		for (run = 1; i + run < n && tcslab_cache_of(objs[i + run]) == cache; run++)
			;
		tcslab_cache_free_bulk(cache, run, objs + i);
		i += run;
	}
}
EXPORT_SYMBOL_GPL(tcslab_free_bulk);
