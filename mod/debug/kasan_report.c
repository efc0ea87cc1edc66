// SPDX-License-Identifier: GPL-2.0
/*
 * Behind a report of KASAN's: whose object it is about, and who used it last
 *
 *   tcslab: it is <n> bytes <where> object <pointer> of cache <name>, <size> bytes in <slot>, <is>
 *
 * and who allocated and freed it (kasan_users.c).
 */
#include <linux/kernel.h>
#include <linux/tracepoint.h>

#include <trace/events/error_report.h>

#include "back/span.h"
#include "kasan_report.h"
#include "kasan_users.h"
#include "shadow.h"

/* @addr is in page @page of @cache.  Nothing keeps the span, but KASAN has said what was wrong. */
static void tell_object(const struct tcslab_cache *cache, const struct page *page,
			const void *addr)
{
	const struct tcslab_span *span = tcslab_page_span(page);
	unsigned int index = tcslab_span_index(cache, addr - span->base);
	const void *obj = span->base + (size_t)index * cache->size;
	const void *end = tcslab_span_base(span) + ((size_t)span->npages << PAGE_SHIFT);
	size_t size = tcslab_shadow_size(obj, cache->object_size), offset = addr - obj;
	bool is_free = !size, right = !is_free && offset >= size;

	if (addr < span->base || obj + cache->size > end)
		return;
	pr_err("tcslab: it is %zu bytes %s object %p of cache %s, %zu bytes in %u, %s\n",
	       right ? offset - size : offset, right ? "right of" : "into", obj, cache->name,
	       size ?: cache->object_size, cache->size, is_free ? "free" : "in use");
	tcslab_kasan_tell_users(obj);
}

static void tell_large(const void *addr)
{
	const struct tcslab_span *span = tcslab_large_around(addr);
	size_t size, offset;

	if (!span)
		return;
	offset = addr - tcslab_span_base(span);
	size = tcslab_shadow_size(tcslab_span_base(span), (size_t)span->npages << PAGE_SHIFT);
	pr_err("tcslab: it is %zu bytes right of a large object %p, %zu bytes in %u pages\n",
	       offset - size, tcslab_span_base(span), size, span->npages);
}

static void tell(void *unused, enum error_detector detector, unsigned long addr)
{
	const void *at = (const void *)addr;
	const struct tcslab_cache *cache;
	struct page *page;

	if (detector != ERROR_DETECTOR_KASAN || !tcslab_find_page(at, &page))
		return;
	cache = (const struct tcslab_cache *)READ_ONCE(page->private);
	if (cache == tcslab_large_cache || cache == &tcslab_no_cache)
		tell_large(at);
	else if (cache)
		tell_object(cache, page, at);
}

int __init tcslab_kasan_report_init(void)
{
	int err = tcslab_kasan_users_init();

	if (err)
		return err;
	err = register_trace_error_report_end(tell, NULL);
	if (err)
		tcslab_kasan_users_exit();
	return err;
}

void tcslab_kasan_report_exit(void)
{
	unregister_trace_error_report_end(tell, NULL);
	tracepoint_synchronize_unregister();
	tcslab_kasan_users_exit();
}
