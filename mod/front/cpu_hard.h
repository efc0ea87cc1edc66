/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arrays with hardened=1: the inline path of <linux/tcslab.h> once more, with the key of the
 * free object (debug/hard.h)
 *
 * Only of caches of which nothing but the key is looked at, and on kernels that want to know of no
 * object.  What is not as it should be is found out, and told, on the slow path.
 */
#ifndef TCSLAB_CPU_HARD_H
#define TCSLAB_CPU_HARD_H

#include <linux/hash.h>
#include <linux/preempt.h>

#include <linux/tcslab.h>

#include "debug/hard.h"

static __always_inline bool tcslab_hard_is_short(const struct tcslab_cache *cache)
{
	/* Without 64 bits a page has no key, and what points into an object would not be seen. */
	return IS_ENABLED(CONFIG_64BIT) && !TCSLAB_TELLS_OF_EACH &&
	       static_branch_unlikely(&tcslab_hard_key) &&
	       likely(cache->hard == TCSLAB_HARD_WORD);
}

/* The object is in use from now on, unless somebody wrote to its key. */
static __always_inline bool tcslab_hard_open(struct tcslab_cache *cache, void *obj)
{
	unsigned long *word = tcslab_hard_word(cache, obj);

	if (unlikely(*word != tcslab_hard_key_of(obj)))
		return false;
	*word = 0;
	return true;
}

/*
 * As tcslab_cpu_push(), but for the key: no top of the array need be looked at, and what comes
 * goes to any place in it.  The key is written when nothing can keep the object out any more.
 */
static __always_inline bool tcslab_hard_push(struct tcslab_cache *cache, void *obj)
{
	typeof(tcslab_this_cpu_cache(cache->cpu)) cc;
	unsigned long n, at, key, *word;

	preempt_disable();
	cc = tcslab_this_cpu_cache(cache->cpu);
	if (unlikely(tcslab_cpu_was_busy(cc)))
		goto out;
	if (tcslab_looks_wrong(cache, cc, obj, NULL, TCSLAB_LOOK_AT_OBJECT))
		goto leave;
	n = cc->count;
	if (unlikely((long)n >= cc->capacity))
		goto leave;
	word = tcslab_hard_word(cache, obj);
	key = tcslab_hard_key_of(obj);
	if (unlikely(*word == key))
		goto leave;
	*word = key;
	at = (hash_long(key + cc->state, 8) * (n + 1)) >> 8;
	cc->objs[n] = cc->objs[at];
	cc->objs[at] = obj;
	tcslab_cpu_is_done(cc, 1);
	preempt_enable();
	return true;

leave:
	tcslab_cpu_is_done(cc, 0);
out:
	preempt_enable();
	return false;
}

#endif /* TCSLAB_CPU_HARD_H */
