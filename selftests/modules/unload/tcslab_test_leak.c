// SPDX-License-Identifier: GPL-2.0
/* A user that loses objects: one in 50 of those of all sizes, some large ones, some of its cache */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include <linux/tcslab.h>
#include <linux/tcslab_slab_api.h>

#define EACH	200	/* of each size */
#define LOST	50	/* one in so many */

static bool general = true;
module_param(general, bool, 0444);
MODULE_PARM_DESC(general, "lose objects of all sizes");

static unsigned int named;
module_param(named, uint, 0444);
MODULE_PARM_DESC(named, "objects of a cache with a constructor that are lost");

static bool notes;
module_param(notes, bool, 0444);
MODULE_PARM_DESC(notes, "note who allocated them, as the drop-in header does with border=1");

static struct tcslab_cache *cache;
static unsigned long lost;

static void lose_some(size_t size)
{
	void *objs[EACH];
	unsigned int i;

	for (i = 0; i < EACH; i++) {
		objs[i] = tcslab_alloc(size, GFP_KERNEL);
		if (notes)
			tcslab_border_note_here(objs[i]);
	}
	for (i = 0; i < EACH; i++) {
		if (i % LOST)
			tcslab_free(objs[i]);
		else
			lost++;
	}
}

static void construct(void *obj)
{
	memset(obj, 0xc7, 64);
}

static int __init leak_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(64);
	size_t size;
	unsigned int i;

	args.ctor = construct;
	cache = tcslab_cache_create("leaky", &args);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	for (i = 0; i < named; i++)
		tcslab_cache_alloc(cache, GFP_KERNEL);
	for (size = 8; general && size <= 4096; size += 8)
		lose_some(size);
	if (general) {
		tcslab_alloc(SZ_64K, GFP_KERNEL);
		tcslab_alloc(SZ_1M, GFP_KERNEL);
		lost += 2;
	}
	pr_notice("tcslab-leak: lost %lu\n", lost);
	return 0;
}

static void __exit leak_exit(void)
{
	tcslab_cache_destroy(cache);
}

module_init(leak_init);
module_exit(leak_exit);

MODULE_DESCRIPTION("tcslab test: a user that loses objects");
MODULE_LICENSE("GPL");
