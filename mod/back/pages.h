/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the back tier, the kernel's view of our pages: whose they are and who else holds
 * them.  Nothing here is called under a raw lock.
 */
#ifndef TCSLAB_PAGES_H
#define TCSLAB_PAGES_H

#include <linux/mm_types.h>

/* The reference count of a page of ours that nobody holds: as far from 0 as from its ends. */
#define TCSLAB_PAGE_REFS	(-0x40000000)

/*
 * Make a block of the page allocator ours, as split as the kernel's accounting wants it:
 * true if it must go back page by page.
 */
bool tcslab_pages_adopt(struct page *page, unsigned int order);

/* Give a whole block back, but for pages that somebody holds: they follow when he is done. */
void tcslab_pages_release_block(struct page *page, unsigned int order);

/* The same with @npages of a block, one by one. */
void tcslab_pages_release(struct page *page, unsigned int npages);

/* Leave them to whoever uses them: as pages with one reference, which nobody drops. */
void tcslab_pages_abandon(struct page *page, unsigned int npages);

#endif /* TCSLAB_PAGES_H */
