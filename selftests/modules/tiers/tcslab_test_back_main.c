// SPDX-License-Identifier: GPL-2.0
/*
 * The back tier alone: spans out of chunks, merged and given back, with nobody above
 *
 * tcslab.ko need not be loaded.  If it is, the two know nothing of each other.
 */
#include <linux/bitmap.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/workqueue.h>

#include "back/chunk.h"
#include "tiers.h"

#define MANY	512
#define STEPS	20000

static struct tcslab_cache cache;
static struct tcslab_span *spans[MANY];

static struct tcslab_span *__init alloc(enum tcslab_zone zone, unsigned int npages,
					unsigned int align)
{
	return tcslab_page_heap_alloc(&cache, zone, TCSLAB_SPAN_LARGE, npages, align, GFP_KERNEL,
				      first_memory_node);
}

static void __init get_sums(struct tcslab_page_heap_stats *stats)
{
	tcslab_page_heap_stats(first_memory_node, TCSLAB_ZONE_NORMAL, stats);
}

/* Is the page map as span.h says, and the span where it was asked for? */
static bool __init is_right(const struct tcslab_span *span, unsigned int npages,
			    unsigned int align)
{
	const struct page *last = span->page + span->npages - 1;

	return span->npages == npages && IS_ALIGNED(page_to_pfn(span->page), align) &&
	       tcslab_cache_of(tcslab_span_base(span)) == &cache &&
	       tcslab_page_span(span->page) == span && tcslab_page_span(last) == span &&
	       (npages == 1 || tcslab_is_stray(page_address(last)));
}

static void __init one_span(void)
{
	struct tcslab_page_heap_stats stats;
	struct tcslab_span *span = alloc(TCSLAB_ZONE_NORMAL, 3, 1);
	void *obj;

	if (!context_check(span, "a span of 3 pages"))
		return;
	obj = tcslab_span_base(span);
	get_sums(&stats);
	context_check(woken && is_right(span, 3, 1), "for which the heap has grown");
	context_check(stats.chunks == 1 && stats.large_pages == 3 &&
		      stats.held_pages == stats.large_pages + stats.free_pages,
		      "the books: %lu pages are held, %lu free", stats.held_pages,
		      stats.free_pages);
	tcslab_page_heap_free(span);
	get_sums(&stats);
	context_check(stats.free_chunks == 1 && stats.free_spans == 1 && tcslab_is_stray(obj),
		      "freed it is part of its chunk again");
}

/* Any lengths and alignments in any order: none lies on another, and in the end all are merged. */
static void __init at_random(void)
{
	struct tcslab_page_heap_stats stats;
	unsigned int step, wrong = 0, overlaps = 0, i;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 20);
	for (step = 0; step < STEPS; step++) {
		unsigned int n = prandom_u32_state(&rnd) % MANY;
		unsigned int npages = prandom_u32_state(&rnd) % 24 + 1;
		unsigned int align = 1 << prandom_u32_state(&rnd) % 4;

		if (spans[n]) {
			/* Each has written its number to all of its pages. */
			for (i = 0; i < spans[n]->npages; i++)
				overlaps += *(int *)page_address(spans[n]->page + i) != n;
			tcslab_page_heap_free(spans[n]);
			spans[n] = NULL;
			continue;
		}
		spans[n] = alloc(TCSLAB_ZONE_NORMAL, npages, align);
		if (!spans[n] || !is_right(spans[n], npages, align)) {
			wrong++;
			continue;
		}
		for (i = 0; i < npages; i++)
			*(int *)page_address(spans[n]->page + i) = n;
		if (step % 256 == 0)
			cond_resched();
	}
	context_check(!wrong && !overlaps, "%u steps: %u spans are wrong, %u pages not theirs",
		      step, wrong, overlaps);
	for (i = 0; i < MANY; i++)
		if (spans[i])
			tcslab_page_heap_free(spans[i]);
	get_sums(&stats);
	context_check(!stats.large_spans && stats.free_spans == stats.chunks &&
		      stats.free_chunks == stats.chunks && stats.free_pages == stats.held_pages,
		      "freed they are %lu chunks, and as many spans", stats.chunks);
}

