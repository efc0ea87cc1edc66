// SPDX-License-Identifier: GPL-2.0
/* The middle tier, counted: statistics, occupancy, and what is still in use at the end. */
#include <linux/bitmap.h>

#include "base/lock.h"
#include "central_lists.h"

/* Addresses of up to @max live objects of the spans of one list. */
static unsigned int live_objects(struct tcslab_cache *cache, struct hlist_head *spans,
				 void **objs, unsigned int max)
{
	struct tcslab_span *span;
	unsigned int n = 0, i;

	hlist_for_each_entry(span, spans, link) {
		for_each_clear_bit(i, span->free_bits, tcslab_span_objs(cache, span)) {
			if (n == max)
				return n;
			objs[n++] = span->base + (size_t)i * cache->size;
		}
	}
	return n;
}

unsigned int tcslab_central_live(struct tcslab_cache *cache, void **objs, unsigned int max)
{
	unsigned int n = 0, list;
	unsigned long flags;
	int node;

	/* Each span in these lists has an object in use: no more than @max are looked at. */
	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];

		tcslab_lock_irqsave(&central->lock, flags);
		for (list = 0; list < TCSLAB_OCCUPANCY_LISTS; list++)
			n += live_objects(cache, &central->spans[list], objs + n, max - n);
		tcslab_unlock_irqrestore(&central->lock, flags);
	}
	return n;
}

void tcslab_central_stats(struct tcslab_cache *cache, struct tcslab_cache_stats *stats)
{
	unsigned long flags, objs = 0;
	int node;

	stats->transfer_cached = 0;
	stats->central_free = 0;
	stats->spans = 0;
	stats->held_bytes = 0;
	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];

		tcslab_lock_irqsave(&central->lock, flags);
		stats->transfer_cached += central->nr_transfer;
		stats->central_free += central->nr_free;
		stats->spans += central->nr_spans;
		stats->held_bytes += central->nr_pages << PAGE_SHIFT;
		objs += central->nr_objs;
		tcslab_unlock_irqrestore(&central->lock, flags);
	}
	stats->tail_bytes = stats->held_bytes - objs * cache->size;
}

void tcslab_central_occupancy(struct tcslab_cache *cache,
			      unsigned long hist[TCSLAB_OCCUPANCY_STEPS])
{
	unsigned long flags;
	int node, list;

	memset(hist, 0, TCSLAB_OCCUPANCY_STEPS * sizeof(*hist));
	for (node = 0; node < nr_node_ids; node++) {
		struct tcslab_central *central = &cache->central[node];
		unsigned int empty;

		tcslab_lock_irqsave(&central->lock, flags);
		empty = central->nr_spans;
		for (list = 0; list < TCSLAB_OCCUPANCY_LISTS; list++) {
			hist[list] += central->nr_listed[list];
			empty -= central->nr_listed[list];
		}
		tcslab_unlock_irqrestore(&central->lock, flags);
		hist[TCSLAB_OCCUPANCY_LISTS] += empty;
	}
}
