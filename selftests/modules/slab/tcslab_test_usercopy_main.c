// SPDX-License-Identifier: GPL-2.0
/*
 * Copies to and from user space, of objects of tcslab and of SLUB: which are refused
 *
 * This is built as a module is that was not written for tcslab.  Each copy is made by a thread of
 * its own, which dies if it is refused; it has no user space to copy to, which
 * is noticed after that.  With SLUB the same is to happen.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "context_test.h"
#include "tcslab_test_usercopy.h"

enum way { TO_USER, FROM_USER, TO_ITER, STRING };

static const char * const ways[] = { "to user", "from user", "to an iterator", "as a string" };

/* One copy: @n bytes at @offset of the object. */
struct copy {
	const char *what;
	enum way way;
	unsigned int object;
	unsigned long offset, n;
	bool refused;
};

static const struct copy copies[] = {
	{ "the part", TO_USER, PARTLY, FROM, PART, false },
	{ "the part", FROM_USER, PARTLY, FROM, PART, false },
	{ "its end", TO_USER, PARTLY, FROM + PART - 1, 1, false },
	{ "a byte before it", TO_USER, PARTLY, FROM - 1, 1, true },
	{ "a byte before it", FROM_USER, PARTLY, FROM - 1, 1, true },
	{ "a byte more", TO_USER, PARTLY, FROM, PART + 1, true },
	{ "a byte more", TO_ITER, PARTLY, FROM, PART + 1, true },
	{ "a byte behind it", STRING, PARTLY, FROM + PART, 1, true },
	{ "all of it", TO_USER, PARTLY, 0, SIZE, true },
	{ "where nothing may", TO_USER, NOWHERE, 0, 1, true },
	{ "where nothing may", FROM_USER, NOWHERE, 100, 8, true },
	{ "general, all", TO_USER, GENERAL, 0, SIZE, false },
	{ "general, the end", FROM_USER, GENERAL, SIZE - 1, 1, false },
	{ "general, beyond", TO_USER, GENERAL, 8, 2 * SIZE, true },
	{ "general, beyond", STRING, GENERAL, 100, 2 * SIZE, true },
	{ "large, all", TO_USER, LARGE_ONE, 0, LARGE, false },
	{ "large, inside", TO_USER, LARGE_ONE, LARGE / 2, 1000, false },
	{ "large, beyond", TO_USER, LARGE_ONE, LARGE / 2, LARGE, true },
};

static u8 *objects[NR_OBJECTS];
static u8 other[LARGE];

/* Through variables that the compiler does not see through: what it knows is not looked at. */
static noinline int copy(void *data)
{
	const struct copy *one = data;
	u8 *p = objects[one->object] + one->offset;
	void __user *user = (void __user *)PAGE_SIZE;
	unsigned long n = one->n;
	struct iov_iter iter;
	struct kvec vec = { other, sizeof(other) };

	OPTIMIZER_HIDE_VAR(n);
	switch (one->way) {
	case TO_USER:
		n = copy_to_user(user, p, n);
		break;
	case FROM_USER:
		n = copy_from_user(p, user, n);
		break;
	case TO_ITER:
		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, sizeof(other));
		n = copy_to_iter(p, n, &iter);
		break;
	case STRING:
		n = strncpy_from_user(p, user, n);
		break;
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static bool dies(const struct copy *one)
{
	struct task_struct *task = kthread_create(copy, (void *)one, "tcslab_copy");
	unsigned int tries;
	bool died;

	if (IS_ERR(task))
		return false;
	get_task_struct(task);
	wake_up_process(task);
	for (tries = 0; tries < 20 && !READ_ONCE(task->exit_state); tries++)
		msleep(20);
	died = READ_ONCE(task->exit_state);
	if (!died)
		kthread_stop(task);
	put_task_struct(task);
	return died;
}

static void make_all(const char *side)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(copies); i++) {
		const struct copy *one = &copies[i];

		context_check(dies(one) == one->refused, "%s: %s, %s: %s", side, one->what,
			      ways[one->way], one->refused ? "refused" : "copied");
	}
}

static bool ours(const void *obj)
{
	return tcslab_cache_of(obj);
}

/* What may be copied arrives. */
static void round_trip(void)
{
	unsigned long at = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, 0);
	unsigned long n = SIZE;

	OPTIMIZER_HIDE_VAR(n);
	memset(objects[GENERAL], 0x77, SIZE);
	context_check(!IS_ERR_VALUE(at) && !copy_to_user((void __user *)at, objects[GENERAL], n),
		      "copied to user space");
	memset(objects[GENERAL], 0, SIZE);
	context_check(!copy_from_user(objects[GENERAL], (void __user *)at, n) &&
		      context_filled(objects[GENERAL], 0x77, SIZE), "and back");
	vm_munmap(at, PAGE_SIZE);
}

static int __init usercopy_init(void)
{
	struct kmem_cache *partly, *nowhere;

	partly = kmem_cache_create_usercopy("usercopy-partly", SIZE, 0, 0, FROM, PART, NULL);
	nowhere = kmem_cache_create("usercopy-nowhere", SIZE, 0, 0, NULL);
	objects[PARTLY] = kmem_cache_zalloc(partly, GFP_KERNEL);
	objects[NOWHERE] = kmem_cache_zalloc(nowhere, GFP_KERNEL);
	objects[GENERAL] = kzalloc(SIZE, GFP_KERNEL);
	objects[LARGE_ONE] = kzalloc(LARGE, GFP_KERNEL);
	context_check(ours(objects[PARTLY]) && ours(objects[GENERAL]), "objects of tcslab");
	make_all("tcslab");
	round_trip();
	kmem_cache_free(partly, objects[PARTLY]);
	kmem_cache_free(nowhere, objects[NOWHERE]);
	kfree(objects[GENERAL]);
	kfree(objects[LARGE_ONE]);
	kmem_cache_destroy(partly);
	kmem_cache_destroy(nowhere);

	usercopy_native_make(objects);
	make_all("SLUB");
	usercopy_native_end(objects);
	context_plan();
	return 0;
}

static void __exit usercopy_exit(void)
{
}

module_init(usercopy_init);
module_exit(usercopy_exit);

MODULE_DESCRIPTION("tcslab test: copies to and from user space");
MODULE_LICENSE("GPL");
