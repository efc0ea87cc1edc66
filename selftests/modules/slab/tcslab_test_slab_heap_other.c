// SPDX-License-Identifier: GPL-2.0
/* The second file of a module that is built with -DTCSLAB_SLAB_HEAP: the heap is that of all. */
#include <linux/slab.h>
#include <linux/string.h>

#include "tcslab_test_slab_heap.h"

void *slab_heap_other_alloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

void *slab_heap_other_copy(const char *text)
{
	return kstrdup(text, GFP_KERNEL);
}

void slab_heap_other_free(const void *obj)
{
	kfree(obj);
}
