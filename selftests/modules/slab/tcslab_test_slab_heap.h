/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of two modules with heaps of their own call of each other. */
#ifndef TCSLAB_TEST_SLAB_HEAP_H
#define TCSLAB_TEST_SLAB_HEAP_H

#include <linux/tcslab_heap.h>

/* The second file of the first module. */
void *slab_heap_other_alloc(size_t size);
void *slab_heap_other_copy(const char *text);
void slab_heap_other_free(const void *obj);

/* The other module: its heap, memory of it; it frees what it is given, at once or in the end. */
void tcslab_test_heap_stats(struct tcslab_heap_stats *stats);
void *tcslab_test_heap_take(size_t size);
void tcslab_test_heap_give(const void *obj);
void tcslab_test_heap_keep(const void *obj);

#endif /* TCSLAB_TEST_SLAB_HEAP_H */
