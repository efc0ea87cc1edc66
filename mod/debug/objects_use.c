// SPDX-License-Identifier: GPL-2.0
/* Objects of caches with debug= that are handed out and come back; see objects.h and objects.c */
#include <linux/kernel.h>
#include <linux/poison.h>
#include <linux/string.h>

#include "base/lock.h"
#include "objects_state.h"

/* From LIVE, or what was LIVE, by one of those who try. */
static bool leave_live(struct tcslab_tail *tail)
{
	unsigned long old = READ_ONCE(tail->state);

	do {
		enum tcslab_object_state state = tcslab_state_of(old);

		if (state != TCSLAB_OBJECT_LIVE && state != TCSLAB_OBJECT_DAMAGED)
			return false;
	} while (!try_cmpxchg(&tail->state, &old, tcslab_next_word(old, TCSLAB_OBJECT_LEAVING)));
	return true;
}

static void poison(struct tcslab_cache *cache, void *obj)
{
	memset(obj, POISON_FREE, cache->object_size - 1);
	((u8 *)obj)[cache->object_size - 1] = POISON_END;
}

/* Tell all that is wrong, and mend it, but for the state, which the caller is about to set. */
static void tell_all(struct tcslab_cache *cache, void *obj, bool is_free, bool damaged,
		     const char *how, unsigned long caller)
{
	struct tcslab_found found;
	unsigned int n = 0;

	while (n++ < TCSLAB_MAX_REGIONS && tcslab_objects_look(cache, obj, is_free, true, &found))
		tcslab_objects_report(cache, obj, &found, how, caller);
	/* Who ran over the zone was told of already. */
	if (damaged && n == 1) {
		tcslab_objects_found_state(cache, obj, is_free, true, &found);
		tcslab_objects_report(cache, obj, &found, how, caller);
	}
}

void tcslab_objects_leave(struct tcslab_cache *cache, void *obj)
{
	const struct tcslab_tail *tail = tcslab_tail_of(cache, obj);

	tell_all(cache, obj, true, !tcslab_state_is(tail, TCSLAB_OBJECT_FREE),
		 "when its memory was given back", 0);
}

/* ------------------------------------------------------------ alloc and free */

void tcslab_objects_alloc(struct tcslab_cache *cache, void *obj, size_t size, gfp_t gfp,
			  unsigned long caller)
{
	const struct tcslab_debug *debug = cache->debug;
	struct tcslab_tracks *tracks = tcslab_tracks_of(cache, obj);
	struct tcslab_tail *tail = tcslab_tail_of(cache, obj);
	bool zones = debug->flags & TCSLAB_DEBUG_ZONES, zero;

	if (likely(!tcslab_must_not_wait()))
		tell_all(cache, obj, true, !tcslab_state_is(tail, TCSLAB_OBJECT_FREE),
			 "by an allocation", caller);
	/* Without a zone there is nothing to end there. */
	WRITE_ONCE(tail->size, zones ? min_t(size_t, size, cache->object_size) :
				       cache->object_size);
	/* Poison is there to be seen, so it is what init_on_alloc fills with, as SLUB does. */
	zero = cache->zero_size &&
	       (debug->poisons ? !!(gfp & __GFP_ZERO) : want_init_on_alloc(gfp));
	if (zero)
		memset(obj, 0, tail->size);
	else if (debug->poisons)
		memset(obj, POISON_INUSE, tail->size);
	if (zones)
		memset(obj + tail->size, SLUB_RED_ACTIVE, cache->object_size - tail->size);
	if (tracks)
		tcslab_track_note_user(&tracks->alloced);
	tcslab_set_state(tail, TCSLAB_OBJECT_LIVE);
}

bool tcslab_objects_free(struct tcslab_cache *cache, void *obj, unsigned long caller)
{
	struct tcslab_tracks *tracks = tcslab_tracks_of(cache, obj);
	struct tcslab_tail *tail = tcslab_tail_of(cache, obj);
	bool damaged = tcslab_state_is(tail, TCSLAB_OBJECT_DAMAGED);

	/* Nobody knows how many bytes there were. */
	if (unlikely(damaged))
		WRITE_ONCE(tail->size, cache->object_size);
	if (unlikely(!leave_live(tail)))
		return false;
	/* What is wrong still is when it is handed out. */
	if (likely(!tcslab_must_not_wait()))
		tell_all(cache, obj, false, damaged, "by the free", caller);
	if (cache->debug->poisons)
		poison(cache, obj);
	else if (want_init_on_free())
		memset(obj, 0, cache->zero_size);
	if (tracks)
		tcslab_track_note_user(&tracks->freed);
	tcslab_set_state(tail, TCSLAB_OBJECT_FREE);
	return true;
}
