// SPDX-License-Identifier: GPL-2.0
/* The large object that an address is inside of; see span.h */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "base/compat.h"
#include "span.h"

/* Of the pages of a large object only the first says so. */
struct tcslab_span *tcslab_large_around(const void *inside)
{
	const void *start = PTR_ALIGN_DOWN(inside, PAGE_SIZE);
	struct tcslab_span *span;
	unsigned int i;

	for (i = 0; i < 1U << MAX_PAGE_ORDER; i++, start -= PAGE_SIZE) {
		const struct tcslab_cache *cache = tcslab_cache_of(start);

		if (cache == tcslab_large_cache) {
			span = tcslab_page_span(virt_to_page(start));
			return i < span->npages ? span : NULL;
		}
		if (cache != &tcslab_no_cache)
			break;
	}
	return NULL;
}
