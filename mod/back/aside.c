// SPDX-License-Identifier: GPL-2.0
/* Pages of ours beside the heaps; see aside.h */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "aside.h"
#include "chunk.h"
#include "nodes.h"
#include "pages.h"

struct page *tcslab_aside_alloc(unsigned int order)
{
	/* Of the first node that we serve: one block is for all CPUs. */
	struct page *page = alloc_pages_node(tcslab_only_node, GFP_KERNEL | __GFP_THISNODE |
					     __GFP_NORETRY | __GFP_NOWARN, order);

	if (!page)
		return NULL;
	/* It goes back page by page, however it was adopted. */
	tcslab_pages_adopt(page, order);
	tcslab_count_pages(page, 1L << order);
	tcslab_map_cover(page, order);
	return page;
}

void tcslab_aside_free(struct page *page, unsigned int npages)
{
	tcslab_count_pages(page, -(long)npages);
	tcslab_pages_release(page, npages);
}

void tcslab_aside_abandon(struct page *page, unsigned int npages)
{
	tcslab_pages_abandon(page, npages);
}
