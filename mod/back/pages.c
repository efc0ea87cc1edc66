// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of ours as the rest of the kernel sees them
 *
 * While a page is ours its reference count is TCSLAB_PAGE_REFS, far below zero, plus what
 * others hold.  That is
 *
 *  - below 1: sendpage_ok() keeps networking from holding on to an object that its owner
 *    frees, as it does with slab pages;
 *  - never near 0: get_page() and put_page() of a driver come in pairs and change nothing,
 *    and none of the checks for a page that is about to be free fires;
 *  - not 0: what looks for ranges that can be emptied (hot-remove, virtio-mem, huge pages,
 *    contiguous ranges) sees at once a page that is in use and cannot be moved; it would wait
 *    for one with a count of 0, which it takes for free in a moment.
 *
 * A block goes back whole if nobody else holds a page of it.  Else our part of each count
 * is taken off in one step, so that whoever is last frees the page, and it is nobody's until
 * then.  Somebody may look at a page by its number and take a reference for a moment at any
 * time; that is no different.
 *
 * Its type is one that no page of the kernel's has.  So nobody maps it to user space, which is
 * what slab pages are refused for, too (vm_insert_page() and its kin), and it counts as mapped
 * by nobody.  It is in the place of the count of mappings, and must be gone from there before
 * the page goes.
 *
 * A poisoned page (hwpoison) must stay out of the buddy lists, which the kernel does for
 * pages that come one by one.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/page_ref.h>

#include "base/compat.h"
#include "base/shadow_pages.h"
#include "pages.h"
#include "span.h"

struct tcslab_cache *tcslab_large_cache __ro_after_init;
struct tcslab_cache tcslab_no_cache = { .name = "none", .node = NUMA_NO_NODE };

static_assert(offsetof(struct page, private) == offsetof(struct page, lru) + 4 * sizeof(long));

bool tcslab_pages_adopt(struct page *page, unsigned int order)
{
	/* Each page of a block would have to know by which place it was allocated. */
	bool split = IS_ENABLED(CONFIG_MEM_ALLOC_PROFILING) && order;
	unsigned int i;

	if (split)
		split_page(page, order);
	for (i = 0; i < 1U << order; i++) {
		tcslab_page_map(page + i, NULL, &tcslab_no_cache, 0);
		page[i].lru.prev = (struct list_head *)TCSLAB_PAGE_COOKIE;
		/* Who goes through all pages may look at any time, as in disown(). */
		WRITE_ONCE(page[i].page_type, TCSLAB_PAGE_TYPE);
		/* The others have a count of 0: nobody can take a reference meanwhile. */
		if (i && !split)
			set_page_count(page + i, TCSLAB_PAGE_REFS);
		else
			page_ref_add(page + i, TCSLAB_PAGE_REFS - 1);
	}
	return split;
}

/* Nothing of ours may stay in a page that goes: the cookie above all. */
static void disown(struct page *page)
{
	/* Who holds it may use it, and the page allocator closes it. */
	tcslab_shadow_open_pages(page_address(page), PAGE_SIZE);
	WRITE_ONCE(page->page_type, UINT_MAX);	/* none, and no mappings */
	INIT_LIST_HEAD(&page->lru);
	tcslab_page_key(page) = 0;
	set_page_private(page, 0);
}

void tcslab_pages_release(struct page *page, unsigned int npages)
{
	struct page *end = page + npages;

	for (; page < end; page++) {
		disown(page);
		/* One reference of ours is left of it, which is the one that this drops. */
		page_ref_add(page, 1 - TCSLAB_PAGE_REFS);
		__free_page(page);
	}
}

void tcslab_pages_abandon(struct page *page, unsigned int npages)
{
	struct page *end = page + npages;

	for (; page < end; page++) {
		disown(page);
		page_ref_add(page, 1 - TCSLAB_PAGE_REFS);
	}
}

void tcslab_pages_release_block(struct page *page, unsigned int order)
{
	unsigned int npages = 1U << order, i;

	for (i = 0; i < npages; i++) {
		disown(page + i);
		if (unlikely(PageHWPoison(page + i)) ||
		    unlikely(!page_ref_freeze(page + i, TCSLAB_PAGE_REFS)))
			break;
	}
	if (likely(i == npages)) {
		set_page_count(page, 1);
		__free_pages(page, order);
		return;
	}
	/* A frozen page is not to be had: its count is still 0. */
	tcslab_pages_release(page + i, npages - i);
	while (i--) {
		set_page_count(page + i, 1);
		__free_page(page + i);
	}
}
