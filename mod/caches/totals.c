// SPDX-License-Identifier: GPL-2.0
/* What caches hold, each and all together */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "back/page_heap.h"
#include "base/charge.h"
#include "debug/guard.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "effort.h"
#include "list.h"
#include "totals.h"

static u64 loaded_ms __ro_after_init;

static u64 boottime_ms(void)
{
	return div_u64(ktime_get_boottime_ns(), NSEC_PER_MSEC);
}

void __init tcslab_uptime_init(void)
{
	loaded_ms = boottime_ms();
}

u64 tcslab_uptime_ms(void)
{
	return boottime_ms() - loaded_ms;
}

const char *tcslab_zone_name(enum tcslab_zone zone)
{
	static const char * const names[] = { "normal", "dma32", "dma" };

	return names[zone];
}

void tcslab_cache_stats_locked(struct tcslab_cache *cache, struct tcslab_cache_stats *stats)
{
	unsigned long idle, objs;

	lockdep_assert_held(&tcslab_cache_mutex);
	*stats = (struct tcslab_cache_stats){
		.object_size = cache->object_size,
		.size = cache->size,
		.span_bytes = cache->span_pages * PAGE_SIZE,
		.span_objs = cache->span_objs,
		.limit_bytes = cache->limit_pages << PAGE_SHIFT,
		.limit_refusals = atomic_long_read(&cache->limit_refusals),
		.limit_overruns = atomic_long_read(&cache->limit_overruns),
		.no_memory = atomic_long_read(&cache->no_memory),
		.peak_held_bytes = atomic_long_read(&cache->peak_pages) << PAGE_SHIFT,
		.created_ms = cache->created_ms,
	};
	tcslab_central_stats(cache, stats);
	tcslab_cpu_cache_stats(cache, stats);
	objs = (stats->held_bytes - stats->tail_bytes) / stats->size;
	idle = stats->cpu_cached + stats->transfer_cached + stats->central_free;
	/* The parts are read one after the other: never show less than nothing. */
	stats->in_use = max(objs, idle) - idle;
}

/**
 * tcslab_cache_stats() - what a cache holds
 * @cache: the cache
 * @stats: filled; exact while nobody allocates or frees
 *
 * Context: task, may sleep.
 */
void tcslab_cache_stats(struct tcslab_cache *cache, struct tcslab_cache_stats *stats)
{
	mutex_lock(&tcslab_cache_mutex);
	tcslab_cache_stats_locked(cache, stats);
	mutex_unlock(&tcslab_cache_mutex);
}
EXPORT_SYMBOL_GPL(tcslab_cache_stats);

static void add_heaps(struct tcslab_totals *totals)
{
	struct tcslab_page_heap_stats heaps;

	tcslab_page_heap_sums(&heaps);
	totals->held = (u64)heaps.held_pages << PAGE_SHIFT;
	totals->heap_free = (u64)heaps.free_pages << PAGE_SHIFT;
	totals->large = (u64)heaps.large_pages << PAGE_SHIFT;
	totals->peak_held = (u64)tcslab_peak_held_pages() << PAGE_SHIFT;
	totals->metadata = tcslab_metadata_bytes() + tcslab_guard_held_bytes();
	totals->in_use += totals->large;
}

void tcslab_totals(struct tcslab_totals *totals)
{
	struct tcslab_cache_stats stats;
	struct tcslab_cache *cache;

	memset(totals, 0, sizeof(*totals));
	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		tcslab_cache_stats_locked(cache, &stats);
		totals->in_use += (u64)stats.in_use * stats.size;
		totals->cpu_cached += (u64)stats.cpu_cached * stats.size;
		totals->transfer_cached += (u64)stats.transfer_cached * stats.size;
		totals->central_free += (u64)stats.central_free * stats.size;
		totals->tails += stats.tail_bytes;
		totals->entries += stats.entries;
		totals->refills += stats.refills;
		totals->flushes += stats.flushes;
		totals->nested += stats.nested;
	}
	mutex_unlock(&tcslab_cache_mutex);
	add_heaps(totals);
	totals->no_memory = tcslab_no_memory();
	totals->uptime_ms = tcslab_uptime_ms();
}

void tcslab_reset_peaks(void)
{
	struct tcslab_cache *cache;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache)
		tcslab_reset_peak(&cache->peak_pages, &cache->span_pages_held);
	mutex_unlock(&tcslab_cache_mutex);
	tcslab_page_heap_reset_peaks();
}
