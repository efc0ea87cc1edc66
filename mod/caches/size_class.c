// SPDX-License-Identifier: GPL-2.0
/*
 * Size classes
 *
 * The sizes come from scripts/gen_size_classes.py, which also prints and checks
 * what they waste; the idea of classes between the powers of two is TCMalloc's,
 * the form of the table Go's.  The two look-up tables are filled at load.
 *
 * Where devices are not coherent the kernel's DMA code takes a buffer for aligned to the
 * cache line if kmalloc() of its size would be, without a look at its address, and
 * bounces all others (dma_kmalloc_size_aligned()).  So there a size for which kmalloc()'s
 * would be aligned gets a class that is a multiple of the line, and spans begin at
 * pages.  Elsewhere the line is 1 and the tables are as they were generated.
 */
#include <linux/align.h>
#include <linux/cache.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <linux/tcslab.h>
#include "size_class.h"

u8 tcslab_class_small[TCSLAB_NR_SMALL_STEPS] __ro_after_init;
EXPORT_SYMBOL_GPL(tcslab_class_small);
u8 tcslab_class_medium[TCSLAB_NR_MEDIUM_STEPS] __ro_after_init;
EXPORT_SYMBOL_GPL(tcslab_class_medium);

static unsigned int class_sizes[TCSLAB_NR_CLASSES] __ro_after_init;

unsigned int tcslab_class_size(unsigned int class)
{
	return class_sizes[class];
}

unsigned int tcslab_span_pages(unsigned int size)
{
	unsigned int best = 0, best_tail = 0, pages;

	for (pages = DIV_ROUND_UP(size, PAGE_SIZE); pages <= TCSLAB_MAX_SPAN_PAGES; pages++) {
		unsigned int tail = pages * PAGE_SIZE % size;

		if (tail * 32 <= pages * PAGE_SIZE)
			return pages;
		if (!best || tail * best < best_tail * pages) {
			best = pages;
			best_tail = tail;
		}
	}
	/* Longer than any class, with what its cache adds to an object: one in a span. */
	return best ?: DIV_ROUND_UP(size, PAGE_SIZE);
}

/* The largest class is a power of two, so there is always one. */
static unsigned int __init class_of(unsigned int size)
{
	unsigned int class = tcslab_size_class_const(size), line = dma_get_cache_alignment();

	if (size && IS_ALIGNED(kmalloc_size_roundup(size), line))
		while (!IS_ALIGNED(class_sizes[class], line))
			class++;
	return class;
}

void __init tcslab_size_class_init(void)
{
	unsigned int size, i;

	BUILD_BUG_ON(TCSLAB_NR_CLASSES > 256);
	/* The size of a class is the last one that maps to it, and a multiple of 8. */
	for (size = 8; size <= TCSLAB_MAX_CLASS_SIZE; size += 8)
		class_sizes[tcslab_size_class_const(size)] = size;
	/* kmalloc()'s sizes change at the ends of steps, too. */
	for (i = 0; i < TCSLAB_NR_SMALL_STEPS; i++)
		tcslab_class_small[i] = class_of(i * 8);
	for (i = 0; i < TCSLAB_NR_MEDIUM_STEPS; i++)
		tcslab_class_medium[i] = class_of(TCSLAB_MAX_SMALL_SIZE + i * 128);
}
