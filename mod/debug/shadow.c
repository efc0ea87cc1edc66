// SPDX-License-Identifier: GPL-2.0
/* KASAN's shadow of our memory; see shadow.h */
#include <linux/kasan.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "guard.h"
#include "kasan_users.h"
#include "shadow.h"

#define GRANULE		BIT(KASAN_SHADOW_SCALE_SHIFT)	/* bytes, to a byte of shadow */

/* What makes KASAN call an access slab-out-of-bounds, and so on: mm/kasan/kasan.h has them. */
#define SLAB_REDZONE	0xfc
#define SLAB_FREE	0xfb
#define PAGE_REDZONE	0xfe
#define PAGE_FREE	0xff
#define CLOSED		0x80	/* and all above; below it is the number of open bytes, 0 for all */

static u8 *shadow_of(const void *addr)
{
	return kasan_mem_to_shadow(addr);
}

/* Whole granules.  Not memset(), which KASAN looks at. */
static void paint(const void *start, size_t bytes, u8 value)
{
	__memset(shadow_of(start), value, bytes / GRANULE);
}

static void open_bytes(const void *start, size_t bytes)
{
	paint(start, bytes, 0);
	if (bytes % GRANULE)
		*shadow_of(start + bytes) = bytes % GRANULE;
}

/* From @size on. */
static void close_rest(const void *start, size_t size, size_t bytes, u8 value)
{
	size_t whole = round_up(size, GRANULE);

	if (whole != size)
		*shadow_of(start + size) = size % GRANULE;
	if (whole < bytes)
		paint(start + whole, round_up(bytes - whole, GRANULE), value);
}

static bool is_left_open(const struct tcslab_cache *cache, const void *obj)
{
	return cache->debug || tcslab_in_guards(obj);
}

void tcslab_shadow_layout(struct tcslab_cache *cache)
{
	unsigned int size = cache->object_size;

	if (!tcslab_kasan_full)
		return;
	/* What kmalloc() promises of its sizes, which a slot's size no longer keeps. */
	if (cache->general)
		cache->align = max(cache->align, size & -size);
	if (cache->size < size + GRANULE)
		cache->size = ALIGN(size + GRANULE, cache->align);
}

/* ---------------------------------------------------------------------- pages */

void tcslab_shadow_close_pages(const void *start, size_t bytes)
{
	paint(start, bytes, PAGE_FREE);
}

void tcslab_shadow_fit_pages(const void *start, size_t size, size_t bytes)
{
	close_rest(start, size, bytes, PAGE_REDZONE);
}

/* -------------------------------------------------------------------- objects */

void tcslab_shadow_new(const struct tcslab_cache *cache, const void *start, size_t bytes)
{
	if (!cache->debug)
		paint(start, bytes, SLAB_REDZONE);
}

/*
 * Called by inline code: @obj is to be initialised, and then to be used as far as it was asked
 * for.
 */
void tcslab_shadow_open(const struct tcslab_cache *cache, void *obj)
{
	if (!is_left_open(cache, obj))
		open_bytes(obj, cache->object_size);
}
EXPORT_SYMBOL_GPL(tcslab_shadow_open);

void tcslab_shadow_fit(const struct tcslab_cache *cache, void *obj, size_t size)
{
	if (is_left_open(cache, obj))
		return;
	if (size < cache->object_size)
		close_rest(obj, size, cache->object_size, SLAB_REDZONE);
	tcslab_kasan_note(obj, true);
}
EXPORT_SYMBOL_GPL(tcslab_shadow_fit);

bool tcslab_shadow_close(const struct tcslab_cache *cache, void *obj)
{
	u8 *first = shadow_of(obj), old = READ_ONCE(*first);

	if (is_left_open(cache, obj))
		return true;
	if (cache->flags & TCSLAB_TYPESAFE_BY_RCU) {
		tcslab_kasan_note(obj, false);
		return true;
	}
	do {
		if (unlikely(old >= CLOSED))
			return false;
	} while (!try_cmpxchg(first, &old, SLAB_FREE));
	tcslab_kasan_note(obj, false);
	tcslab_shadow_close_again(cache, obj);
	return true;
}

void tcslab_shadow_close_again(const struct tcslab_cache *cache, const void *obj)
{
	if (!is_left_open(cache, obj) && !(cache->flags & TCSLAB_TYPESAFE_BY_RCU))
		paint(obj, round_up(cache->object_size, GRANULE), SLAB_FREE);
}

size_t tcslab_shadow_size(const void *obj, size_t bytes)
{
	const u8 *shadow = shadow_of(obj);
	size_t n;

	for (n = 0; n < bytes; n += GRANULE, shadow++)
		if (*shadow)
			return n + (*shadow < CLOSED ? *shadow : 0);
	return bytes;
}

bool tcslab_shadow_check(const void *obj)
{
	(void)READ_ONCE(*(const u8 *)obj);
	return *shadow_of(obj) < CLOSED;
}

void tcslab_shadow_open_link(const void *link)
{
	open_bytes(link, sizeof(void *));
}

void tcslab_shadow_clear(void *obj, size_t bytes)
{
	__memset(obj, 0, bytes);
}
