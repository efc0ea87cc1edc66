// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes with guarded objects
 *
 * Each is made with the kernel's own API, which tcslab_slab.h maps, or with that of tcslab, for
 * which the names below stand.  In the module's init it is made so often that enough guarded
 * objects have met with it, and an access that would kill goes by an instruction whose fault is
 * caught: how many there were is printed.  What is found at a call the test counts in the
 * statistics.
 *
 * With oops=1 one is made as it comes, in a thread of its own, which dies of it.
 */
#include <linux/delay.h>
#include <linux/kmemleak.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "context_test.h"

#ifndef _LINUX_TCSLAB_SLAB_H
#include <linux/tcslab.h>
#undef kmalloc
#undef kmem_cache_alloc
#undef kfree
#define kmem_cache		tcslab_cache
#define kmalloc(size, gfp)	tcslab_alloc(size, gfp)
#define kfree(obj)		tcslab_free(obj)
#define kmem_cache_alloc(s, gfp)	tcslab_cache_alloc(s, gfp)
#define kmem_cache_free(s, obj)	tcslab_cache_free(s, obj)
#define kmem_cache_destroy(s)	tcslab_cache_destroy(s)

static struct tcslab_cache *make_cache(const char *name, size_t size)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(size);
	struct tcslab_cache *cache = tcslab_cache_create(name, &args);

	return IS_ERR(cache) ? NULL : cache;
}
#else
static struct kmem_cache *make_cache(const char *name, size_t size)
{
	return kmem_cache_create(name, size, 0, 0, NULL);
}
#endif

static char *mistake = "none";
module_param(mistake, charp, 0400);
MODULE_PARM_DESC(mistake, "which one");

static unsigned int size = 64;
module_param(size, uint, 0400);
MODULE_PARM_DESC(size, "of an object");

static bool named;
module_param(named, bool, 0400);
MODULE_PARM_DESC(named, "of a named cache");

static unsigned int wanted = 50;
module_param(wanted, uint, 0400);
MODULE_PARM_DESC(wanted, "guarded objects to meet with");

static bool oops;
module_param(oops, bool, 0400);
MODULE_PARM_DESC(oops, "once, and die of it");

#define MOST_RUNS	100000000	/* of which some 50 000 are needed */
#define MANY		200	/* other objects */

static struct kmem_cache *cache;

static u8 *alloc(void)
{
	return named ? kmem_cache_alloc(cache, GFP_KERNEL) : kmalloc(size, GFP_KERNEL);
}

static void give_back(u8 *obj)
{
	if (named)
		kmem_cache_free(cache, obj);
	else
		kfree(obj);
}

/* ------------------------------------------------------------------- accesses */

/* True if it faulted. */
static bool read_faults(const u8 *p)
{
	u8 byte;

	__get_kernel_nofault(&byte, p, u8, fault);
	return false;
fault:
	return true;
}

static bool write_faults(u8 *p)
{
	u8 byte = 0x5b;

	__put_kernel_nofault(p, &byte, u8, fault);
	return false;
fault:
	return true;
}

static noinline bool reads(const u8 *p)
{
	if (!oops)
		return read_faults(p);
	return READ_ONCE(*p) == 0x5b;
}

static noinline bool writes(u8 *p)
{
	if (!oops)
		return write_faults(p);
	WRITE_ONCE(*p, 0x5b);
	return false;
}

/* Between two pages that are not there, which no other object is. */
static bool is_guarded(const u8 *obj)
{
	const u8 *page = PTR_ALIGN_DOWN(obj, PAGE_SIZE);

	return read_faults(page - 1) && read_faults(page + PAGE_SIZE);
}

/* ------------------------------------------------------------------- mistakes */

static bool none(u8 *obj)
{
	memset(obj, 0x11, size);
	give_back(obj);
	return false;
}

static bool read_right(u8 *obj)
{
	bool seen = reads(obj + size);

	give_back(obj);
	return seen;
}

static bool write_right(u8 *obj)
{
	bool seen = writes(obj + size);

	give_back(obj);
	return seen;
}

static bool read_left(u8 *obj)
{
	bool seen = reads(obj - 1);

	give_back(obj);
	return seen;
}

static bool write_left(u8 *obj)
{
	bool seen = writes(obj - 1);

	give_back(obj);
	return seen;
}

