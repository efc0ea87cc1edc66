// SPDX-License-Identifier: GPL-2.0
/* An object of tcslab's goes to the kernel's own kfree(); and a flag that nobody knows. */
#include <linux/module.h>

#include <linux/tcslab_slab.h>
#include "context_test.h"

#define CROSSINGS	3

static void cross(void)
{
	struct tcslab_cache_stats before, after;
	struct tcslab_cache *cache;
	void *objs[CROSSINGS];
	int i;

	for (i = 0; i < CROSSINGS; i++)
		objs[i] = kmalloc(700, GFP_KERNEL);
	cache = tcslab_general[tcslab_size_class(700)];
	if (!context_check(tcslab_cache_of(objs[0]), "an object of tcslab"))
		return;
	tcslab_cache_stats(cache, &before);
	for (i = 0; i < CROSSINGS; i++)
		tcslab_native_kfree(objs[i]);
	tcslab_cache_stats(cache, &after);
	context_check(after.in_use == before.in_use - CROSSINGS, "%lu of %lu in use after crossing",
		      after.in_use, before.in_use);
}

static int __init test_border_init(void)
{
	/* Not a constant, or it would not compile. */
	slab_flags_t flags = TCSLAB_SLAB_FLAGS;

	OPTIMIZER_HIDE_VAR(flags);
	flags = (__force slab_flags_t)~(__force unsigned int)flags;
	context_check(!kmem_cache_create("slab_unknown", 100, 0, flags, NULL),
		      "unknown flags make no cache");
	cross();
	context_plan();
	return 0;
}

static void __exit test_border_exit(void)
{
}

module_init(test_border_init);
module_exit(test_border_exit);

MODULE_DESCRIPTION("tcslab test: the border of tcslab_slab.h");
MODULE_LICENSE("GPL");
