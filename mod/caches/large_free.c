// SPDX-License-Identifier: GPL-2.0
/*
 * Large objects: who they count for, and their free
 *
 * They have no cache, so who they count for stands in the span.  The list of his large objects is
 * under his lock; the rest of the span is its holder's.
 */
#include <linux/kernel.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "back/page_heap.h"
#include "base/charge.h"
#include "base/lock.h"
#include "debug/shadow.h"
#include "large.h"

void tcslab_large_note(struct tcslab_quota *quota, struct tcslab_span *span)
{
	unsigned long flags;

	span->quota = quota;
	if (!quota)
		return;
	tcslab_lock_irqsave(&quota->lock, flags);
	hlist_add_head(&span->link, &quota->large);
	quota->nr_large++;
	quota->large_pages += span->npages;
	tcslab_unlock_irqrestore(&quota->lock, flags);
}

static void forget(struct tcslab_quota *quota, struct tcslab_span *span)
{
	unsigned long flags;

	tcslab_lock_irqsave(&quota->lock, flags);
	hlist_del(&span->link);
	quota->nr_large--;
	quota->large_pages -= span->npages;
	tcslab_unlock_irqrestore(&quota->lock, flags);
}

void *tcslab_large_of(struct tcslab_quota *quota)
{
	struct tcslab_span *span;
	unsigned long flags;

	tcslab_lock_irqsave(&quota->lock, flags);
	span = hlist_entry_safe(quota->large.first, struct tcslab_span, link);
	tcslab_unlock_irqrestore(&quota->lock, flags);
	return span ? tcslab_span_base(span) : NULL;
}

void tcslab_large_free(const void *obj, struct tcslab_span *span)
{
	struct tcslab_quota *quota = span->quota;
	unsigned long npages = span->npages;

	kmemleak_free(obj);
	if (want_init_on_free())
		tcslab_shadow_clear((void *)obj, npages << PAGE_SHIFT);
	tcslab_shadow_close_pages(obj, npages << PAGE_SHIFT);
	if (quota)
		forget(quota, span);
	tcslab_page_heap_free(span);
	if (quota)
		tcslab_uncharge_quota(quota, npages);
}
