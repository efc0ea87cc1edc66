// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's slab API through <linux/tcslab_slab.h>: whose memory comes from which
 * call.  How it is freed is in tcslab_test_slab_free.c.
 */
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/string.h>

#include <linux/tcslab_slab.h>
#include "context_test.h"
#include "slab_objects.h"

#define BULK	20

static void construct(void *obj)
{
	((struct thing *)obj)->number = 4711;
}

static bool zeroed(const void *obj, size_t size)
{
	return !memchr_inv(obj, 0, size);
}

/* ---------------------------------------------------------------- named caches */

/* Everything there is to do with a cache, and whose its objects are. */
static void use_cache(const char *what, struct kmem_cache *s, bool wanted, bool zero)
{
	void *objs[BULK], *one, *two, *three;
	bool good = true;
	size_t i, got;

	if (!context_check(s, "%s: is created", what))
		return;
	one = kmem_cache_alloc(s, GFP_KERNEL);
	two = kmem_cache_alloc_node(s, GFP_KERNEL, numa_mem_id());
	three = zero ? kmem_cache_zalloc(s, GFP_KERNEL) : kmem_cache_alloc(s, GFP_KERNEL);
	got = kmem_cache_alloc_bulk(s, GFP_KERNEL, BULK, objs);
	context_check(one && two && three && got && ours(one) == wanted && ours(two) == wanted &&
		      ours(three) == wanted && ours(objs[BULK - 1]) == wanted,
		      "%s: objects are %s", what, wanted ? "tcslab's" : "the kernel's");
	if (zero)
		good = zeroed(three, kmem_cache_size(s));
	for (i = 0; got && i < BULK; i++)
		memset(objs[i], i, sizeof(u64));
	context_check(good && kmem_cache_size(s) >= sizeof(struct thing), "%s: sizes", what);
	kmem_cache_free(s, one);
	kmem_cache_free(s, two);
	kfree(three);
	if (got)
		kmem_cache_free_bulk(s, BULK, objs);
	kmem_cache_shrink(s);
	if (wanted)
		context_check(!in_use(tcslab_slab_cache(s)), "%s: nothing in use", what);
	kmem_cache_destroy(s);
}

static void caches(void)
{
	struct kmem_cache *s;
	struct thing *thing;

	use_cache("five arguments",
		  kmem_cache_create("slab_five", sizeof(struct thing), 64,
				    SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT | SLAB_RECLAIM_ACCOUNT, NULL),
		  true, true);
	use_cache("usercopy",
		  kmem_cache_create_usercopy("slab_usercopy", sizeof(struct thing), 0, 0,
					     offsetof(struct thing, text), 80, NULL), true, true);
	use_cache("KMEM_CACHE", KMEM_CACHE(thing, SLAB_PANIC), true, true);
	use_cache("KMEM_CACHE_USERCOPY", KMEM_CACHE_USERCOPY(thing, 0, text), true, true);
	use_cache("type-safe by RCU",
		  kmem_cache_create("slab_rcu", sizeof(struct thing), 0, SLAB_TYPESAFE_BY_RCU,
				    NULL), true, true);
	use_cache("aligned more than a page",
		  kmem_cache_create("slab_aligned", sizeof(struct thing), 2 * PAGE_SIZE, 0, NULL),
		  false, true);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	struct kmem_cache_args args = { .align = 128 };

	s = kmem_cache_create("slab_args", sizeof(struct thing), &args, 0);
	thing = s ? kmem_cache_alloc(s, GFP_KERNEL) : NULL;
	context_check(thing && IS_ALIGNED((unsigned long)thing, 128), "arguments: aligned");
	if (thing)
		kmem_cache_free(s, thing);
	use_cache("arguments", s, true, true);
	use_cache("no arguments", kmem_cache_create("slab_null", sizeof(struct thing), NULL, 0),
		  true, true);
#endif
	use_cache("too large for tcslab",
		  kmem_cache_create("slab_large", 2 * TCSLAB_MAX_CLASS_SIZE, 0, 0, NULL),
		  false, true);
	use_cache("native", tcslab_native_kmem_cache_create("slab_native", sizeof(struct thing), 0,
							    0, NULL), false, true);
	s = kmem_cache_create("slab_ctor", sizeof(struct thing), 0, 0, construct);
	thing = s ? kmem_cache_alloc(s, GFP_KERNEL) : NULL;
	context_check(thing && thing->number == 4711, "constructor: has run");
	if (thing)
		kmem_cache_free(s, thing);
	kmem_cache_destroy(s);
	kmem_cache_destroy(NULL);
}

