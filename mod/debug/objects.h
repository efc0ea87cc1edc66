/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects of caches with debug=: red zones, poison, who allocated and freed them
 *
 * Such a cache has closed arrays, so that each call takes the slow path and comes here.  A slot is
 *
 *	left zone | object | right zone | tracks | link, size, state | padding
 *
 * The object is where its user and all tiers think that it is: the left zones are what its
 * neighbour's slot ends with, and the first object of a span begins behind one (cache->first).
 * The zones are Z, the tracks U; the padding, up to the alignment, is filled for Z and P.
 * The state is behind all that the owner of the object can easily write to.  A general object's
 * right zone begins where the bytes end that were asked for.
 *
 * A state goes FREE, LIVE, LEAVING, FREE.  Who makes it LEAVING frees it, and of two who try one is
 * wrong.  What is parked, or aside in a reserve, is FREE.  With the state there is a number
 * that is another one after each change.
 */
#ifndef TCSLAB_DEBUG_OBJECTS_H
#define TCSLAB_DEBUG_OBJECTS_H

#include <linux/tcslab.h>

#include "track.h"

struct dentry;

/* What debug= asks for. */
#define TCSLAB_DEBUG_CHECKS	BIT(0)	/* F: verifies each free at once, as all the others do */
#define TCSLAB_DEBUG_ZONES	BIT(1)	/* Z */
#define TCSLAB_DEBUG_POISON	BIT(2)	/* P */
#define TCSLAB_DEBUG_USERS	BIT(3)	/* U */
#define TCSLAB_DEBUG_ALL	(TCSLAB_DEBUG_CHECKS | TCSLAB_DEBUG_ZONES | TCSLAB_DEBUG_POISON | \
				 TCSLAB_DEBUG_USERS)

/**
 * struct tcslab_debug - what a cache with debug= has more than others
 * @flags: TCSLAB_DEBUG_...
 * @poisons: P, and its objects do not have to keep what is in them
 * @meta: bytes from an object to the end of its right zone, where its tracks begin
 * @tail: bytes from an object to link, size and state
 * @end: bytes from an object to the end of its padding
 * @folder: in debugfs, or NULL
 *
 * Constant once the cache is there, but for @folder, which is user/debug_files.c's.
 */
struct tcslab_debug {
	unsigned int flags;
	bool poisons;
	unsigned int meta;
	unsigned int tail;
	unsigned int end;
	struct dentry *folder;
};

/**
 * enum tcslab_damage - what was written to
 * @TCSLAB_UNDAMAGED: nothing
 * @TCSLAB_LEFT_OF: the left zone
 * @TCSLAB_RIGHT_OF: the right zone
 * @TCSLAB_PADDING: the padding
 * @TCSLAB_AFTER_FREE: a free object
 * @TCSLAB_STATE: size and state, but none of these
 */
enum tcslab_damage {
	TCSLAB_UNDAMAGED,
	TCSLAB_LEFT_OF,
	TCSLAB_RIGHT_OF,
	TCSLAB_PADDING,
	TCSLAB_AFTER_FREE,
	TCSLAB_STATE,
};

#define TCSLAB_DAMAGE_SHOWN	16

/**
 * struct tcslab_found - damage to one part of an object's slot
 * @damage: which part
 * @offset: from the object to the first byte
 * @n: bytes from there to the last one that is wrong
 * @bytes: what was there
 * @is_free: the object is
 * @is_mended: it is as it was before, or will be in a moment
 */
struct tcslab_found {
	enum tcslab_damage damage;
	bool is_free;
	bool is_mended;
	int offset;
	unsigned int n;
	u8 bytes[TCSLAB_DAMAGE_SHOWN];
};

/* Make room for all that around the objects of a cache, whose size and alignment are known. */
void tcslab_objects_layout(struct tcslab_cache *cache);

/* An object of a new span, before its constructor. */
void tcslab_objects_new(struct tcslab_cache *cache, void *obj);

/*
 * A free object is handed out to who asked for @size bytes as @gfp says: looked at, mended and
 * initialised.  @caller is for a report.  Any context; nested nothing is looked at.
 */
void tcslab_objects_alloc(struct tcslab_cache *cache, void *obj, size_t size, gfp_t gfp,
			  unsigned long caller);

/*
 * It comes back: looked at, mended and poisoned.  False if it is free already, and nothing has been
 * done.  Any context; nested nothing is looked at.
 */
bool tcslab_objects_free(struct tcslab_cache *cache, void *obj, unsigned long caller);

/* Of a span that goes: look at a free object. */
void tcslab_objects_leave(struct tcslab_cache *cache, void *obj);

/* Bytes that the user of @obj may write to, and all that the cache's objects have from now on. */
size_t tcslab_objects_size(const struct tcslab_cache *cache, const void *obj);
void tcslab_objects_widen(struct tcslab_cache *cache, void *obj);

/*
 * Look at an object that is free, and stays so, and mend it; or at one that may be in use, and do
 * not touch it.  False if there was nothing to find.  Any context.
 */
bool tcslab_objects_look_at_free(struct tcslab_cache *cache, void *obj, struct tcslab_found *found);
bool tcslab_objects_look_at_live(struct tcslab_cache *cache, void *obj, struct tcslab_found *found);

/* Who allocated @obj, or freed it before; NULL if nobody knows.  It may change meanwhile. */
const struct tcslab_track *tcslab_objects_alloced_by(const struct tcslab_cache *cache,
						     const void *obj);
const struct tcslab_track *tcslab_objects_freed_by(const struct tcslab_cache *cache,
						   const void *obj);

/* Does somebody have it?  Is it free?  Neither of what is just being allocated or freed. */
bool tcslab_objects_is_live(const struct tcslab_cache *cache, const void *obj);
bool tcslab_objects_is_free(const struct tcslab_cache *cache, const void *obj);

/* Report damage within the limit of its kind: @how it was found, in a call from @caller or 0. */
void tcslab_objects_report(const struct tcslab_cache *cache, const void *obj,
			   const struct tcslab_found *found, const char *how,
			   unsigned long caller);

/* Print who allocated and who freed @obj, if known. */
void tcslab_objects_tell(const struct tcslab_cache *cache, const void *obj);

#endif /* TCSLAB_DEBUG_OBJECTS_H */
