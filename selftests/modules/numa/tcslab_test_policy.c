// SPDX-License-Identifier: GPL-2.0
/* Where new memory of the task that loads this module comes from; it goes again. */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define MANY	600

static uint nodes = 1;
module_param(nodes, uint, 0444);
MODULE_PARM_DESC(nodes, "those that all of it must be from, and each of them some: a bit for each");

static bool full;
module_param(full, bool, 0444);
MODULE_PARM_DESC(full, "the task is bound to node 1, which is to be full");

static void *objs[MANY];

/* The nodes of all of them. */
static unsigned int seen(unsigned int n, unsigned int of_each[2])
{
	unsigned int bits = 0, i;

	of_each[0] = 0;
	of_each[1] = 0;
	for (i = 0; i < n; i++) {
		if (!objs[i])
			return 0;
		of_each[page_to_nid(virt_to_page(objs[i])) & 1]++;
		bits |= 1 << page_to_nid(virt_to_page(objs[i]));
		tcslab_free(objs[i]);
	}
	return bits;
}

/* ------------------------------------------------------------- a full node */

static LIST_HEAD(filling);

static void fill_node(int node)
{
	const gfp_t gfp = __GFP_THISNODE | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC;
	struct page *page;
	int order;

	for (order = 9; order >= 0; order--) {
		while ((page = alloc_pages_node(node, gfp, order))) {
			set_page_private(page, order);
			list_add(&page->lru, &filling);
			cond_resched();
		}
	}
}

static void empty_node(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &filling, lru) {
		unsigned int order = page_private(page);

		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
	}
}

/* How many of @n came from node 0; *@missing did not come. */
static unsigned int strayed(void *(*alloc)(void *arg, gfp_t gfp),
			    void (*free)(void *arg, void *obj), void *arg, gfp_t gfp,
			    unsigned int n, unsigned int *missing)
{
	unsigned int away = 0, i;

	*missing = 0;
	for (i = 0; i < n; i++) {
		objs[i] = alloc(arg, gfp | __GFP_NOWARN);
		*missing += !objs[i];
		away += objs[i] && !page_to_nid(virt_to_page(objs[i]));
	}
	while (i--)
		if (objs[i])
			free(arg, objs[i]);
	return away;
}

static void *our_small(void *arg, gfp_t gfp)
{
	return tcslab_cache_alloc(arg, gfp);
}

static void *our_large(void *arg, gfp_t gfp)
{
	return tcslab_alloc(SZ_64K, gfp);
}

static void our_free(void *arg, void *obj)
{
	tcslab_free(obj);
}

static void *their_small(void *arg, gfp_t gfp)
{
	return kmem_cache_alloc(arg, gfp);
}

static void their_small_free(void *arg, void *obj)
{
	kmem_cache_free(arg, obj);
}

static void *their_large(void *arg, gfp_t gfp)
{
	return kmalloc(SZ_64K, gfp);
}

static void their_large_free(void *arg, void *obj)
{
	kfree(obj);
}

static void on_full_node(struct tcslab_cache *ours, struct kmem_cache *theirs, const char *name,
			 gfp_t gfp, bool strict)
{
	unsigned int large = MANY / 10, a, b, no_a, no_b;

	tcslab_trim();
	a = strayed(our_small, our_free, ours, gfp, MANY, &no_a);
	b = strayed(their_small, their_small_free, theirs, gfp, MANY, &no_b);
	context_check(strict ? !a : !no_a || no_b,
		      "%s, small: %u from the other node, %u missing (SLUB: %u, %u)", name,
		      a, no_a, b, no_b);
	tcslab_trim();
	a = strayed(our_large, our_free, NULL, gfp, large, &no_a);
	b = strayed(their_large, their_large_free, NULL, gfp, large, &no_b);
	context_check(strict ? !a : !no_a || no_b,
		      "%s, large: %u from the other node, %u missing (kmalloc: %u, %u)", name,
		      a, no_a, b, no_b);
}

/* So that SLUB merges it with no other. */
static void construct(void *obj)
{
}

/* Who is bound gets memory of his node or none, but for GFP_ATOMIC, as with SLUB. */
static int __init full_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(504);
	struct kmem_cache *theirs = kmem_cache_create("policy_full", 504, 0, 0, construct);
	struct tcslab_cache *ours = tcslab_cache_create("policy_full", &args);

	if (!theirs || IS_ERR(ours))
		return -ENOMEM;
	fill_node(1);
	on_full_node(ours, theirs, "GFP_NOWAIT", GFP_NOWAIT, true);
	on_full_node(ours, theirs, "GFP_KERNEL once", GFP_KERNEL | __GFP_NORETRY, true);
	on_full_node(ours, theirs, "GFP_ATOMIC", GFP_ATOMIC, false);
	empty_node();
	tcslab_cache_destroy(ours);
	kmem_cache_destroy(theirs);
	return 0;
}

static int __init policy_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(500);
	unsigned int small, large, i, n[2];
	struct tcslab_cache *cache;

	if (full)
		return full_init();
	cache = tcslab_cache_create("policy", &args);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	tcslab_trim();
	for (i = 0; i < MANY; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	small = seen(MANY, n);
	context_check(small == nodes, "small objects: %u and %u", n[0], n[1]);
	for (i = 0; i < MANY / 10; i++)
		objs[i] = tcslab_alloc(SZ_64K, GFP_KERNEL);
	large = seen(MANY / 10, n);
	context_check(large == nodes, "large objects: %u and %u", n[0], n[1]);
	tcslab_cache_destroy(cache);
	return small == nodes && large == nodes ? 0 : -EINVAL;
}

static void __exit policy_exit(void)
{
}

module_init(policy_init);
module_exit(policy_exit);

MODULE_DESCRIPTION("tcslab test: policy of a task");
MODULE_LICENSE("GPL");
