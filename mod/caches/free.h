/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of caches: what is no object of a class. */
#ifndef TCSLAB_FREE_H
#define TCSLAB_FREE_H

#include <linux/mm.h>

#include <linux/tcslab.h>

#include "back/span.h"

/* The span of a large object that begins at @obj, or NULL. */
static inline struct tcslab_span *tcslab_large_span(const void *obj)
{
	if (tcslab_cache_of(obj) != tcslab_large_cache || !PAGE_ALIGNED(obj))
		return NULL;
	return tcslab_page_span(virt_to_page(obj));
}

/*
 * Free what no array takes: a large object; all else is reported and left alone.  @caller
 * is who freed it.  Any context.
 */
void tcslab_free_odd(const void *obj, unsigned long caller);

#endif /* TCSLAB_FREE_H */
