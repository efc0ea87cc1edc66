// SPDX-License-Identifier: GPL-2.0
/* The middle tier on the back tier, with nobody above: see tcslab_test_back_main.c */
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/module.h>

#include "base/shadow_pages.h"
#include "middle/central.h"
#include "middle/park.h"
#include "tiers.h"

#define SIZE	96
#define MANY	4096
#define LIMIT	8	/* pages */

static struct tcslab_cache cache;
static void *objs[MANY];
static unsigned int came_back, nr_deferred;
static struct tcslab_span *deferred[MANY];

static void note_came_back(struct tcslab_cache *which)
{
	came_back += which == &cache;
}

static void note_deferred(struct tcslab_span *span)
{
	if (nr_deferred < MANY)
		deferred[nr_deferred++] = span;
}

static void free_large(const void *obj)
{
}

static const struct tcslab_central_hooks central_hooks = {
	.came_back = note_came_back, .defer = note_deferred, .free_large = free_large,
};

static bool __init make(const char *what, unsigned int flags, unsigned long limit_pages)
{
	memset(&cache, 0, sizeof(cache));
	strscpy(cache.name, what, sizeof(cache.name));
	set_geometry(&cache, SIZE, 3);
	cache.flags = flags;
	cache.limit_pages = limit_pages;
	/* Somebody may wait: whoever it is, the hook is asked. */
	cache.waiting = (struct tcslab_waiting *)&cache;
	came_back = 0;
	nr_deferred = 0;
	return context_check(!tcslab_central_init(&cache, GFP_KERNEL), "%s", what);
}

/* As far as it goes, from what is there and else from a new span. */
static unsigned int __init take(void)
{
	unsigned int n = 0;
	void *obj;

	while (n < MANY) {
		if (!tcslab_central_alloc(&cache, first_memory_node, &obj, 1)) {
			obj = grow(&cache, first_memory_node);
			if (IS_ERR(obj))
				break;
		}
		/* What the caches above do for KASAN. */
		tcslab_shadow_open_pages(obj, SIZE);
		*(unsigned int *)obj = n;
		objs[n++] = obj;
	}
	return n;
}

/* Those from number @i on of the first @n. */
static void __init give(unsigned int i, unsigned int n)
{
	for (; i < n; i += cache.batch)
		tcslab_central_free(&cache, first_memory_node, objs + i,
				    min(n - i, cache.batch), 0);
}

static void __init one_cache(void)
{
	struct tcslab_cache_stats stats = { .size = SIZE };
	unsigned int n, i, wrong = 0;
	void *obj;

	if (!make("objects", 0, 0))
		return;
	context_check(!tcslab_central_alloc(&cache, first_memory_node, &obj, 1),
		      "nothing is there at first");
	n = take();
	for (i = 0; i < n; i++)
		wrong += *(unsigned int *)objs[i] != i || !tcslab_central_owns(&cache, objs[i]) ||
			 tcslab_central_owns(&cache, objs[i] + 8) ||
			 tcslab_object_around(objs[i] + SIZE - 1) != objs[i];
	context_check(n == MANY && !wrong, "%u objects, %u are wrong", n, wrong);
	give(0, n);
	tcslab_central_stats(&cache, &stats);
	context_check(stats.transfer_cached && stats.transfer_cached + stats.central_free ==
		      (stats.held_bytes - stats.tail_bytes) / SIZE,
		      "freed, %lu are in the transfer cache, %lu in spans", stats.transfer_cached,
		      stats.central_free);
	tcslab_central_drain(&cache);
	tcslab_central_stats(&cache, &stats);
	context_check(!stats.spans && !atomic_long_read(&cache.span_pages_held),
		      "drained, no span is left");
	tcslab_central_exit(&cache);
}

static void __init at_limit(void)
{
	unsigned int n, before;

	if (!make("a limit", 0, LIMIT))
		return;
	n = take();
	context_check(n && n <= LIMIT * PAGE_SIZE / SIZE &&
		      atomic_long_read(&cache.span_pages_held) == LIMIT,
		      "%u objects in %u pages, and no more", n, LIMIT);
	context_check(grow(&cache, first_memory_node) == ERR_PTR(-EDQUOT), "refused for the limit");
	before = came_back;
	give(0, 1);
	context_check(came_back > before, "who waits is told of what comes back");
	give(1, n);
	tcslab_central_drain(&cache);
	context_check(!tcslab_central_in_hands(&cache), "nothing is in anybody's hands");
	tcslab_central_exit(&cache);
}

static void __init after_grace(void)
{
	unsigned int n, i;

	if (!make("type-safe objects", TCSLAB_TYPESAFE_BY_RCU, 0))
		return;
	n = take();
	give(0, n);
	tcslab_central_drain(&cache);
	context_check(nr_deferred && atomic_long_read(&cache.span_pages_held) ==
		      tcslab_central_in_hands(&cache),
		      "%u empty spans wait for a grace period", nr_deferred);
	for (i = 0; i < nr_deferred; i++)
		tcslab_central_release_now(deferred[i]);
	context_check(!atomic_long_read(&cache.span_pages_held), "and go after it");
	tcslab_central_exit(&cache);
}

static int __init middle_init(void)
{
	tcslab_central_set_hooks(&central_hooks);
	tcslab_park_init();
	if (begin_back()) {
		one_cache();
		at_limit();
		after_grace();
		end_back();
	}
	context_plan();
	return 0;
}

static void __exit middle_exit(void)
{
}

module_init(middle_init);
module_exit(middle_exit);

MODULE_DESCRIPTION("tcslab test: the middle tier without those above");
MODULE_LICENSE("GPL");
