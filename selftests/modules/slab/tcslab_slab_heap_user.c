// SPDX-License-Identifier: GPL-2.0
/* A module that is built with -DTCSLAB_SLAB_HEAP: it holds, loses and frees what it is told to. */
#include <linux/module.h>
#include <linux/slab.h>

#include "tcslab_test_slab_heap.h"

#define SIZE	100
#define MOST	64

static unsigned int objects;
module_param(objects, uint, 0444);
MODULE_PARM_DESC(objects, "that it holds until it goes");

static unsigned int lose;
module_param(lose, uint, 0444);
MODULE_PARM_DESC(lose, "of them are not freed");

static bool fails;
module_param(fails, bool, 0444);
MODULE_PARM_DESC(fails, "the load fails");

static unsigned long bytes;
module_param(bytes, ulong, 0444);
MODULE_PARM_DESC(bytes, "that the objects take, to be read");

static void *held[MOST];
static const void *kept;

void tcslab_test_heap_stats(struct tcslab_heap_stats *stats)
{
	tcslab_heap_stats(tcslab_slab_owner.heap, stats);
}
EXPORT_SYMBOL_GPL(tcslab_test_heap_stats);

void *tcslab_test_heap_take(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}
EXPORT_SYMBOL_GPL(tcslab_test_heap_take);

void tcslab_test_heap_give(const void *obj)
{
	kfree(obj);
}
EXPORT_SYMBOL_GPL(tcslab_test_heap_give);

void tcslab_test_heap_keep(const void *obj)
{
	kept = obj;
}
EXPORT_SYMBOL_GPL(tcslab_test_heap_keep);

static void free_held(void)
{
	unsigned int i;

	for (i = lose; i < objects; i++)
		kfree(held[i]);
	kfree(kept);
}

static int __init user_init(void)
{
	unsigned int i;

	objects = min_t(unsigned int, objects, MOST);
	lose = min(lose, objects);
	for (i = 0; i < objects; i++)
		held[i] = kmalloc(SIZE, GFP_KERNEL);
	bytes = objects * tcslab_good_size(SIZE);
	if (!fails)
		return 0;
	free_held();
	return -EINVAL;
}

static void __exit user_exit(void)
{
	free_held();
}

module_init(user_init);
module_exit(user_exit);

MODULE_DESCRIPTION("tcslab test: a module with a heap of its own");
MODULE_LICENSE("GPL");
