// SPDX-License-Identifier: GPL-2.0
/* Chunks: taking memory from the kernel and giving it back */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "base/bytes_param.h"
#include "base/charge.h"
#include "base/compat.h"
#include "base/lock.h"
#include "base/trace.h"
#include "chunk.h"
#include "nodes.h"
#include "page_heap.h"
#include "pages.h"

#define MIN_CHUNK_ORDER		3	/* 32 KiB: a handful of spans */
#define MAX_CHUNK_ORDER		min(9, MAX_PAGE_ORDER)	/* 2 MiB, a huge page */
#define DMA_CHUNK_ORDER		2	/* the DMA zone is small */
#define GROWTH_SHIFT		7	/* a chunk is 1/128 of the heap */
/* A span structure also serves as the bitmap of a span of small objects. */
#define SPAN_BYTES		max(sizeof(struct tcslab_span), PAGE_SIZE / sizeof(u64) / 8)

static struct kmem_cache *span_cache;
static atomic_long_t held_pages, peak_held_pages, nr_span_structs;
static atomic_long_t released_pages, hard_limit_refusals, hard_limit_overruns;

unsigned long tcslab_hard_limit_bytes;
tcslab_bytes_param(hard_limit_bytes, tcslab_hard_limit_bytes, PAGE_SIZE,
		   "bytes that all caches together may hold (0: no limit)");

/* End of our highest chunk as an offset into the direct map; only grows. */
unsigned long tcslab_map_bytes __read_mostly;
EXPORT_SYMBOL_GPL(tcslab_map_bytes);

/* Where the struct page of address 0 would be: see tcslab_is_object(). */
unsigned long tcslab_pages __ro_after_init;
EXPORT_SYMBOL_GPL(tcslab_pages);

static gfp_t zone_gfp(enum tcslab_zone zone)
{
	switch (zone) {
	case TCSLAB_ZONE_DMA:
		return GFP_DMA;
	case TCSLAB_ZONE_DMA32:
		return GFP_DMA32;
	default:
		return 0;
	}
}

struct tcslab_span *tcslab_span_new(gfp_t gfp)
{
	struct tcslab_span *span = kmem_cache_alloc(span_cache, tcslab_effort(gfp));

	if (span)
		atomic_long_inc(&nr_span_structs);
	return span;
}

void tcslab_span_delete(struct tcslab_span *span)
{
	kmem_cache_free(span_cache, span);
	atomic_long_dec(&nr_span_structs);
}

unsigned long tcslab_span_bytes(void)
{
	return atomic_long_read(&nr_span_structs) * SPAN_BYTES;
}

static unsigned int wanted_order(enum tcslab_zone zone, unsigned long held)
{
	unsigned long share = held >> GROWTH_SHIFT;

	if (zone == TCSLAB_ZONE_DMA)
		return DMA_CHUNK_ORDER;
	return clamp(share ? ilog2(share) : 0, MIN_CHUNK_ORDER, MAX_CHUNK_ORDER);
}

/* In pages. */
static unsigned long hard_limit(void)
{
	return READ_ONCE(tcslab_hard_limit_bytes) >> PAGE_SHIFT;
}

/* @node may be NUMA_NO_NODE: what the task's policy says. */
static struct page *charged_block(int node, gfp_t gfp, unsigned int order, bool force)
{
	bool above = !tcslab_charge(&held_pages, 1UL << order, hard_limit());
	struct page *page;

	if (above && !force)
		return NULL;
	if (above)
		atomic_long_add(1UL << order, &held_pages);
	page = node == NUMA_NO_NODE ? alloc_pages(gfp, order) : alloc_pages_node(node, gfp, order);
	if (!page)
		atomic_long_sub(1UL << order, &held_pages);
	else if (above)
		atomic_long_inc(&hard_limit_overruns);
	return page;
}

/* init_on_alloc clears the whole block: who may not sleep gets the smallest that serves. */
static unsigned int tempered_order(unsigned int order, unsigned int min_order, gfp_t gfp)
{
	if (gfpflags_allow_blocking(gfp) || !want_init_on_alloc(0))
		return order;
	return min(order, max_t(unsigned int, min_order, MIN_CHUNK_ORDER));
}

/*
 * Pages for a chunk: the order that the heap's size suggests if it lies at hand on this
 * node, then smaller ones, and at last the smallest that serves, with all that the caller's
 * gfp allows.  An attempt that may fail wakes nobody: neither kswapd nor kcompactd is to
 * make what we can do without.
 */
static struct page *alloc_block(int node, enum tcslab_zone zone, unsigned int wanted,
				unsigned int min_order, gfp_t gfp, unsigned int *order)
{
	gfp_t base = zone_gfp(zone);
	gfp_t cheap = base | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_THISNODE;
	bool nofail = gfp & __GFP_NOFAIL;
	bool optional = (gfp & (TCSLAB_OPTIONAL | __GFP_DIRECT_RECLAIM)) == TCSLAB_OPTIONAL;
	struct page *page;

	for (*order = tempered_order(wanted, min_order, gfp); *order > min_order; --*order) {
		page = charged_block(node, cheap, *order, false);
		if (page)
			return page;
	}
	*order = min_order;
	if (optional)
		return charged_block(node, cheap, min_order, false);
	if ((gfp & (TCSLAB_BOUND | __GFP_THISNODE)) == TCSLAB_BOUND)
		node = NUMA_NO_NODE;
	gfp = base | tcslab_effort(gfp) | (gfp & __GFP_THISNODE);
	/* Of more than two pages the page allocator promises nothing, and says so. */
	if (gfp & __GFP_NOFAIL && min_order > 1)
		gfp = (gfp & ~__GFP_NOFAIL) | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	/* Memory of a node that is not served yet would be refused; its own is reclaimed. */
	if (num_online_nodes() > 1 && !tcslab_nodes_are_served())
		gfp |= __GFP_THISNODE;
	return charged_block(node, gfp, min_order, nofail);
}

