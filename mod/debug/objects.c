// SPDX-License-Identifier: GPL-2.0
/*
 * Slots of caches with debug=: layout, patterns, and what is wrong with them; see objects.h
 *
 * Who may write to what: the object and its zones are its owner's while it is LIVE, of who makes it
 * LEAVING until it is FREE, and then of who has it: its span, under its central's lock, or who
 * took it out and makes it LIVE.  Its tracks and size are written before the state
 * that says so.  A look at an object that may be in use counts only if state and size are
 * afterwards what they were before.
 */
#include <linux/kernel.h>
#include <linux/poison.h>
#include <linux/string.h>

#include "objects_state.h"

#define ZONE_BYTES	8	/* at least */

/**
 * struct region - bytes of a slot that have a pattern
 * @damage: what a write to them is
 * @from: from the object on
 * @to: up to here
 * @pattern: each of them
 */
struct region {
	enum tcslab_damage damage;
	int from;
	int to;
	u8 pattern;
};

/* ------------------------------------------------------------------- layout */

void tcslab_objects_layout(struct tcslab_cache *cache)
{
	struct tcslab_debug *debug = cache->debug;
	bool zones = debug->flags & TCSLAB_DEBUG_ZONES;
	unsigned int size = cache->object_size;

	/* What kmalloc() promises of its sizes, which a slot's size no longer keeps. */
	if (cache->general)
		cache->align = max(cache->align, size & -size);
	cache->first = zones ? ALIGN(ZONE_BYTES, cache->align) : 0;
	debug->poisons = debug->flags & TCSLAB_DEBUG_POISON && !cache->ctor &&
			 !(cache->flags & TCSLAB_TYPESAFE_BY_RCU);
	debug->meta = ALIGN(size + (zones ? ZONE_BYTES : 0), sizeof(u64));
	debug->tail = debug->meta;
	if (debug->flags & TCSLAB_DEBUG_USERS)
		debug->tail += sizeof(struct tcslab_tracks);
	cache->size = ALIGN(cache->first + debug->tail + sizeof(struct tcslab_tail), cache->align);
	debug->end = cache->size - cache->first;
}

/* What has a pattern around an object of @size bytes, and in it if it is free. */
static unsigned int regions_of(const struct tcslab_cache *cache, unsigned int size, bool is_free,
			       struct region *regions)
{
	const struct tcslab_debug *debug = cache->debug;
	int object = cache->object_size, behind = debug->tail + sizeof(struct tcslab_tail);
	unsigned int n = 0;

	if (debug->flags & TCSLAB_DEBUG_ZONES) {
		regions[n++] = (struct region){ TCSLAB_LEFT_OF, -(int)cache->first, 0,
						SLUB_RED_ACTIVE };
		regions[n++] = (struct region){ TCSLAB_RIGHT_OF, is_free ? object : size,
						debug->meta, SLUB_RED_ACTIVE };
	}
	if (debug->flags & (TCSLAB_DEBUG_ZONES | TCSLAB_DEBUG_POISON))
		regions[n++] = (struct region){ TCSLAB_PADDING, behind, debug->end,
						POISON_INUSE };
	if (is_free && debug->poisons) {
		regions[n++] = (struct region){ TCSLAB_AFTER_FREE, 0, object - 1, POISON_FREE };
		regions[n++] = (struct region){ TCSLAB_AFTER_FREE, object - 1, object,
						POISON_END };
	}
	return n;
}

static void fill(void *obj, const struct region *region)
{
	memset(obj + region->from, region->pattern, region->to - region->from);
}

void tcslab_objects_new(struct tcslab_cache *cache, void *obj)
{
	struct tcslab_tail *tail = tcslab_tail_of(cache, obj);
	struct tcslab_tracks *tracks = tcslab_tracks_of(cache, obj);
	struct region regions[TCSLAB_MAX_REGIONS];
	unsigned int n = regions_of(cache, cache->object_size, true, regions);

	while (n--)
		fill(obj, regions + n);
	if (tracks)
		memset(tracks, 0, sizeof(*tracks));
	*tail = (struct tcslab_tail){
		.size = cache->object_size,
		.state = TCSLAB_STATE_MAGIC | TCSLAB_OBJECT_FREE,
	};
}

/* ------------------------------------------------------------------- looking */

static unsigned int size_of(const struct tcslab_cache *cache, const struct tcslab_tail *tail)
{
	unsigned int size = READ_ONCE(tail->size);

	if (tcslab_state_is(tail, TCSLAB_OBJECT_DAMAGED))
		return cache->object_size;
	return min(size, cache->object_size);
}

