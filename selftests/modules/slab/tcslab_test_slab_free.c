// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's slab API through <linux/tcslab_slab.h>: every way to free takes memory of
 * either kind, tcslab's and the kernel's
 */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/vmalloc.h>
#ifdef CONFIG_KEYS
#include <keys/user-type.h>
#include <linux/key-type.h>
#endif
#ifdef CONFIG_CRYPTO_HASH
#include <crypto/internal/hash.h>
#endif

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

/* What of the module's the core frees by a function that it is told: @call gets such objects. */
static void freed_by(const char *what, size_t size, void (*call)(void *obj))
{
	void *obj = kzalloc(size, GFP_KERNEL), *native = tcslab_native_kzalloc(size, GFP_KERNEL);
	struct tcslab_cache *cache = cache_for(obj, size);
	unsigned long before;

	if (!context_check(cache && native, "%s: objects to free", what))
		return;
	before = in_use(cache) - 1;
	call(obj);
	rcu_barrier();
	context_check(in_use(cache) == before, "%s: %lu in use, %lu before", what, in_use(cache),
		      before);
	call(native);
}

static void by_link(void *obj)
{
	struct delayed_call done;

	set_delayed_call(&done, kfree_link, obj);
	do_delayed_call(&done);
}

static void by_string_array(void *obj)
{
	char **array = kcalloc(2, sizeof(*array), GFP_KERNEL);

	if (!array)
		return;
	array[0] = obj;
	kfree_strarray(array, 2);
	kfree_strarray(NULL, 2);
}

static void by_bitmap(void *obj)
{
	bitmap_free(obj);
}

static void by_seq_file(void *obj)
{
	static const struct seq_operations none;
	int (*release)(struct inode *inode, struct file *file) = seq_release_private;
	struct file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (file && !seq_open(file, &none)) {
		((struct seq_file *)file->private_data)->private = obj;
		release(NULL, file);
	}
	kfree(file);
}

#ifdef CONFIG_KEYS
static void by_key(void *obj)
{
	void (*destroy)(struct key *key) = user_destroy;
	struct key *key = kzalloc(sizeof(*key), GFP_KERNEL);

	if (key) {
		key->payload.data[0] = obj;
		destroy(key);
	}
	kfree(key);
}

static void by_revoked_key(void *obj)
{
	void (*revoke)(struct key *key) = user_revoke;
	struct key *key = kzalloc(sizeof(*key), GFP_KERNEL);

	if (key) {
		init_rwsem(&key->sem);
		down_write(&key->sem);
		rcu_assign_keypointer(key, obj);
		revoke(key);
		up_write(&key->sem);
	}
	kfree(key);
}

static void by_preparsed_key(void *obj)
{
	void (*free_preparse)(struct key_preparsed_payload *prep) = user_free_preparse;
	struct key_preparsed_payload prep = { .payload.data[0] = obj };

	free_preparse(&prep);
}
#endif

#ifdef CONFIG_CRYPTO_HASH
static void by_instance(void *obj)
{
	struct shash_instance *inst = obj;	/* of nothing: it has no algorithm to let go of */

	inst->free = shash_free_singlespawn_instance;
	inst->free(inst);
}

/* Older kernels have no name for this; to the mapping it does not matter. */
static void by_async_instance(void *obj)
{
	struct ahash_instance *inst = obj;

	inst->free = ahash_free_singlespawn_instance;
	inst->free(inst);
}
#endif

static void freed_by_callbacks(void)
{
	freed_by("kfree_link", 3000, by_link);
	freed_by("kfree_strarray", 3000, by_string_array);
	freed_by("bitmap_free", 3000, by_bitmap);
	freed_by("seq_release_private", 3000, by_seq_file);
#ifdef CONFIG_KEYS
	freed_by("user_destroy", 3000, by_key);
	freed_by("user_revoke", 3000, by_revoked_key);
	freed_by("user_free_preparse", 3000, by_preparsed_key);
#endif
#ifdef CONFIG_CRYPTO_HASH
	freed_by("shash_free_singlespawn_instance",
		 sizeof(struct shash_instance) + sizeof(struct crypto_shash_spawn) + 1000,
		 by_instance);
	freed_by("ahash_free_singlespawn_instance",
		 sizeof(struct ahash_instance) + sizeof(struct crypto_ahash_spawn) + 1000,
		 by_async_instance);
#endif
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
