/* SPDX-License-Identifier: GPL-2.0 */
/* What caches hold, each and all together. */
#ifndef TCSLAB_TOTALS_H
#define TCSLAB_TOTALS_H

#include <linux/tcslab.h>

/* tcslab_cache_stats() with tcslab_cache_mutex held. */
void tcslab_cache_stats_locked(struct tcslab_cache *cache,
			       struct tcslab_cache_stats *stats);

const char *tcslab_zone_name(enum tcslab_zone zone);

/**
 * struct tcslab_totals - all tiers added up, in bytes
 * @held: in chunks from the kernel
 * @peak_held: its high-water mark
 * @in_use: in objects that users hold, large ones included
 * @large: the large ones' part
 * @cpu_cached: in per-CPU arrays
 * @transfer_cached: in transfer caches
 * @central_free: free in the spans of central lists
 * @tails: at the ends of spans, where no object fits
 * @heap_free: in FREE spans of the page heap
 * @metadata: span and chunk structures, not part of @held
 * @entries: times that per-CPU arrays were entered
 * @refills: batches fetched by them
 * @flushes: batches given back by them
 * @nested: calls that found an array busy or closed
 * @no_memory: see tcslab_no_memory()
 * @uptime_ms: see tcslab_uptime_ms()
 *
 * At rest held = in_use + cpu_cached + transfer_cached + central_free + tails +
 * heap_free, exactly.
 */
struct tcslab_totals {
	u64 held;
	u64 peak_held;
	u64 in_use;
	u64 large;
	u64 cpu_cached;
	u64 transfer_cached;
	u64 central_free;
	u64 tails;
	u64 heap_free;
	u64 metadata;
	u64 entries;
	u64 refills;
	u64 flushes;
	u64 nested;
	u64 no_memory;
	u64 uptime_ms;
};

void tcslab_totals(struct tcslab_totals *totals);

/* All peaks begin anew: the most that is held is what is held now.  Task context. */
void tcslab_reset_peaks(void);

/* Milliseconds since the load, those in which the machine slept included.  Task context. */
u64 tcslab_uptime_ms(void);

void tcslab_uptime_init(void);

#endif /* TCSLAB_TOTALS_H */