/* The kernel's statistics: a slab allocator's pages. */
void tcslab_count_pages(struct page *page, long npages)
{
	mod_node_page_state(page_pgdat(page), NR_SLAB_UNRECLAIMABLE_B, npages * (long)PAGE_SIZE);
}

void tcslab_map_cover(struct page *page, unsigned int order)
{
	unsigned long end = (unsigned long)kasan_reset_tag(page_address(page)) - PAGE_OFFSET +
			    (PAGE_SIZE << order);
	unsigned long old = READ_ONCE(tcslab_map_bytes), seen;

	while (end > old) {
		seen = cmpxchg(&tcslab_map_bytes, old, end);
		if (seen == old)
			break;
		old = seen;
	}
}

struct tcslab_span *tcslab_chunk_alloc(int node, enum tcslab_zone zone, unsigned int npages,
				       unsigned long held, gfp_t gfp)
{
	unsigned int min_order = get_order((unsigned long)npages << PAGE_SHIFT), order;
	struct tcslab_chunk *chunk;
	struct tcslab_span *span;
	struct page *page;

	if (!tcslab_may_call_kernel(gfp))
		return NULL;
	chunk = kmalloc(sizeof(*chunk), tcslab_effort(gfp));
	span = tcslab_span_new(gfp);
	page = chunk && span ? alloc_block(node, zone, wanted_order(zone, held), min_order,
					   gfp, &order) : NULL;
	if (!page)
		goto fail;
	/* No free would look where an object of this node belongs. */
	if (unlikely(page_to_nid(page) != tcslab_only_node) && !tcslab_nodes_are_served()) {
		__free_pages(page, order);
		atomic_long_sub(1UL << order, &held_pages);
		goto fail;
	}
	*chunk = (struct tcslab_chunk){
		.page = page, .order = order, .left = 1U << order,
	};
	span->chunk = chunk;
	span->page = page;
	span->npages = 1U << order;
	chunk->paged = tcslab_pages_adopt(page, order);
	tcslab_count_pages(page, span->npages);
	tcslab_map_cover(page, order);
	tcslab_raise(&peak_held_pages, atomic_long_read(&held_pages));
	return span;

fail:
	if (span)
		tcslab_span_delete(span);
	kfree(chunk);
	return NULL;
}

/* The books of @npages that go. */
static unsigned int count_released(struct page *page, unsigned int npages)
{
	trace_chunk_release(page_to_pfn(page), npages, page_to_nid(page));
	tcslab_count_pages(page, -(long)npages);
	atomic_long_sub(npages, &held_pages);
	atomic_long_add(npages, &released_pages);
	return npages;
}

void tcslab_chunk_abandon(struct tcslab_span *span)
{
	tcslab_pages_abandon(span->page, span->npages);
	atomic_long_sub(span->npages, &held_pages);
}

unsigned int tcslab_chunk_free(struct tcslab_span *span)
{
	struct tcslab_chunk *chunk = span->chunk;
	unsigned int npages = count_released(chunk->page, span->npages);

	if (chunk->paged)
		tcslab_pages_release(chunk->page, npages);
	else
		tcslab_pages_release_block(chunk->page, chunk->order);
	tcslab_span_delete(span);
	kfree(chunk);
	return npages;
}

unsigned int tcslab_chunk_free_part(struct tcslab_span *span, bool last)
{
	unsigned int npages = count_released(span->page, span->npages);

	tcslab_pages_release(span->page, npages);
	if (last)
		kfree(span->chunk);
	tcslab_span_delete(span);
	return npages;
}

/**
 * tcslab_held_pages() - pages that tcslab holds from the kernel now
 *
 * In use and free ones of all caches together; what a trim could change.
 *
 * Context: any.
 * Return: pages.
 */
unsigned long tcslab_held_pages(void)
{
	return atomic_long_read(&held_pages);
}
EXPORT_SYMBOL_GPL(tcslab_held_pages);

bool tcslab_at_hard_limit(unsigned long npages)
{
	unsigned long limit = hard_limit();

	return limit && tcslab_held_pages() + npages > limit;
}

unsigned long tcslab_released_pages(void)
{
	return atomic_long_read(&released_pages);
}

void tcslab_note_refusal(unsigned int npages)
{
	if (!tcslab_at_hard_limit(1UL << get_order((unsigned long)npages << PAGE_SHIFT)))
		return;
	atomic_long_inc(&hard_limit_refusals);
	trace_limit_refused("*");
}

unsigned long tcslab_hard_limit_overruns(void)
{
	return atomic_long_read(&hard_limit_overruns);
}

unsigned long tcslab_hard_limit_refusals(void)
{
	return atomic_long_read(&hard_limit_refusals);
}

unsigned long tcslab_peak_held_pages(void)
{
	return atomic_long_read(&peak_held_pages);
}

void tcslab_reset_peak_held_pages(void)
{
	tcslab_reset_peak(&peak_held_pages, &held_pages);
}

int __init tcslab_chunk_init(void)
{
	tcslab_pages = (unsigned long)pfn_to_page(0) -
		       ((long)PAGE_OFFSET >> PAGE_SHIFT) * sizeof(struct page);
	/* A span is referred to from struct page, where kmemleak does not look. */
	span_cache = kmem_cache_create(KBUILD_MODNAME "_span", SPAN_BYTES,
				       0, SLAB_HWCACHE_ALIGN | SLAB_NOLEAKTRACE, NULL);
	return span_cache ? 0 : -ENOMEM;
}

void tcslab_chunk_exit(void)
{
	kmem_cache_destroy(span_cache);
}
