/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KASAN's shadow of our memory: what is no object in use is closed to who touches it
 *
 * KASAN keeps a byte for each eight of memory that says which of them may be touched, and a module
 * may write there.  So on a kernel with generic KASAN each access of instrumented code to a free
 * object, or beside what was asked for, is reported when it happens, as those to the slab
 * allocator's own are; see kasan_report.c for what we add.  Here is nothing on all other kernels.
 *
 * A span is open from the page allocator on.  It is closed when it has been cut into
 * objects; each is opened when it is handed out, as far as it was asked for, and closed by its
 * free, which thereby knows of every object whether it is free already.  A span that goes back is
 * opened, cleared where that is promised, and closed as pages are.  Who may write to the
 * shadow is who may write to the memory.
 *
 * Left open are objects of caches with debug=, which have patterns that we look at, guarded ones
 * (guard.h), and those that are type-safe by RCU, which readers may touch, from
 * their first allocation on.
 */
#ifndef TCSLAB_SHADOW_H
#define TCSLAB_SHADOW_H

#include <linux/string.h>

#include <linux/tcslab.h>

#include "base/shadow_pages.h"

#if TCSLAB_HAS_SHADOW

/*
 * Make room for a zone behind each object of a cache, whose size and alignment are known: with
 * kasan_full=1, for then they take more memory than users of other kernels count with.
 */
void tcslab_shadow_layout(struct tcslab_cache *cache);

/* None of the memory may be touched, since it is no object's any more. */
void tcslab_shadow_close_pages(const void *start, size_t bytes);

/* The same of a large object, but for what of it was not asked for: from @size on. */
void tcslab_shadow_fit_pages(const void *start, size_t size, size_t bytes);

/* The objects of a new span, after their constructor. */
void tcslab_shadow_new(const struct tcslab_cache *cache, const void *start, size_t bytes);

/* @obj is free from now on; false if it is already.  One of all succeeds.  Any context. */
bool tcslab_shadow_close(const struct tcslab_cache *cache, void *obj);

/* It was, and nothing but its link has been open since. */
void tcslab_shadow_close_again(const struct tcslab_cache *cache, const void *obj);

/* As many of the @bytes at @obj as may be touched, from its beginning on. */
size_t tcslab_shadow_size(const void *obj, size_t bytes);

/* Touch what somebody asks about, so that KASAN reports it if it is free: false then. */
bool tcslab_shadow_check(const void *obj);

/* A free object is to be linked into a list, by a pointer at @link. */
void tcslab_shadow_open_link(const void *link);

/* memset(obj, 0, bytes), whether it is open or not. */
void tcslab_shadow_clear(void *obj, size_t bytes);

#else

static inline void tcslab_shadow_layout(struct tcslab_cache *cache)
{
}

static inline void tcslab_shadow_close_pages(const void *start, size_t bytes)
{
}

static inline void tcslab_shadow_fit_pages(const void *start, size_t size, size_t bytes)
{
}

static inline void tcslab_shadow_new(const struct tcslab_cache *cache, const void *start,
				     size_t bytes)
{
}

static inline bool tcslab_shadow_close(const struct tcslab_cache *cache, void *obj)
{
	return true;
}

static inline void tcslab_shadow_close_again(const struct tcslab_cache *cache, const void *obj)
{
}

static inline size_t tcslab_shadow_size(const void *obj, size_t bytes)
{
	return bytes;
}

static inline bool tcslab_shadow_check(const void *obj)
{
	return true;
}

static inline void tcslab_shadow_open_link(const void *link)
{
}

static inline void tcslab_shadow_clear(void *obj, size_t bytes)
{
	memset(obj, 0, bytes);
}

#endif

#endif /* TCSLAB_SHADOW_H */
