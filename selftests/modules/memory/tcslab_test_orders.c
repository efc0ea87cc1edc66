// SPDX-License-Identifier: GPL-2.0
/*
 * No block of four pages is free: all memory is taken in pairs of pages, every other pair is
 * given back, and what there are of larger blocks is taken, too; enough is free above the
 * watermarks.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define HEAP		4096	/* pages that make tcslab ask for more at once */

static struct page **pairs;
static unsigned int nr_pairs;

#define NR_BLOCKS	2048
#define LARGEST		4	/* order */

static bool compare;
module_param(compare, bool, 0444);
MODULE_PARM_DESC(compare, "tcslab and kmalloc() in turn, with few larger blocks");

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
	for (i = LARGEST; i > 1; i--) {
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

/* ------------------------------------------------- beside kmalloc(), in turn */

#define ROUNDS		300
#define GIVE_UP		8	/* misses in a row */

static void *ours[ROUNDS], *theirs[ROUNDS];

/* Every other of the larger blocks, so that none of them meets its buddy. */
static void give_some_back(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr_blocks; i++) {
		if (orders[i] < 3 || page_to_pfn(blocks[i]) >> orders[i] & 1) {
			blocks[n] = blocks[i];
			orders[n++] = orders[i];
		} else {
			__free_pages(blocks[i], orders[i]);
		}
	}
	nr_blocks = n;
}

static void in_turn(size_t size, gfp_t gfp, const char *name)
{
	unsigned int i, got[2] = {}, missed[2] = {};

	gfp |= __GFP_NOWARN;
	for (i = 0; i < ROUNDS; i++) {
		ours[i] = missed[0] < GIVE_UP ? tcslab_alloc(size, gfp) : NULL;
		theirs[i] = missed[1] < GIVE_UP ? kmalloc(size, gfp) : NULL;
		got[0] += !!ours[i];
		got[1] += !!theirs[i];
		missed[0] = ours[i] ? 0 : missed[0] + 1;
		missed[1] = theirs[i] ? 0 : missed[1] + 1;
		cond_resched();
	}
	for (i = 0; i < ROUNDS; i++) {
		tcslab_free(ours[i]);
		kfree(theirs[i]);
	}
	tcslab_trim();
	context_check(got[0] + 1 >= got[1], "%zu bytes, %s: %u, kmalloc() %u, %lu pages are free",
		      size, name, got[0], got[1], nr_free_pages());
}

static void all_in_turn(void)
{
	static const size_t sizes[] = { 4100, 20 * SZ_1K, SZ_64K };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		in_turn(sizes[i], GFP_ATOMIC, "GFP_ATOMIC");
		in_turn(sizes[i], GFP_KERNEL | __GFP_RETRY_MAYFAIL, "GFP_KERNEL");
	}
}

/* Nothing above two pages is free, then some blocks of up to 16; no OOM killer. */
static void beside_kmalloc(void)
{
	fragment();
	all_in_turn();
	give_some_back();
	all_in_turn();
	mend();
}

static int __init orders_init(void)
{
	if (compare)
		beside_kmalloc();
	else
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
