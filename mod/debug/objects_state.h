/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of debug: what is kept of an object, behind its right zone; see objects.h */
#ifndef TCSLAB_DEBUG_OBJECTS_STATE_H
#define TCSLAB_DEBUG_OBJECTS_STATE_H

#include <linux/bits.h>

#include "objects.h"

#define TCSLAB_MAX_REGIONS	5	/* of a slot that have a pattern */

enum tcslab_object_state {
	TCSLAB_OBJECT_DAMAGED,	/* no state: somebody wrote to it */
	TCSLAB_OBJECT_FREE,
	TCSLAB_OBJECT_LIVE,
	TCSLAB_OBJECT_LEAVING,
};

#define TCSLAB_STATE_BITS	4
#define TCSLAB_STATE_MAGIC	0x5eb0UL
#define TCSLAB_NUMBER_SHIFT	16

/**
 * struct tcslab_tail - what is known of an object
 * @link: for middle/park.c
 * @size: bytes that its user may write to
 * @state: enum tcslab_object_state, TCSLAB_STATE_MAGIC, and the number of changes above
 */
struct tcslab_tail {
	unsigned long link;
	unsigned int size;
	unsigned long state;
};

/* Freed first: what runs over the right zone meets the track that matters less. */
struct tcslab_tracks {
	struct tcslab_track freed;
	struct tcslab_track alloced;
};

static inline struct tcslab_tail *tcslab_tail_of(const struct tcslab_cache *cache, const void *obj)
{
	return (void *)obj + cache->debug->tail;
}

static inline struct tcslab_tracks *tcslab_tracks_of(const struct tcslab_cache *cache,
						     const void *obj)
{
	return cache->debug->flags & TCSLAB_DEBUG_USERS ? (void *)obj + cache->debug->meta : NULL;
}

static inline enum tcslab_object_state tcslab_state_of(unsigned long word)
{
	unsigned int state = word & GENMASK(TCSLAB_STATE_BITS - 1, 0);
	unsigned long magic = word & GENMASK(TCSLAB_NUMBER_SHIFT - 1, TCSLAB_STATE_BITS);

	return magic == TCSLAB_STATE_MAGIC && state <= TCSLAB_OBJECT_LEAVING ?
	       state : TCSLAB_OBJECT_DAMAGED;
}

static inline bool tcslab_state_is(const struct tcslab_tail *tail, enum tcslab_object_state state)
{
	return tcslab_state_of(READ_ONCE(tail->state)) == state;
}

static inline unsigned long tcslab_next_word(unsigned long word, enum tcslab_object_state state)
{
	return ((word >> TCSLAB_NUMBER_SHIFT) + 1) << TCSLAB_NUMBER_SHIFT |
	       TCSLAB_STATE_MAGIC | state;
}

static inline void tcslab_set_state(struct tcslab_tail *tail, enum tcslab_object_state state)
{
	/* All that was written before, for who looks at what may be in use. */
	smp_store_release(&tail->state, tcslab_next_word(tail->state, state));
}

/*
 * The first region of the slot with a wrong byte; with @mend it is right afterwards.  False if
 * there is none.
 */
bool tcslab_objects_look(const struct tcslab_cache *cache, void *obj, bool is_free, bool mend,
			 struct tcslab_found *found);

/* That the state is none; @mend: the caller is about to set it. */
void tcslab_objects_found_state(const struct tcslab_cache *cache, const void *obj, bool is_free,
				bool mend, struct tcslab_found *found);

#endif /* TCSLAB_DEBUG_OBJECTS_STATE_H */
