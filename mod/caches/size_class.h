/* SPDX-License-Identifier: GPL-2.0 */
/* Size classes: which sizes there are and how a span of one size is cut. */
#ifndef TCSLAB_SIZE_CLASS_H
#define TCSLAB_SIZE_CLASS_H

#include <linux/align.h>
#include <linux/mm.h>
#include <linux/types.h>

void tcslab_size_class_init(void);

/* Bytes per object of a class, 1 to TCSLAB_NR_CLASSES - 1. */
unsigned int tcslab_class_size(unsigned int class);

/*
 * kmalloc()'s promise: an object is aligned to the largest power of two that divides its
 * size.  So many pages for its span; a page is by itself.
 */
static inline unsigned int tcslab_span_align(size_t size)
{
	return max_t(size_t, 1, (size & -size) >> PAGE_SHIFT);
}

/*
 * Does an object of @old bytes stay where it is when it is to have @size?  Not if that would waste
 * half of it, nor where one of @size would be more aligned.
 */
static inline bool tcslab_stays_in_place(const void *obj, size_t old, size_t size)
{
	return size <= old && size >= old / 2 && IS_ALIGNED((unsigned long)obj, size & -size);
}

/* Pages per span for objects of @size bytes: fewest with a small tail. */
unsigned int tcslab_span_pages(unsigned int size);

#endif /* TCSLAB_SIZE_CLASS_H */