/* ---------------------------------------------------------- general allocation */

static void check_kmalloc(const char *what, void *obj, size_t size, bool zero)
{
	context_check(obj && ours(obj) && ksize(obj) >= size && (!zero || zeroed(obj, size)),
		      "%s", what);
	kfree(obj);
}

/* What a size is rounded up to is what an object of that size has, and of no other class. */
static void roundups(void)
{
	unsigned int bad = 0;
	size_t size;

	for (size = 1; size <= 2 * TCSLAB_MAX_CLASS_SIZE; size += size / 8 + 1) {
		size_t good = kmalloc_size_roundup(size);
		void *one = kmalloc(size, GFP_KERNEL), *two = kmalloc(good, GFP_KERNEL);

		bad += ksize(one) != good || ksize(two) != good ||
		       tcslab_size_class(size) != tcslab_size_class(good);
		kfree(one);
		kfree(two);
	}
	context_check(!bad, "kmalloc_size_roundup: %u of no class", bad);
}

static void kmallocs(void)
{
	check_kmalloc("kmalloc", kmalloc(100, GFP_KERNEL), 100, false);
	check_kmalloc("kmalloc, large", kmalloc(100000, GFP_KERNEL), 100000, false);
	check_kmalloc("kmalloc, GFP_DMA", kmalloc(100, GFP_KERNEL | GFP_DMA), 100, false);
	check_kmalloc("kzalloc", kzalloc(100, GFP_KERNEL), 100, true);
	check_kmalloc("kcalloc", kcalloc(10, 100, GFP_KERNEL), 1000, true);
	check_kmalloc("kmalloc_array", kmalloc_array(10, 100, GFP_KERNEL), 1000, false);
	check_kmalloc("kmalloc_node", kmalloc_node(100, GFP_KERNEL, NUMA_NO_NODE), 100, false);
	check_kmalloc("kmalloc_node of a node that is not there",
		      kmalloc_node(100, GFP_KERNEL, nr_node_ids), 100, false);
	check_kmalloc("kzalloc_node", kzalloc_node(100, GFP_KERNEL, numa_mem_id()), 100, true);
	check_kmalloc("kmalloc_array_node", kmalloc_array_node(10, 100, GFP_KERNEL, NUMA_NO_NODE),
		      1000, false);
	check_kmalloc("kcalloc_node", kcalloc_node(10, 100, GFP_KERNEL, NUMA_NO_NODE), 1000, true);
	check_kmalloc("kmalloc_track_caller", kmalloc_track_caller(100, GFP_KERNEL), 100, false);
	check_kmalloc("kmalloc_node_track_caller",
		      kmalloc_node_track_caller(100, GFP_KERNEL, NUMA_NO_NODE), 100, false);
	check_kmalloc("kvmalloc", kvmalloc(100, GFP_KERNEL), 100, false);
	check_kmalloc("kvzalloc", kvzalloc(10000, GFP_KERNEL), 10000, true);
	check_kmalloc("kvcalloc", kvcalloc(10, 100, GFP_KERNEL), 1000, true);
	check_kmalloc("kvmalloc_array", kvmalloc_array(10, 100, GFP_KERNEL), 1000, false);
	check_kmalloc("kmemdup", kmemdup("0123456789", 11, GFP_KERNEL), 11, false);
	check_kmalloc("kmemdup_nul", kmemdup_nul("0123456789", 4, GFP_KERNEL), 5, false);
	check_kmalloc("kstrdup", kstrdup("0123456789", GFP_KERNEL), 11, false);
	check_kmalloc("kstrndup", kstrndup("0123456789", 4, GFP_KERNEL), 5, false);
#ifdef kmalloc_obj
	struct thing *thing;

	check_kmalloc("kmalloc_obj", kmalloc_obj(*thing, GFP_KERNEL), sizeof(*thing), false);
	check_kmalloc("kzalloc_obj", kzalloc_obj(*thing, GFP_KERNEL), sizeof(*thing), true);
	check_kmalloc("kmalloc_objs", kmalloc_objs(*thing, 3, GFP_KERNEL), 3 * sizeof(*thing),
		      false);
#endif
	context_check(!kmalloc_array(SIZE_MAX / 2, 4, GFP_KERNEL) &&
		      !kvmalloc_array(SIZE_MAX / 2, 4, GFP_KERNEL),
		      "overflowing arrays are refused");
	context_check(ZERO_OR_NULL_PTR(kmalloc(0, GFP_KERNEL)), "kmalloc of nothing");
	context_check(kmalloc_size_roundup(0) == 0, "kmalloc_size_roundup of nothing");
	roundups();
}

