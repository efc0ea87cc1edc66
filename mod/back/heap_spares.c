// SPDX-License-Identifier: GPL-2.0
/*
 * Structures that a page heap has at hand, with which spans are split
 *
 * No lock is held where the kernel's allocator is called.
 */
#include <linux/gfp.h>

#include "base/lock.h"
#include "heap.h"

#define SPLIT_SPARES		3	/* structures for a split and a bitmap */

bool tcslab_heap_add_spares(struct tcslab_page_heap *heap, gfp_t gfp)
{
	struct tcslab_span *spare[SPLIT_SPARES];
	unsigned long flags;
	unsigned int i, n;

	if (!tcslab_may_call_kernel(gfp))
		return false;
	for (n = 0; n < SPLIT_SPARES; n++) {
		spare[n] = tcslab_span_new(gfp);
		if (!spare[n])
			break;
	}
	tcslab_lock_irqsave(&heap->lock, flags);
	for (i = 0; i < n; i++)
		tcslab_heap_put_spare(heap, spare[i]);
	tcslab_unlock_irqrestore(&heap->lock, flags);
	return n == SPLIT_SPARES;
}

void tcslab_heap_trim_spares(struct tcslab_page_heap *heap, unsigned int keep)
{
	struct tcslab_span *span;
	unsigned long flags;

	do {
		span = NULL;
		tcslab_lock_irqsave(&heap->lock, flags);
		if (heap->nr_spares > keep)
			span = tcslab_heap_take_spare(heap);
		tcslab_unlock_irqrestore(&heap->lock, flags);
		if (span)
			tcslab_span_delete(span);
	} while (span);
}
