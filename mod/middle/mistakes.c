// SPDX-License-Identifier: GPL-2.0
/* Frees that are wrong; see mistakes.h */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "back/span.h"
#include "base/report.h"
#include "debug/objects.h"
#include "central_lists.h"
#include "mistakes.h"

static bool begins_here(const struct tcslab_cache *cache, const struct page *page,
			const void *obj)
{
	const struct tcslab_span *span;

	/* Does not touch the span; takes the tail behind the last object for one. */
	if (IS_ENABLED(CONFIG_64BIT) &&
	    likely(tcslab_is_object(tcslab_factor(cache, page_to_nid(page)), obj)))
		return true;
	/* Who frees what is in use keeps its span; of another's it is a glance. */
	span = tcslab_page_span(page);
	return tcslab_exact_index(cache, obj - span->base) < tcslab_span_objs(cache, span);
}

enum tcslab_mistake tcslab_mistake_of(const struct tcslab_cache *cache, const void *obj)
{
	const struct tcslab_cache *owner;
	struct page *page;

	if (!tcslab_find_page(obj, &page))
		return TCSLAB_NOT_OURS;
	owner = (const struct tcslab_cache *)READ_ONCE(page->private);
	if (unlikely(owner == &tcslab_no_cache))
		return TCSLAB_NO_OBJECT;
	if (unlikely(cache && owner != cache))
		return TCSLAB_FOREIGN;
	if (unlikely(owner == tcslab_large_cache))
		return PAGE_ALIGNED(obj) ? TCSLAB_RIGHT : TCSLAB_INTERIOR;
	return begins_here(owner, page, obj) ? TCSLAB_RIGHT : TCSLAB_INTERIOR;
}

/* The second line. */
static void say_where(char *text, size_t bytes, const void *obj)
{
	const struct tcslab_cache *owner = tcslab_cache_of(obj);
	const struct tcslab_span *span;
	unsigned int index, offset;
	const void *start;

	*text = '\0';
	if (!owner || owner == &tcslab_no_cache)
		return;
	span = tcslab_page_span(virt_to_page(obj));
	if (owner == tcslab_large_cache) {
		scnprintf(text, bytes, "tcslab: it is %lu bytes into object %p of %lu bytes\n",
			  offset_in_page(obj), (void *)PTR_ALIGN_DOWN(obj, PAGE_SIZE),
			  (unsigned long)span->npages << PAGE_SHIFT);
		return;
	}
	index = tcslab_span_index(owner, obj - span->base);
	start = span->base + (size_t)index * owner->size;
	offset = obj - start;
	if (index >= tcslab_span_objs(owner, span))
		scnprintf(text, bytes, "tcslab: it is behind the last object of cache %s\n",
			  owner->name);
	else
		scnprintf(text, bytes,
			  "tcslab: it is %u bytes into object %p of cache %s, %u bytes in %u, %s\n",
			  offset, start, owner->name, owner->object_size, owner->size,
			  /* A glance; what lies in an array is not known to be free. */
			  data_race(test_bit(index, span->free_bits)) ? "free" : "in use");
}

/* Of an object with debug=U. */
static void tell_users(const void *obj)
{
	const struct tcslab_cache *owner = tcslab_cache_of(obj);
	const struct tcslab_span *span;
	unsigned int index;

	if (!owner || !owner->debug)
		return;
	span = tcslab_page_span(virt_to_page(obj));
	index = tcslab_span_index(owner, obj - span->base);
	if (index < tcslab_span_objs(owner, span))
		tcslab_objects_tell(owner, span->base + (size_t)index * owner->size);
}

/* Inline, so that each kind has a limit of its own. */
#define tell(what, ...)	tcslab_report(1, ({						\
	WARN(1, "tcslab: free of %p from %s, " what "; %s\n%s", obj, from, ##__VA_ARGS__, \
	     caller ? "left alone" : "leaked", where);					\
	tell_users(obj);								\
}))

void tcslab_mistake_report(const struct tcslab_cache *cache, const void *obj,
			   enum tcslab_mistake mistake, unsigned long caller)
{
	char from[128], where[128];

	if (caller)
		scnprintf(from, sizeof(from), "%pS", (void *)caller);
	else
		strscpy(from, "earlier", sizeof(from));
	say_where(where, sizeof(where), obj);
	switch (mistake) {
	case TCSLAB_RIGHT:
		break;
	case TCSLAB_NOT_OURS:
		tell("which is not ours");
		break;
	case TCSLAB_NO_OBJECT:
		tell("where no object is");
		break;
	case TCSLAB_FOREIGN:
		tell("which is no object of cache %s", cache->name);
		break;
	case TCSLAB_INTERIOR:
		tell("which points into an object");
		break;
	case TCSLAB_TWICE:
		tell("which is free already");
		break;
	}
}
