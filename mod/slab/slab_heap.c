// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps of modules: made by their first allocation, ended when they go
 *
 * The first allocation may come from several CPUs at once and from any context.  So each who finds
 * no heap makes one, the first to write the module's pointer has won, and the others' go again.
 * The pointer is written once; who reads it finds all of the heap.
 *
 * The notifier comes after the module's exit, or after its init has failed: then nobody of it
 * allocates any more.  What frees by RCU is waited for.  What is still in use is reported,
 * and its heap stays as one that was left: nothing new comes into it, others may free what is
 * in it, and when another module goes it is looked at again.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>

#include <linux/tcslab_slab_api.h>

#include "base/window.h"
#include "caches/heap.h"
#include "slab_heap.h"

/* Where there is none the kernel is asked once, as hard as the caller would, and not loudly. */
static struct tcslab_heap *make(struct tcslab_slab_owner *owner, gfp_t gfp)
{
	gfp_t once = (gfp & (GFP_KERNEL | __GFP_HIGH)) | __GFP_NORETRY | __GFP_NOWARN;
	struct tcslab_heap *heap, *first = &tcslab_no_heap;

	if (tcslab_window_fails("slab-heap"))
		return NULL;
	heap = tcslab_heap_make(owner->module->name, once);
	if (!heap)
		return NULL;
	heap->owner = owner->module;
	if (!try_cmpxchg(&owner->heap, &first, heap)) {
		kfree(heap);
		return first;
	}
	tcslab_heap_add(heap);
	return heap;
}

/* Or NULL. */
static struct tcslab_heap *heap_of(struct tcslab_slab_owner *owner, gfp_t gfp)
{
	struct tcslab_heap *heap = smp_load_acquire(&owner->heap);	/* see make() */

	return likely(heap != &tcslab_no_heap) ? heap : make(owner, gfp);
}

/* In the heap, as soon as there is one. */
static void count_elsewhere(struct tcslab_slab_owner *owner)
{
	struct tcslab_heap *heap;

	atomic_long_inc(&owner->elsewhere);
	heap = smp_load_acquire(&owner->heap);		/* see make() */
	if (heap != &tcslab_no_heap)
		atomic_long_add(atomic_long_xchg(&owner->elsewhere, 0), &heap->elsewhere);
}

static void *alloc_of(struct tcslab_slab_owner *owner, size_t size, gfp_t gfp, int node)
{
	struct tcslab_heap *heap;
	void *obj;

	if (gfp & GFP_ZONEMASK)
		return NULL;
	heap = heap_of(owner, gfp);
	if (!heap)
		return NULL;
	obj = tcslab_heap_alloc_node(heap, size, gfp, node);
	if (unlikely(atomic_long_read(&owner->elsewhere)))
		atomic_long_add(atomic_long_xchg(&owner->elsewhere, 0), &heap->elsewhere);
	return obj;
}

/**
 * tcslab_slab_alloc_of() - kmalloc_node() for a module that may have a heap
 * @owner: the module, or NULL
 * @size: bytes
 * @gfp: as for kmalloc()
 * @node: node id or NUMA_NO_NODE
 *
 * Context: as tcslab_alloc().
 * Return: as tcslab_alloc_node().
 */
void *tcslab_slab_alloc_of(struct tcslab_slab_owner *owner, size_t size, gfp_t gfp, int node)
{
	void *obj = owner ? alloc_of(owner, size, gfp, node) : NULL;

	if (likely(obj))
		return obj;
	obj = tcslab_alloc_node(size, gfp, node);
	if (owner && obj)
		count_elsewhere(owner);
	return obj;
}
EXPORT_SYMBOL_GPL(tcslab_slab_alloc_of);

/**
 * tcslab_slab_kvalloc_of() - kvmalloc_node() for a module that may have a heap
 * @owner: the module, or NULL
 * @size: bytes
 * @gfp: as for kvmalloc()
 * @node: node id or NUMA_NO_NODE
 *
 * See tcslab_slab_kvmalloc_node().
 *
 * Context: as kvmalloc().
 * Return: as kvmalloc().
 */
void *tcslab_slab_kvalloc_of(struct tcslab_slab_owner *owner, size_t size, gfp_t gfp, int node)
{
	gfp_t once = gfp;
	void *obj = NULL;

	node = tcslab_slab_node(node);
	if (size > PAGE_SIZE)
		once = (gfp & ~__GFP_NOFAIL) | __GFP_NORETRY | __GFP_NOWARN;
	if (size <= TCSLAB_MAX_CLASS_SIZE)
		obj = tcslab_slab_alloc_of(owner, size, once, node);
	if (obj)
		return obj;
	obj = kvmalloc_node(size, gfp, node);
	if (owner && obj)
		count_elsewhere(owner);
	return obj;
}
EXPORT_SYMBOL_GPL(tcslab_slab_kvalloc_of);

struct tcslab_quota *tcslab_slab_quota(struct tcslab_slab_owner *owner)
{
	struct tcslab_heap *heap = owner ? heap_of(owner, GFP_KERNEL) : NULL;

	return heap ? &heap->quota : NULL;
}

static int module_changes(struct notifier_block *self, unsigned long state, void *module)
{
	if (state == MODULE_STATE_GOING)
		tcslab_heap_owner_goes(module);
	return NOTIFY_DONE;
}

static struct notifier_block modules = { .notifier_call = module_changes };

int __init tcslab_slab_heap_init(void)
{
	return register_module_notifier(&modules);
}

void tcslab_slab_heap_exit(void)
{
	unregister_module_notifier(&modules);
}