static bool read_freed(u8 *obj)
{
	give_back(obj);
	return reads(obj);
}

static bool write_freed(u8 *obj)
{
	give_back(obj);
	return writes(obj + size / 2);
}

static void use_others(void)
{
	int i;

	for (i = 0; i < MANY; i++) {
		u8 *other = alloc();

		if (other)
			give_back(other);
	}
}

static bool write_freed_late(u8 *obj)
{
	give_back(obj);
	use_others();
	return writes(obj + size / 2);
}

static bool free_twice(u8 *obj)
{
	give_back(obj);
	give_back(obj);
	return false;
}

static bool free_twice_late(u8 *obj)
{
	give_back(obj);
	use_others();
	give_back(obj);
	return false;
}

static bool free_inside(u8 *obj)
{
	give_back(obj + 8);
	give_back(obj);
	return false;
}

/*
 * A kind of mistake by its name as a parameter: makes it, and frees the object; true if it
 * faulted.
 */
static const struct kind {
	const char *name;
	bool (*make)(u8 *obj);
} kinds[] = {
	{ "none", none },
	{ "read_right", read_right },
	{ "write_right", write_right },
	{ "read_left", read_left },
	{ "write_left", write_left },
	{ "read_freed", read_freed },
	{ "write_freed", write_freed },
	{ "write_freed_late", write_freed_late },
	{ "free_twice", free_twice },
	{ "free_twice_late", free_twice_late },
	{ "free_inside", free_inside },
};

/* -------------------------------------------------------------------- the test */

static void make_many(const struct kind *kind)
{
	unsigned int runs, guarded = 0, seen = 0;

	for (runs = 0; runs < MOST_RUNS && guarded < wanted; runs++) {
		u8 *obj = alloc();

		if (!obj)
			break;
		/* Elsewhere it would do harm. */
		if (!is_guarded(obj)) {
			give_back(obj);
			cond_resched();
			continue;
		}
		guarded++;
		seen += kind->make(obj);
	}
	pr_notice(CONTEXT_PREFIX "# %s %u bytes, %s: runs %u guarded %u faults %u\n",
		  kind->name, size, named ? "named" : "general", runs, guarded, seen);
}

static int make_mistake(void *arg)
{
	const struct kind *kind = arg;
	unsigned int runs;

	for (runs = 0; runs < MOST_RUNS; runs++) {
		u8 *obj = alloc();

		if (!obj)
			break;
		if (is_guarded(obj)) {
			kmemleak_not_leak(obj);	/* of who dies with it */
			kind->make(obj);	/* the other edge of the page does not fault */
		} else {
			give_back(obj);
		}
		cond_resched();
		if (kthread_should_stop())
			break;
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* The thread is gone, or lives after all. */
static void let_die(const struct kind *kind)
{
	struct task_struct *task = kthread_create(make_mistake, (void *)kind, "tcslab_mistake");
	unsigned int tries;
	int left;

	if (IS_ERR(task))
		return;
	get_task_struct(task);
	wake_up_process(task);
	for (tries = 0; tries < 3000 && !READ_ONCE(task->exit_state); tries++)
		msleep(20);
	left = task->exit_state ? 0 : kthread_stop(task);
	pr_notice(CONTEXT_PREFIX "# %s, %s: thread %s %d\n", kind->name,
		  named ? "named" : "general", task->exit_state ? "died" : "lived", left);
	put_task_struct(task);
}

static int __init guard_test_init(void)
{
	const struct kind *kind = kinds;

	while (kind < kinds + ARRAY_SIZE(kinds) && strcmp(kind->name, mistake))
		kind++;
	if (kind == kinds + ARRAY_SIZE(kinds))
		return -EINVAL;
	if (named)
		cache = make_cache("tcslab_test_guard", size);
	if (named && !cache)
		return -ENOMEM;
	if (oops)
		let_die(kind);
	else
		make_many(kind);
	return 0;
}

static void __exit guard_test_exit(void)
{
	kmem_cache_destroy(cache);
}

module_init(guard_test_init);
module_exit(guard_test_exit);

MODULE_DESCRIPTION("tcslab: mistakes with guarded objects");
MODULE_LICENSE("GPL");
