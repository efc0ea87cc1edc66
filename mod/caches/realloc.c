// SPDX-License-Identifier: GPL-2.0
/* Another size for what is there, in place or moved, for the same owner */
#include <linux/kernel.h>
#include <linux/string.h>

#include <linux/tcslab_heap.h>

#include "debug/shadow.h"
#include "cache.h"
#include "heap.h"
#include "size_class.h"

/**
 * tcslab_realloc() - change the size of an object, moving it if need be
 * @obj: memory of tcslab_alloc(), NULL or ZERO_SIZE_PTR
 * @size: bytes; 0 frees @obj
 * @gfp: as for tcslab_alloc(); with __GFP_ZERO, if every call for @obj had it, what was
 *	not asked for before is zero
 *
 * As krealloc().  Comes from the same heap, if it is one's.  Stays in place while the
 * object fits, does not become less than half as large, and is as aligned as one of @size.
 *
 * Context: as tcslab_alloc().
 * Return: the memory; ZERO_SIZE_PTR for @size 0; NULL, with @obj untouched, when
 * there is none.
 */
void *tcslab_realloc(const void *obj, size_t size, gfp_t gfp)
{
	size_t old = tcslab_asked_size(obj);
	struct tcslab_heap *heap;
	void *to;

	if (!size) {
		tcslab_free(obj);
		return ZERO_SIZE_PTR;
	}
	if (ZERO_OR_NULL_PTR(obj))
		return tcslab_alloc(size, gfp);
	if (!old || !tcslab_shadow_check(obj))
		return NULL;	/* not ours, or free: reported */
	if (tcslab_stays_in_place(obj, old, size)) {
		/* It may grow again, in place. */
		if (want_init_on_alloc(gfp))
			tcslab_shadow_clear((void *)obj + size, old - size);
		tcslab_resized(obj, size);
		return (void *)obj;
	}
	heap = tcslab_heap_of(obj);
	to = heap ? tcslab_heap_alloc(heap, size, gfp) : tcslab_alloc(size, gfp);
	if (!to)
		return NULL;
	memcpy(to, obj, tcslab_shadow_size(obj, min(old, size)));
	tcslab_free(obj);
	return to;
}
EXPORT_SYMBOL_GPL(tcslab_realloc);
