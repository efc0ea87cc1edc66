// SPDX-License-Identifier: GPL-2.0
/*
 * The look-up tables of size classes on machines that the lab does not have: the code of
 * mod/caches/size_class.c with another cache line for DMA, and with the kernel's kmalloc() as it
 * is where small objects cannot be bounced
 */
#include <linux/cache.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "context_test.h"

static unsigned int cache_line;	/* that the machine is said to have */
static bool bounces;		/* what of kmalloc() is not aligned to it */

static size_t roundup_as_kernel(size_t size)
{
	size_t rounded = kmalloc_size_roundup(size);

	if (bounces || size > PAGE_SIZE)
		return rounded;
	return kmalloc_size_roundup(ALIGN(size, cache_line));
}

#undef dma_get_cache_alignment
#define dma_get_cache_alignment()	cache_line
#define kmalloc_size_roundup		roundup_as_kernel
/* A second set of what is exported. */
#define tcslab_class_small		test_class_small
#define tcslab_class_medium		test_class_medium
#include "caches/size_class.c"

/* The checks of dma_kmalloc_size_aligned(), which believes in them without looking. */
static bool taken_for_aligned(size_t size)
{
	return size >= 2 * max_t(size_t, cache_line, sizeof(u64)) ||
	       IS_ALIGNED(roundup_as_kernel(size), cache_line);
}

static void __init check_tables(unsigned int bytes, bool small_bounce)
{
	unsigned int small = 0, unaligned = 0, unnatural = 0, loose = 0, last = 0;
	size_t size;

	cache_line = bytes;
	bounces = small_bounce;
	tcslab_size_class_init();
	for (size = 1; size <= TCSLAB_MAX_CLASS_SIZE; size++) {
		unsigned int class;
		size_t has;

		OPTIMIZER_HIDE_VAR(size);	/* as on such a machine, no constant */
		class = tcslab_size_class(size);
		has = class ? tcslab_class_size(class) : 0;
		small += has < size || class < last;
		unaligned += taken_for_aligned(size) && !IS_ALIGNED(has, cache_line);
		unnatural += !IS_ALIGNED(has, size & -size);
		/* No more than that takes. */
		loose += class > 1 && tcslab_class_size(class - 1) >= size &&
			 IS_ALIGNED(tcslab_class_size(class - 1), cache_line);
		last = class;
	}
	context_check(!small && !unaligned && !unnatural && !loose,
		      "lines of %u%s: small %u, not aligned %u, not natural %u, too large %u",
		      cache_line, bounces ? "" : " without bouncing",
		      small, unaligned, unnatural, loose);
}

static int __init classes_init(void)
{
	unsigned int bytes;

	/* Those of x86 are as the generated ones. */
	check_tables(1, true);
	for (bytes = 16; bytes <= 128; bytes *= 2) {
		check_tables(bytes, true);
		check_tables(bytes, false);
	}
	context_plan();
	return 0;
}

static void __exit classes_exit(void)
{
}

module_init(classes_init);
module_exit(classes_exit);

MODULE_DESCRIPTION("tcslab test: size classes where devices are not coherent");
MODULE_LICENSE("GPL");
