// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's slab API through <linux/tcslab_slab.h>: every way to free takes memory of
 * either kind, tcslab's and the kernel's
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <linux/tcslab_slab.h>
/* As in a file that the header comes before. */
#include <linux/crash_dump.h>
#include <linux/dma-fence-chain.h>
#include <linux/generic-radix-tree.h>
#include <linux/textsearch.h>
#include "context_test.h"
#include "slab_objects.h"

/* Each of these frees one object of @cache, or one of the kernel's. */
static void frees(void)
{
	void (*function)(const void *obj) = kfree;
	struct tcslab_cache *cache;
	unsigned long before;
	void *objs[3];
	int i;

	objs[0] = kmalloc(3000, GFP_KERNEL);
	cache = cache_for(objs[0], 3000);
	if (!context_check(cache, "an object to free"))
		return;
	before = in_use(cache) - 1;
	function(objs[0]);
	kfree_const(kmalloc(3000, GFP_KERNEL));
	kvfree(kmalloc(3000, GFP_KERNEL));
	kfree_sensitive(kmalloc(3000, GFP_KERNEL));
	kvfree_sensitive(kmalloc(3000, GFP_KERNEL), 3000);
	{
		void *one __free(kfree) = kmalloc(3000, GFP_KERNEL);

		context_check(ours(one), "__free(kfree): has ours");
	}
	{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
		void *one __free(kvfree) = kvmalloc(3000, GFP_KERNEL);

		context_check(ours(one), "__free(kvfree): has ours");
#endif
	}
	for (i = 0; i < 3; i++)
		objs[i] = i == 1 ? tcslab_native_kmalloc(3000, GFP_KERNEL) :
				   kmalloc(3000, GFP_KERNEL);
	kfree_bulk(3, objs);
	context_check(in_use(cache) == before, "%lu objects in use after each free, %lu before",
		      in_use(cache), before);
	/* The core's, which SLUB would complain about if they were taken for ours. */
	kfree(kasprintf(GFP_KERNEL, "%d", 1));
	kvfree(kasprintf(GFP_KERNEL, "%d", 1));
	kfree_const(kstrdup_const("rodata", GFP_KERNEL));
	kfree(tcslab_native_kmemdup("x", 1, GFP_KERNEL));
	kfree(tcslab_native_kstrdup("x", GFP_KERNEL));
	kfree(tcslab_native_kzalloc(1, GFP_KERNEL));
	kfree(tcslab_native_kcalloc(1, 1, GFP_KERNEL));
	kfree(NULL);
	kvfree(NULL);
	kfree(ZERO_SIZE_PTR);
}

static void theirs(const char *what, void *obj)
{
	context_check(obj && !ours(obj), "%s: the kernel's", what);
	kfree(obj);
}

/* What inline functions and macros of headers allocate and the core frees. */
static void freed_by_the_core(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0) && defined(CONFIG_CRASH_DUMP)
	LIST_HEAD(ranges);

	context_check(!vmcore_alloc_add_range(&ranges, 0, PAGE_SIZE) &&
		      !ours(list_first_entry(&ranges, struct vmcore_range, list)),
		      "vmcore_alloc_add_range: the kernel's");
	vmcore_free_ranges(&ranges);
#endif
	theirs("dma_fence_chain_alloc", dma_fence_chain_alloc());
	theirs("alloc_ts_config", alloc_ts_config(100, GFP_KERNEL));
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	theirs("genradix_alloc_node", genradix_alloc_node(GFP_KERNEL));
#endif
}

/* And what of the module's the core frees by a function that it is told. */
static void freed_by_callbacks(void)
{
	struct tcslab_cache *cache;
	struct delayed_call done;
	unsigned long before;
	void *link;

	link = kmalloc(3000, GFP_KERNEL);
	cache = cache_for(link, 3000);
	if (!context_check(cache, "a link to free"))
		return;
	before = in_use(cache) - 1;
	set_delayed_call(&done, kfree_link, link);
	do_delayed_call(&done);
	context_check(in_use(cache) == before, "kfree_link: %lu links in use, %lu before",
		      in_use(cache), before);
	set_delayed_call(&done, kfree_link, tcslab_native_kmalloc(3000, GFP_KERNEL));
	do_delayed_call(&done);
}

static void rcu(void)
{
	struct thing *thing = kmalloc(sizeof(*thing), GFP_KERNEL), *native, *large;
	struct tcslab_cache *cache = cache_for(thing, sizeof(*thing));
	unsigned long before;

	if (!context_check(cache, "an object to free later"))
		return;
	before = in_use(cache) - 1;
	kfree_rcu(thing, rcu);
	thing = kmalloc(sizeof(*thing), GFP_KERNEL);
	kvfree_rcu(thing, rcu);
	thing = kmalloc(sizeof(*thing), GFP_KERNEL);
	kfree_rcu_mightsleep(thing);
	thing = NULL;
	kfree_rcu(thing, rcu);
	native = tcslab_native_kmalloc(sizeof(*native), GFP_KERNEL);
	kfree_rcu(native, rcu);
	native = tcslab_native_kmalloc(sizeof(*native), GFP_KERNEL);
	kvfree_rcu_mightsleep(native);
	large = vmalloc(sizeof(*large));
	kvfree_rcu(large, rcu);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	kvfree_rcu_barrier();
#else
	thing = kmalloc(sizeof(*thing), GFP_KERNEL);
	kfree_rcu(thing);
	tcslab_rcu_barrier();
#endif
	context_check(in_use(cache) == before, "%lu objects in use after RCU, %lu before",
		      in_use(cache), before);
}

static int __init test_slab_free_init(void)
{
	frees();
	freed_by_the_core();
	freed_by_callbacks();
	rcu();
	context_plan();
	return 0;
}

static void __exit test_slab_free_exit(void)
{
}

module_init(test_slab_free_init);
module_exit(test_slab_free_exit);

MODULE_DESCRIPTION("tcslab test: the kernel's slab API, freeing");
MODULE_LICENSE("GPL");
