/* SPDX-License-Identifier: GPL-2.0 */
/* Large objects: a span of the page heap each. */
#ifndef TCSLAB_LARGE_H
#define TCSLAB_LARGE_H

#include <linux/tcslab.h>

struct tcslab_span;

static inline enum tcslab_zone tcslab_gfp_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return TCSLAB_ZONE_DMA;
	if (gfp & __GFP_DMA32)
		return TCSLAB_ZONE_DMA32;
	return TCSLAB_ZONE_NORMAL;
}

/* Pages for @size bytes, as tcslab_alloc_node(); they count for @quota, if there is one. */
void *tcslab_large_alloc(size_t size, gfp_t gfp, int node, struct tcslab_quota *quota);

/* A new one counts for @quota from here on, or for nobody. */
void tcslab_large_note(struct tcslab_quota *quota, struct tcslab_span *span);

/* @obj is all of @span.  Any context in which a lock of ours may be taken. */
void tcslab_large_free(const void *obj, struct tcslab_span *span);

/* Some large object that counts for @quota, which is not freed meanwhile; or NULL. */
void *tcslab_large_of(struct tcslab_quota *quota);

#endif /* TCSLAB_LARGE_H */