/* What many frees together have made too much, in two heaps, is looked after in both. */
static void __init catch_up(void)
{
	struct tcslab_page_heap_stats before[2], after[2];
	static const enum tcslab_zone zones[] = { TCSLAB_ZONE_NORMAL, TCSLAB_ZONE_DMA32 };
	struct tcslab_span *two[2];
	unsigned int i;

	tcslab_page_heap_release_all();
	for (i = 0; i < 2; i++) {
		two[i] = alloc(zones[i], SZ_128K / PAGE_SIZE, 1);
		if (!context_check(two[i], "a span of heap %u", i))
			return;
		tcslab_page_heap_stats(page_to_nid(two[i]->page), zones[i], &before[i]);
	}
	tcslab_page_heap_postpone();
	tcslab_page_heap_free(two[0]);
	tcslab_page_heap_free(two[1]);
	tcslab_page_heap_catch_up();
	for (i = 0; i < 2; i++)
		tcslab_page_heap_stats(first_memory_node, zones[i], &after[i]);
	/* On PREEMPT_RT it is for the background. */
	context_check(IS_ENABLED(CONFIG_PREEMPT_RT) ||
		      (after[0].released > before[0].released &&
		       after[1].released > before[1].released),
		      "what is too much goes, of both: %lu and %lu chunks",
		      after[0].released - before[0].released,
		      after[1].released - before[1].released);
}

static void __init at_limit(void)
{
	unsigned long pages = 64, refused = tcslab_hard_limit_refusals();
	unsigned int n;

	tcslab_page_heap_release_all();
	tcslab_hard_limit_bytes = pages * PAGE_SIZE;
	for (n = 0; n < MANY; n++) {
		spans[n] = alloc(TCSLAB_ZONE_NORMAL, 8, 1);
		if (!spans[n])
			break;
	}
	tcslab_note_refusal(8);
	context_check(n == pages / 8 && tcslab_held_pages() == pages &&
		      tcslab_hard_limit_refusals() == refused + 1,
		      "a limit of %lu pages: %u spans of 8, refused %lu times", pages, n,
		      tcslab_hard_limit_refusals() - refused);
	while (n--)
		tcslab_page_heap_free(spans[n]);
	tcslab_hard_limit_bytes = 0;
}

/* A chunk that counts, and that no heap knows, until it goes. */
static struct tcslab_span *in_hands;

static void let_it_go(struct work_struct *work)
{
	tcslab_chunk_free(in_hands);
}

/* At the limit who may wait does so for what somebody is just giving back. */
static void __init in_somebodys_hands(void)
{
	struct delayed_work later;
	struct tcslab_span *span;

	tcslab_page_heap_release_all();
	tcslab_hard_limit_bytes = SZ_128K;
	in_hands = tcslab_chunk_alloc(first_memory_node, TCSLAB_ZONE_NORMAL,
				      SZ_128K / PAGE_SIZE, 0, GFP_KERNEL);
	if (!context_check(in_hands, "all that the limit allows is in hands"))
		return;
	span = tcslab_page_heap_alloc(&cache, TCSLAB_ZONE_NORMAL, TCSLAB_SPAN_LARGE, 1, 1,
				      GFP_KERNEL | __GFP_NORETRY, first_memory_node);
	context_check(!span, "an attempt does not wait for it");
	INIT_DELAYED_WORK_ONSTACK(&later, let_it_go);
	schedule_delayed_work(&later, msecs_to_jiffies(100));
	span = alloc(TCSLAB_ZONE_NORMAL, 1, 1);
	context_check(span, "who may wait gets it");
	flush_delayed_work(&later);
	destroy_delayed_work_on_stack(&later);
	if (span)
		tcslab_page_heap_free(span);
	tcslab_hard_limit_bytes = 0;
}

static int __init back_init(void)
{
	set_geometry(&cache, PAGE_SIZE, 1);
	if (begin_back()) {
		one_span();
		at_random();
		catch_up();
		at_limit();
		in_somebodys_hands();
		end_back();
	}
	context_plan();
	return 0;
}

static void __exit back_exit(void)
{
}

module_init(back_init);
module_exit(back_exit);

MODULE_DESCRIPTION("tcslab test: the back tier alone");
MODULE_LICENSE("GPL");
