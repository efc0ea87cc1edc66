// SPDX-License-Identifier: GPL-2.0
/* The caches of a trace, made in the allocator that it is played through */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "base/compat.h"
#include "tcslab_replay.h"

/*
 * For the count of pages: caches of kmalloc()'s sizes of our own.  Its real ones are
 * everybody's, and the free room that they have would be used without being counted.
 */
static int open_kmalloc_mirror(struct replay_trace *trace)
{
	u32 k, same;

	for (k = 0; k < trace->nr_kinds; k++) {
		struct replay_kind *kind = &trace->kinds[k];
		size_t bytes = kmalloc_size_roundup(kind->size);
		char name[32];

		if (kind->cache >= 0 || kind->size > KMALLOC_MAX_CACHE_SIZE)
			continue;
		for (same = 0; same < k; same++) {
			if (trace->kinds[same].cache < 0 && trace->kinds[same].slub &&
			    kmem_cache_size(trace->kinds[same].slub) == bytes)
				break;
		}
		if (same < k) {
			kind->slub = trace->kinds[same].slub;
			continue;
		}
		snprintf(name, sizeof(name), "r-kmalloc-%zu", bytes);
		kind->slub = kmem_cache_create(name, bytes, bytes & -bytes, SLAB_NO_MERGE, NULL);
		if (!kind->slub)
			return -ENOMEM;
	}
	return 0;
}

static void close_kmalloc_mirror(struct replay_trace *trace)
{
	u32 k, same;

	for (k = 0; k < trace->nr_kinds; k++) {
		struct kmem_cache *slub = trace->kinds[k].slub;

		if (trace->kinds[k].cache >= 0 || !slub)
			continue;
		for (same = k; same < trace->nr_kinds; same++) {
			if (trace->kinds[same].slub == slub)
				trace->kinds[same].slub = NULL;
		}
		kmem_cache_destroy(slub);
	}
}

int replay_backend_open(struct replay_player *player)
{
	struct replay_trace *trace = player->trace;
	char name[REPLAY_NAME_BYTES + 24];
	u32 i, k;

	for (i = 0; i < trace->nr_caches && player->backend != REPLAY_EMPTY; i++) {
		struct replay_cache *from = &trace->caches[i];
		struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(from->size);
		struct tcslab_cache *tcslab = NULL;
		struct kmem_cache *slub = NULL;

		/* Names may recur: caches of several sizes had the same one. */
		snprintf(name, sizeof(name), "r%u-%s", i, from->name);
		args.align = from->align;
		if (player->backend == REPLAY_TCSLAB)
			tcslab = tcslab_cache_create(name, &args);
		else
			slub = kmem_cache_create(name, from->size, from->align,
						 SLAB_NO_MERGE, NULL);
		if (IS_ERR(tcslab) || !(slub || tcslab)) {
			replay_backend_close(player);
			return -ENOMEM;
		}
		for (k = 0; k < trace->nr_kinds; k++) {
			if (trace->kinds[k].cache == i) {
				trace->kinds[k].tcslab = tcslab;
				trace->kinds[k].slub = slub;
			}
		}
	}
	if (player->backend == REPLAY_SLUB && player->mirror_kmalloc &&
	    open_kmalloc_mirror(trace)) {
		replay_backend_close(player);
		return -ENOMEM;
	}
	return 0;
}

int replay_backend_close(struct replay_player *player)
{
	struct replay_trace *trace = player->trace;
	u32 i, k;
	int err = 0;

	close_kmalloc_mirror(trace);
	for (i = 0; i < trace->nr_caches; i++) {
		struct tcslab_cache *tcslab = NULL;
		struct kmem_cache *slub = NULL;

		for (k = 0; k < trace->nr_kinds; k++) {
			struct replay_kind *kind = &trace->kinds[k];

			if (kind->cache == i) {
				tcslab = kind->tcslab;
				slub = kind->slub;
				kind->tcslab = NULL;
				kind->slub = NULL;
			}
		}
		kmem_cache_destroy(slub);
		if (tcslab && tcslab_cache_destroy(tcslab))
			err = -EBUSY;
	}
	return err;
}