bool tcslab_objects_look(const struct tcslab_cache *cache, void *obj, bool is_free, bool mend,
			 struct tcslab_found *found)
{
	struct region regions[TCSLAB_MAX_REGIONS];
	unsigned int size = size_of(cache, tcslab_tail_of(cache, obj)), i;
	unsigned int n = regions_of(cache, size, is_free, regions);

	for (i = 0; i < n; i++) {
		const struct region *region = regions + i;
		const u8 *end = obj + region->to;
		const u8 *bad = memchr_inv(obj + region->from, region->pattern,
					   region->to - region->from);

		if (likely(!bad))
			continue;
		while (end > bad + 1 && end[-1] == region->pattern)
			end--;
		found->damage = region->damage;
		found->is_free = is_free;
		found->is_mended = mend;
		found->offset = (const void *)bad - obj;
		found->n = end - bad;
		memcpy(found->bytes, bad, min_t(unsigned int, found->n, TCSLAB_DAMAGE_SHOWN));
		if (mend)
			fill(obj, region);
		return true;
	}
	return false;
}

void tcslab_objects_found_state(const struct tcslab_cache *cache, const void *obj, bool is_free,
				bool mend, struct tcslab_found *found)
{
	const struct tcslab_tail *tail = tcslab_tail_of(cache, obj);

	found->damage = TCSLAB_STATE;
	found->is_free = is_free;
	found->is_mended = mend;
	found->offset = cache->debug->tail;
	found->n = sizeof(*tail);
	memcpy(found->bytes, tail, min_t(unsigned int, found->n, TCSLAB_DAMAGE_SHOWN));
}

bool tcslab_objects_look_at_free(struct tcslab_cache *cache, void *obj, struct tcslab_found *found)
{
	struct tcslab_tail *tail = tcslab_tail_of(cache, obj);

	if (tcslab_objects_look(cache, obj, true, true, found))
		return true;
	if (likely(tcslab_state_is(tail, TCSLAB_OBJECT_FREE)))
		return false;
	tcslab_objects_found_state(cache, obj, true, true, found);
	tcslab_set_state(tail, TCSLAB_OBJECT_FREE);
	return true;
}

bool tcslab_objects_look_at_live(struct tcslab_cache *cache, void *obj, struct tcslab_found *found)
{
	struct tcslab_tail *tail = tcslab_tail_of(cache, obj);
	unsigned long word = smp_load_acquire(&tail->state);	/* see tcslab_set_state() */
	unsigned int size = READ_ONCE(tail->size);
	bool wrong = false;

	if (tcslab_state_of(word) == TCSLAB_OBJECT_LIVE)
		wrong = tcslab_objects_look(cache, obj, false, false, found);
	if (!wrong && tcslab_state_of(word) == TCSLAB_OBJECT_DAMAGED) {
		tcslab_objects_found_state(cache, obj, false, false, found);
		wrong = true;
	}
	smp_rmb();	/* what was looked at, then whether it was somebody else's */
	return wrong && READ_ONCE(tail->state) == word && READ_ONCE(tail->size) == size;
}

/* --------------------------------------------------------------- what is known */

size_t tcslab_objects_size(const struct tcslab_cache *cache, const void *obj)
{
	return size_of(cache, tcslab_tail_of(cache, obj));
}

/* What is added is clean: nobody may have told the bytes from those that he asked for. */
void tcslab_objects_widen(struct tcslab_cache *cache, void *obj)
{
	struct tcslab_tail *tail = tcslab_tail_of(cache, obj);
	unsigned int size = size_of(cache, tail);

	if (size == cache->object_size)
		return;
	WRITE_ONCE(tail->size, cache->object_size);
	smp_wmb();	/* pairs with that of who looks */
	memset(obj + size, 0, cache->object_size - size);
}

bool tcslab_objects_is_free(const struct tcslab_cache *cache, const void *obj)
{
	return tcslab_state_is(tcslab_tail_of(cache, obj), TCSLAB_OBJECT_FREE);
}

bool tcslab_objects_is_live(const struct tcslab_cache *cache, const void *obj)
{
	return tcslab_state_is(tcslab_tail_of(cache, obj), TCSLAB_OBJECT_LIVE);
}

const struct tcslab_track *tcslab_objects_alloced_by(const struct tcslab_cache *cache,
						     const void *obj)
{
	const struct tcslab_tracks *tracks = tcslab_tracks_of(cache, obj);

	return tracks && tracks->alloced.nr ? &tracks->alloced : NULL;
}

const struct tcslab_track *tcslab_objects_freed_by(const struct tcslab_cache *cache,
						   const void *obj)
{
	const struct tcslab_tracks *tracks = tcslab_tracks_of(cache, obj);

	return tracks && tracks->freed.nr ? &tracks->freed : NULL;
}
