/* SPDX-License-Identifier: GPL-2.0 */
/* The heaps of modules that are built with -DTCSLAB_SLAB_HEAP, see <linux/tcslab_slab_heap.h>. */
#ifndef TCSLAB_SLAB_HEAP_OF_MODULES_H
#define TCSLAB_SLAB_HEAP_OF_MODULES_H

struct tcslab_quota;
struct tcslab_slab_owner;

/* What the caches of @owner count for; NULL for nobody, or without memory.  Task context. */
struct tcslab_quota *tcslab_slab_quota(struct tcslab_slab_owner *owner);

int tcslab_slab_heap_init(void);
void tcslab_slab_heap_exit(void);

#endif /* TCSLAB_SLAB_HEAP_OF_MODULES_H */
