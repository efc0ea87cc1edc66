// SPDX-License-Identifier: GPL-2.0
/*
 * No block of four pages is free: all memory is taken in pairs of pages, every other pair is
 * given back, and what there are of larger blocks is taken, too; enough is free above the
 * watermarks.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define HEAP		4096	/* pages that make tcslab ask for more at once */

static struct page **pairs;
static unsigned int nr_pairs;

#define NR_BLOCKS	1024

static struct page *blocks[NR_BLOCKS];
static unsigned int orders[NR_BLOCKS], nr_blocks;

static void fragment(void)
{
	unsigned int max = totalram_pages() / 2, i;

	pairs = vmalloc_array(max, sizeof(*pairs));
	if (!pairs)
		return;
	for (nr_pairs = 0; nr_pairs < max; nr_pairs++) {
		if (nr_free_pages() < 8192)
			break;
		pairs[nr_pairs] = alloc_pages(__GFP_NOWARN | __GFP_NOMEMALLOC, 1);
		if (!pairs[nr_pairs])
			break;
	}
	/* By address every other one: its buddy is in use. */
	for (i = 0; i < nr_pairs; i++) {
		if (page_to_pfn(pairs[i]) & 2)
			continue;
		__free_pages(pairs[i], 1);
		pairs[i] = NULL;
	}
	for (i = 9; i > 1; i--) {
		for (; nr_blocks < NR_BLOCKS; nr_blocks++) {
			blocks[nr_blocks] = alloc_pages(__GFP_NOWARN | __GFP_NOMEMALLOC, i);
			if (!blocks[nr_blocks])
				break;
			orders[nr_blocks] = i;
		}
	}
	pr_notice(CONTEXT_PREFIX "# %u pairs, %u larger blocks, %lu pages are free\n", nr_pairs,
		  nr_blocks, nr_free_pages());
}

static void mend(void)
{
	while (nr_blocks--)
		__free_pages(blocks[nr_blocks], orders[nr_blocks]);
	while (nr_pairs--)
		if (pairs[nr_pairs])
			__free_pages(pairs[nr_pairs], 1);
	vfree(pairs);
}

/* A heap that is large asks for 128 KiB at once, which nobody has; one or two pages will do. */
static void grow(void)
{
	void **heap = vmalloc_array(2 * HEAP, sizeof(*heap));
	unsigned int n, missing = 0;

	if (!heap)
		return;
	for (n = 0; n < HEAP; n++)
		heap[n] = tcslab_alloc(SZ_4K, GFP_KERNEL);
	fragment();
	for (; n < HEAP + HEAP / 8; n++) {
		heap[n] = tcslab_alloc(n & 2 ? SZ_4K : 4100, n & 1 ? GFP_ATOMIC : GFP_KERNEL);
		missing += !heap[n];
	}
	context_check(!missing, "%u of %u are missing", missing, HEAP / 8);
	mend();
	while (n--)
		tcslab_free(heap[n]);
	vfree(heap);
	tcslab_trim();
}

static int __init orders_init(void)
{
	grow();
	context_plan();
	return 0;
}

static void __exit orders_exit(void)
{
}

module_init(orders_init);
module_exit(orders_exit);

MODULE_DESCRIPTION("tcslab test: memory without larger blocks");
MODULE_LICENSE("GPL");
