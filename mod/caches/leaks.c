// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that are in use when nobody should use them any more
 *
 * Of a named cache that is destroyed this is a WARN(), as kmem_cache_destroy() gives one.  At
 * unload all leaks make one short report.  Their pages stay lost, without our marks: who still
 * has a pointer may go on writing, and no later load takes them for its own.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "back/page_heap.h"
#include "debug/guard.h"
#include "debug/objects.h"
#include "middle/central.h"
#include "leaks.h"
#include "list.h"
#include "totals.h"

#define CACHES_SHOWN	16

static unsigned long (*caller_of)(const void *obj) __ro_after_init;

void __init tcslab_leaks_set_caller(unsigned long (*caller)(const void *obj))
{
	caller_of = caller;
}

static void report_object(const struct tcslab_cache *cache, const void *obj)
{
	unsigned long caller;

	obj = tcslab_guard_instead_of(obj);
	caller = caller_of ? caller_of(obj) : 0;

	if (caller)
		pr_err("tcslab: cache %s: object %p is in use, allocated at %pS\n",
		       cache->name, obj, (void *)caller);
	else
		pr_err("tcslab: cache %s: object %p is in use\n", cache->name, obj);
	if (cache->debug)
		tcslab_objects_tell(cache, obj);
}

unsigned int tcslab_report_objects(struct tcslab_cache *cache, unsigned int max)
{
	void *objs[TCSLAB_LEAKS_SHOWN];
	unsigned int n, i;

	n = tcslab_central_live(cache, objs, min_t(unsigned int, max, TCSLAB_LEAKS_SHOWN));
	for (i = 0; i < n; i++)
		report_object(cache, objs[i]);
	return n;
}

/* -------------------------------------------------------------- at unload */

static void report_large(struct tcslab_span *span, unsigned int *seen)
{
	if (span->state == TCSLAB_SPAN_LARGE && *seen < TCSLAB_LEAKS_SHOWN) {
		report_object(tcslab_large_cache, tcslab_span_base(span));
		++*seen;
	}
}

/**
 * struct leaks - all that is in use
 * @objs: objects
 * @pages: in their spans
 * @large: those objects that are large
 * @large_pages: their pages
 * @caches: that have some
 */
struct leaks {
	unsigned long objs;
	unsigned long pages;
	unsigned long large;
	unsigned long large_pages;
	unsigned int caches;
};

/* What could not be drained is as good as in use. */
static unsigned long in_use(struct tcslab_cache *cache, struct tcslab_cache_stats *stats)
{
	tcslab_cache_stats_locked(cache, stats);
	return stats->in_use + stats->cpu_cached;
}

static void count(struct leaks *leaks)
{
	struct tcslab_page_heap_stats heaps;
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;

	*leaks = (struct leaks){};
	tcslab_for_each_cache(cache) {
		unsigned long n = in_use(cache, &stats);

		leaks->objs += n;
		leaks->pages += stats.held_bytes >> PAGE_SHIFT;
		leaks->caches += !!n;
	}
	tcslab_page_heap_sums(&heaps);
	leaks->large = heaps.large_spans;
	leaks->large_pages = heaps.large_pages;
	leaks->objs += leaks->large;
	leaks->pages += leaks->large_pages;
	leaks->caches += !!leaks->large;
}

/* The caches with objects in use, the first few of many. */
static void report_caches(const struct leaks *leaks)
{
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;
	unsigned int shown = 0;

	if (leaks->large)
		pr_err("tcslab: large: %lu objects, %lu pages\n", leaks->large,
		       leaks->large_pages);
	tcslab_for_each_cache(cache) {
		unsigned long n = in_use(cache, &stats);

		if (!n)
			continue;
		if (shown++ == CACHES_SHOWN)
			break;
		pr_err("tcslab: cache %s: %lu objects, %lu pages\n", cache->name, n,
		       stats.held_bytes >> PAGE_SHIFT);
	}
	if (shown > CACHES_SHOWN)
		pr_err("tcslab: and some of %u other caches\n",
		       leaks->caches - CACHES_SHOWN - !!leaks->large);
}

void tcslab_report_leaks(void)
{
	struct tcslab_cache *cache;
	struct leaks leaks;
	unsigned int shown = 0;

	mutex_lock(&tcslab_cache_mutex);
	count(&leaks);
	if (leaks.objs) {
		pr_err("tcslab: %lu objects of %u caches are in use at unload, %lu pages are lost\n",
		       leaks.objs, leaks.caches, leaks.pages);
		report_caches(&leaks);
		tcslab_for_each_cache(cache)
			shown += tcslab_report_objects(cache, TCSLAB_LEAKS_SHOWN - shown);
		tcslab_page_heap_visit_lost(report_large, &shown);
	}
	mutex_unlock(&tcslab_cache_mutex);
}
