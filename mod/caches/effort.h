/* SPDX-License-Identifier: GPL-2.0 */
/* The order of effort: what is tried before an allocation fails, see effort.c. */
#ifndef TCSLAB_EFFORT_H
#define TCSLAB_EFFORT_H

#include <linux/tcslab.h>

#include "back/span.h"

/*
 * For who found no object at hand, neither in the array nor in the middle tier of @home,
 * which is the node to grow.  Waits only with @wait.  NULL, and counted as refused if it
 * was the cache's limit, when nothing helped.
 */
void *tcslab_effort_object(struct tcslab_cache *cache, gfp_t gfp, int node, int home,
			   bool wait);

/*
 * Allocations that got nothing, of objects and of pages, for another reason than the limit of
 * their cache: there was no memory, or tcslab_hard_limit_bytes was reached.  An attempt of somebody
 * who then takes from a reserve counts as well, as it does with the limit.
 */
unsigned long tcslab_no_memory(void);

/*
 * What lies idle in the caches of @quota goes to the page heap, unless that would have to wait
 * long.  Task context, may sleep.
 */
void tcslab_effort_drain_quota(const struct tcslab_quota *quota);

/* A span for a large object, as tcslab_page_heap_alloc(). */
struct tcslab_span *tcslab_effort_large(enum tcslab_zone zone, unsigned int npages,
					unsigned int align, gfp_t gfp, int node);

/*
 * How hard a reserve is filled: as @gfp says, but not for ever in the page allocator and not
 * by somebody's death, since objects may come back meanwhile; nor from the cache's minimum,
 * which is promised to others.
 */
static inline gfp_t tcslab_effort_to_fill(gfp_t gfp)
{
	if (gfp & __GFP_NOFAIL)
		return gfp | __GFP_NOMEMALLOC;
	return gfp | __GFP_NOMEMALLOC | (gfp & __GFP_NORETRY ? 0 : __GFP_RETRY_MAYFAIL);
}

#endif /* TCSLAB_EFFORT_H */
