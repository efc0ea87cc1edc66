/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys in free objects: what hardened=1 adds
 *
 * Each free object has a word that nobody can guess, its address and a secret, wherever in
 * our tiers it is.  A free that finds it is the second one, and an allocation that does not find it
 * sees that somebody wrote there after the free.  glibc's tcache and SLUB's hardened free
 * list have such words.  The word is the object's first, or one behind it where what is in the
 * object has to stay.
 *
 * The inline path has no room for that: it finds closed arrays (cache->fast), or is patched to a
 * call, and behind the call is another short way (front/cpu_hard.h), to the arrays that the tiers
 * see (cache->cpu).  An object is put into its array at
 * random, so that nobody knows which free is used again by which allocation.
 *
 * The word is written by who frees the object, and by who makes it; it is cleared by who hands it
 * out.  In between nobody else touches it, but a parked object's link, which is
 * replaced by the word when it leaves there.
 */
#ifndef TCSLAB_HARD_H
#define TCSLAB_HARD_H

#include <linux/jump_label.h>

#include <linux/tcslab.h>

/* What of a cache's free objects is looked at when they are used again. */
enum tcslab_hard {
	TCSLAB_HARD_NOTHING,
	TCSLAB_HARD_WORD,
	TCSLAB_HARD_ALL,
};

/* On before the first cache is made, or never. */
DECLARE_STATIC_KEY_FALSE(tcslab_hard_key);

/* Do its free objects have the word? */
static __always_inline bool tcslab_is_hard(const struct tcslab_cache *cache)
{
	return static_branch_unlikely(&tcslab_hard_key) && cache->hard;
}

extern unsigned long tcslab_hard_secret;

static __always_inline unsigned long *tcslab_hard_word(const struct tcslab_cache *cache,
						       const void *obj)
{
	return (unsigned long *)(obj + cache->key_offset);
}

/* What a free object has there. */
static __always_inline unsigned long tcslab_hard_key_of(const void *obj)
{
	return tcslab_hard_secret ^ (unsigned long)obj;
}

/* Before the first cache: all that are made later are hard, but for those with debug=. */
void tcslab_hard_init(void);

/* Make room for the word of a cache, whose size is known. */
void tcslab_hard_layout(struct tcslab_cache *cache);

/* The object is free from now on: false if it was already. */
bool tcslab_hard_mark(const struct tcslab_cache *cache, void *obj);

/* Clear all of a marked object but the word. */
void tcslab_hard_clear(const struct tcslab_cache *cache, void *obj);

/*
 * The object is in use from now on.  What was written to it since it was free is reported, within
 * the limit of its kind, if it may be: @caller is who gets it.  Any context.
 */
void tcslab_hard_take(const struct tcslab_cache *cache, void *obj, unsigned long caller);

#endif /* TCSLAB_HARD_H */
