// SPDX-License-Identifier: GPL-2.0
/* Keys in free objects; see hard.h */
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/string.h>

#include "base/lock.h"
#include "base/report.h"
#include "guard.h"
#include "hard.h"
#include "shadow.h"

DEFINE_STATIC_KEY_FALSE(tcslab_hard_key);

unsigned long tcslab_hard_secret __ro_after_init;

void __init tcslab_hard_init(void)
{
	tcslab_hard_secret = get_random_long();
	static_branch_enable(&tcslab_hard_key);
}

/* Objects that keep what is in them have it behind, in what a parked free has as well. */
static bool keeps_contents(const struct tcslab_cache *cache)
{
	return cache->ctor || cache->flags & TCSLAB_TYPESAFE_BY_RCU;
}

void tcslab_hard_layout(struct tcslab_cache *cache)
{
	if (!static_branch_unlikely(&tcslab_hard_key))
		return;
	cache->hard = cache->flags & TCSLAB_CLEAR_ON_FREE ? TCSLAB_HARD_ALL : TCSLAB_HARD_WORD;
	if (!keeps_contents(cache))
		return;
	cache->key_offset = ALIGN(cache->object_size, sizeof(long));
	cache->size = max_t(unsigned int, cache->size,
			    ALIGN(cache->key_offset + sizeof(long), cache->align));
}

/* KASAN is not to look at these: for it a free object is closed. */
__no_sanitize_address
bool tcslab_hard_mark(const struct tcslab_cache *cache, void *obj)
{
	unsigned long *word = tcslab_hard_word(cache, obj), key = tcslab_hard_key_of(obj);

	/* Those have what they need around them. */
	if (unlikely(tcslab_in_guards(obj)))
		return true;
	/* What is freed by two at once somebody else's write may hide, as without. */
	if (unlikely(data_race(READ_ONCE(*word)) == key))
		return false;
	WRITE_ONCE(*word, key);
	return true;
}

/* Its word is the first one, or behind all that is cleared. */
void tcslab_hard_clear(const struct tcslab_cache *cache, void *obj)
{
	if (unlikely(tcslab_in_guards(obj)))
		tcslab_shadow_clear(obj, cache->zero_size);
	else if (cache->zero_size > sizeof(long))
		tcslab_shadow_clear(obj + sizeof(long), cache->zero_size - sizeof(long));
}

/* The first byte of @obj that is not 0, behind the word; NULL if all are. */
static const u8 *dirt(const struct tcslab_cache *cache, const void *obj)
{
	if (cache->hard != TCSLAB_HARD_ALL || cache->object_size <= sizeof(long))
		return NULL;
	return memchr_inv(obj + sizeof(long), 0, cache->object_size - sizeof(long));
}

static void report(const struct tcslab_cache *cache, const void *obj, unsigned int offset,
		   unsigned long caller)
{
	tcslab_report(1, ({
		WARN(1, "tcslab: write to freed object %p, found by an allocation from %pS\n"
		     "tcslab: it is %u bytes into object %p of cache %s, %u bytes in %u, free\n",
		     obj, (void *)caller, offset, obj, cache->name, cache->object_size,
		     cache->size);
	}));
}

__no_sanitize_address
void tcslab_hard_take(const struct tcslab_cache *cache, void *obj, unsigned long caller)
{
	unsigned long *word = tcslab_hard_word(cache, obj);
	const u8 *at;

	if (unlikely(tcslab_in_guards(obj)))
		return;
	tcslab_shadow_open(cache, obj);
	at = READ_ONCE(*word) == tcslab_hard_key_of(obj) ? dirt(cache, obj) : (const u8 *)word;
	WRITE_ONCE(*word, 0);
	if (likely(!at))
		return;
	/* What is wrong is told where one may print; it is mended in any case. */
	if (!tcslab_must_not_wait())
		report(cache, obj, (const void *)at - obj, caller);
	if (cache->hard == TCSLAB_HARD_ALL)
		memset(obj, 0, cache->object_size);
}
