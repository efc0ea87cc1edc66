// SPDX-License-Identifier: GPL-2.0
/*
 * Damage to objects of caches with debug=, in words
 *
 *   tcslab: write <where> object <pointer>, found <how> [from <place>]; mended
 *   tcslab: it is <n> bytes <where> object <pointer> of cache <name>, <size> bytes in <slot>, <is>
 *   tcslab: <n> bytes were written: <the first ones>
 *
 * and who allocated and freed it.  The second line is that of all mistakes (middle/mistakes.h).
 */
#include <linux/kernel.h>

#include "base/report.h"
#include "objects.h"

void tcslab_objects_tell(const struct tcslab_cache *cache, const void *obj)
{
	const struct tcslab_track *track;

	track = tcslab_objects_alloced_by(cache, obj);
	if (track)
		tcslab_track_tell("allocated", track);
	track = tcslab_objects_freed_by(cache, obj);
	if (track)
		tcslab_track_tell(tcslab_objects_is_free(cache, obj) ? "freed" : "freed before",
				  track);
}

static void say_where(char *text, size_t bytes, const struct tcslab_cache *cache,
		      const void *obj, const struct tcslab_found *found)
{
	int size = tcslab_objects_size(cache, obj), offset = found->offset;
	const char *where = "into";

	if (offset < 0) {
		where = "left of";
		offset = -offset;
	} else if (found->damage != TCSLAB_AFTER_FREE) {
		where = "right of";
		offset -= size;
	}
	scnprintf(text, bytes,
		  "tcslab: it is %d bytes %s object %p of cache %s, %d bytes in %u, %s\n",
		  offset, where, obj, cache->name, size, cache->size,
		  found->is_free ? "free" : "in use");
}

static void tell_rest(const struct tcslab_cache *cache, const void *obj,
		      const struct tcslab_found *found)
{
	pr_err("tcslab: %u bytes were written: %*ph\n", found->n,
	       min_t(int, found->n, TCSLAB_DAMAGE_SHOWN), found->bytes);
	tcslab_objects_tell(cache, obj);
}

/* Inline, so that each kind has a limit of its own. */
#define tell(what)	tcslab_report(1, ({						\
	WARN(1, "tcslab: write " what " object %p, found %s%s; %s\n%s", obj, how, from,	\
	     found->is_mended ? "mended" : "left as it is", where);				\
	tell_rest(cache, obj, found);							\
}))

void tcslab_objects_report(const struct tcslab_cache *cache, const void *obj,
			   const struct tcslab_found *found, const char *how,
			   unsigned long caller)
{
	char from[128] = "", where[160];

	if (caller)
		scnprintf(from, sizeof(from), " from %pS", (void *)caller);
	say_where(where, sizeof(where), cache, obj, found);
	switch (found->damage) {
	case TCSLAB_UNDAMAGED:
		break;
	case TCSLAB_LEFT_OF:
		tell("left of");
		break;
	case TCSLAB_RIGHT_OF:
		tell("right of");
		break;
	case TCSLAB_PADDING:
		tell("to the padding of");
		break;
	case TCSLAB_AFTER_FREE:
		tell("to freed");
		break;
	case TCSLAB_STATE:
		tell("to what is known of");
		break;
	}
}