/* What kmalloc() says since 6.12, and did before; single pages between, or luck keeps it. */
static void kmalloc_alignment_of(size_t size)
{
	static void *objs[100], *between[100];
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(objs); i++) {
		objs[i] = kmalloc(size, GFP_KERNEL);
		between[i] = kmalloc(PAGE_SIZE, GFP_KERNEL);
		bad += !objs[i] || !IS_ALIGNED((unsigned long)objs[i], size & -size);
	}
	context_check(!bad, "kmalloc(%zu): %u of 100 not aligned to %zu", size, bad, size & -size);
	kfree_bulk(ARRAY_SIZE(objs), objs);
	kfree_bulk(ARRAY_SIZE(between), between);
}

static void kmalloc_alignment(void)
{
	void *heap[12];
	unsigned int i;

	/* The larger the heap, the more fits into a chunk. */
	for (i = 0; i < ARRAY_SIZE(heap); i++)
		heap[i] = kmalloc(SZ_2M, GFP_KERNEL);
	kmalloc_alignment_of(8192);
	kmalloc_alignment_of(24576);
	kmalloc_alignment_of(49152);
	kmalloc_alignment_of(57344);
	kmalloc_alignment_of(98304);
	kfree_bulk(ARRAY_SIZE(heap), heap);
}

static void copies(void)
{
	char *a = kmemdup_nul("0123456789", 4, GFP_KERNEL), *b = kstrdup("text", GFP_KERNEL);
	char *c = kstrndup("0123456789", 4, GFP_KERNEL), *d = kmemdup("0123", 5, GFP_KERNEL);

	context_check(a && b && c && d && !strcmp(a, "0123") && !strcmp(b, "text") &&
		      !strcmp(c, "0123") && !strcmp(d, "0123"), "duplicates have the content");
	context_check(!kstrdup(NULL, GFP_KERNEL) && !kmemdup_nul(NULL, 1, GFP_KERNEL),
		      "duplicates of nothing");
	kfree(a);
	kfree_const(b);
	kvfree(c);
	kfree_sensitive(d);
}

static void reallocs(void)
{
	u8 *obj = kmalloc(100, GFP_KERNEL), *native = tcslab_native_kmalloc(100, GFP_KERNEL);
	u8 *larger, *less;

	if (!context_check(obj && native, "two objects to resize"))
		return;
	memset(obj, 1, 100);
	memset(native, 1, 100);
	larger = krealloc(obj, 1000, GFP_KERNEL | __GFP_ZERO);
	if (!context_check(larger && ours(larger) && !memchr_inv(larger, 1, 100),
			   "krealloc: content moves along"))
		return;
	memset(larger, 1, 1000);
	less = krealloc_array(larger, 30, 30, GFP_KERNEL | __GFP_ZERO);
	larger = less ? krealloc(less, 950, GFP_KERNEL | __GFP_ZERO) : NULL;
	context_check(larger && zeroed(larger + 900, 50),
		      "krealloc: nothing old beyond a smaller size");
	context_check(krealloc(larger, 0, GFP_KERNEL) == ZERO_SIZE_PTR, "krealloc: to nothing");
	larger = krealloc(native, 1000, GFP_KERNEL);
	context_check(larger && !ours(larger) && !memchr_inv(larger, 1, 100),
		      "krealloc: the kernel's stays the kernel's");
	context_check(ksize(larger) >= 1000, "ksize: of the kernel's");
	kfree_sensitive(larger);
}

/* As kmalloc() aligns, whether it stays where it is or not. */
static void krealloc_aligned(void)
{
	unsigned int bad = 0, i;
	void *objs[64];

	for (i = 0; i < ARRAY_SIZE(objs); i++) {
		objs[i] = krealloc(kmalloc(4096 + 512 * (i / 8), GFP_KERNEL), 4096, GFP_KERNEL);
		bad += !PAGE_ALIGNED(objs[i]);
	}
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		kfree(objs[i]);
	context_check(!bad, "krealloc: to a page, %u of %zu are not aligned", bad,
		      ARRAY_SIZE(objs));
}

