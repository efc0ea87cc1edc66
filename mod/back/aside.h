/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of ours beside the heaps: to every look-up they are ours, and no object is there
 *
 * So each free of an address in them takes the slow path and arrives at tcslab_free_odd().
 */
#ifndef TCSLAB_ASIDE_H
#define TCSLAB_ASIDE_H

#include <linux/mm_types.h>

/* A block of the normal zone; NULL without memory.  Task context. */
struct page *tcslab_aside_alloc(unsigned int order);

/* Give @npages of one back.  Task context. */
void tcslab_aside_free(struct page *page, unsigned int npages);

/* Leave @npages of one to whoever uses them: as tcslab_pages_abandon() says.  Task context. */
void tcslab_aside_abandon(struct page *page, unsigned int npages);

#endif /* TCSLAB_ASIDE_H */