static void kvreallocs(void)
{
	u8 *obj = kvmalloc(100, GFP_KERNEL);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	OPTIMIZER_HIDE_VAR(obj);	/* of which FORTIFY_SOURCE allows only 100 bytes */
	if (obj)
		memset(obj, 1, ksize(obj));
	obj = kvrealloc(obj, 100, 104, GFP_KERNEL | __GFP_ZERO);
	context_check(obj && zeroed(obj + 100, 4), "kvrealloc: clears from the old size on");
#endif
	kvfree(obj);
	obj = kvmalloc(1000, GFP_KERNEL);
	if (obj)
		memset(obj, 1, 1000);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	obj = kvrealloc(obj, SZ_1M, GFP_KERNEL);
#else
	obj = kvrealloc(obj, 1000, SZ_1M, GFP_KERNEL);
#endif
	context_check(obj && !ours(obj) && !memchr_inv(obj, 1, 1000),
		      "kvrealloc: large memory is the kernel's");
	kvfree(obj);
	obj = kvmalloc(SZ_1M, GFP_KERNEL);
	context_check(obj && !ours(obj), "kvmalloc: large memory is the kernel's");
	kvfree_sensitive(obj, SZ_1M);
}

/* Run in a memory cgroup: nothing of ours is charged, what is the kernel's may be. */
static void charges(void)
{
	void *obj = kmalloc(PAGE_SIZE, GFP_KERNEL), *native = kstrdup("theirs", GFP_KERNEL);
	bool bare = true;

	context_check(obj && kmem_cache_charge(obj, GFP_KERNEL), "charging an object of ours");
#ifdef CONFIG_MEMCG
	bare = !virt_to_page(obj)->memcg_data;
#endif
	context_check(bare, "it is not charged");
	context_check(native && kmem_cache_charge(native, GFP_KERNEL),
		      "charging one of the kernel's");
	kfree(native);
	kfree(obj);
}

static void mempools(void)
{
	struct kmem_cache *s = KMEM_CACHE(thing, 0);
	mempool_t *pool = mempool_create_slab_pool(4, s);
	void *obj;

	obj = pool ? mempool_alloc(pool, GFP_KERNEL) : NULL;
	context_check(obj && ours(obj), "mempool of a cache: objects are tcslab's");
	if (obj)
		mempool_free(obj, pool);
	mempool_destroy(pool);
	context_check(!in_use(tcslab_slab_cache(s)), "mempool of a cache: nothing in use");
	kmem_cache_destroy(s);
	pool = mempool_create_kmalloc_pool(4, 200);
	obj = pool ? mempool_alloc(pool, GFP_KERNEL) : NULL;
	context_check(obj && ours(obj) && ksize(obj) >= 200, "mempool of kmalloc: is tcslab's");
	if (obj)
		mempool_free(obj, pool);
	mempool_destroy(pool);
}

/* More than two pages each time, without a word from the page allocator. */
static void nofail(void)
{
	struct kmem_cache *s = kmem_cache_create("slab_nofail", 20000, 0, 0, NULL);
	void *objs[BULK];
	int i, n = 0;

	if (!context_check(s, "a cache of spans of several pages"))
		return;
	for (i = 0; i < BULK; i++) {
		objs[i] = kmem_cache_alloc(s, GFP_NOFS | __GFP_NOFAIL);
		n += !!objs[i];
	}
	context_check(n == BULK, "__GFP_NOFAIL");
	for (i = 0; i < BULK; i++)
		kmem_cache_free(s, objs[i]);
	kmem_cache_destroy(s);
}

static int __init test_slab_init(void)
{
	caches();
	kmallocs();
	kmalloc_alignment();
	copies();
	reallocs();
	krealloc_aligned();
	kvreallocs();
	charges();
	mempools();
	nofail();
	context_plan();
	return 0;
}

static void __exit test_slab_exit(void)
{
}

module_init(test_slab_init);
module_exit(test_slab_exit);

MODULE_DESCRIPTION("tcslab test: the kernel's slab API");
MODULE_LICENSE("GPL");
