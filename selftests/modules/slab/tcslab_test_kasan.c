// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes on a kernel with KASAN, through <linux/tcslab.h> (who=api), <linux/tcslab_slab.h>
 * (who=slab) or SLUB (who=slub)
 *
 * What is said of them is in the log, between lines that begin with "mistakes:", and the shell
 * reads it.  Each is one access, of one byte, between "act" and "end", that does no harm: what is
 * written is what was there.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <linux/tcslab_heap.h>
#include <linux/tcslab_slab.h>

#include "context_test.h"
#include "subjects.h"

static char who[8] = "api";
module_param_string(who, who, sizeof(who), 0400);
MODULE_PARM_DESC(who, "api, slab or slub");

#define MANY	10000
#define LARGE	70000

static const struct subject *subject;
static void *of;		/* the cache that mistakes are made with */

static void begin_act(void)
{
	pr_notice("mistakes: act\n");
}

static noinline u8 reads(const u8 *p)
{
	return READ_ONCE(*p);
}

static noinline __no_sanitize_address u8 looks(const u8 *p)
{
	return READ_ONCE(*p);
}

static noinline void writes(u8 *p)
{
	WRITE_ONCE(*p, looks(p));
}

static u8 *named(void)
{
	return subject->cache_alloc(of);
}

static void free_named(void *obj)
{
	subject->cache_free(of, obj);
}

/* ------------------------------------------------------------------- beside it */

static void read_at(u8 *obj, long offset, bool is_named)
{
	begin_act();
	reads(obj + offset);
	pr_notice("mistakes: end\n");
	if (is_named)
		free_named(obj);
	else
		subject->free(obj);
}

static void read_right_1(void)
{
	read_at(named(), SIZE, true);
}

static void read_right_8(void)
{
	read_at(named(), SIZE + 7, true);
}

static void read_left_1(void)
{
	read_at(named(), -1, true);
}

static void write_right_1(void)
{
	u8 *obj = named();

	begin_act();
	writes(obj + SIZE);
	pr_notice("mistakes: end\n");
	free_named(obj);
}

/* A part of eight bytes, and what the class has more than was asked for. */
static void general_right_1(void)
{
	read_at(subject->alloc(SIZE + 1), SIZE + 1, false);
}

static void general_slack(void)
{
	read_at(subject->alloc(1030), 1040, false);
}

static void large_right_1(void)
{
	read_at(subject->alloc(LARGE), LARGE, false);
}

static void shrunk(void)
{
	read_at(subject->realloc(subject->alloc(500), 400), 400, false);
}

static void moved(void)
{
	u8 *obj = subject->alloc(100), *to = subject->realloc(obj, 1000);

	begin_act();
	reads(obj);
	subject->free(to);
}

/* ----------------------------------------------------------------- after the free */

static void read_freed(void)
{
	u8 *obj = named();

	free_named(obj);
	begin_act();
	reads(obj);
}

static void write_freed(void)
{
	u8 *obj = named();

	free_named(obj);
	begin_act();
	writes(obj + 50);
}

static void general_freed(void)
{
	u8 *obj = subject->alloc(SIZE);

	subject->free(obj);
	begin_act();
	reads(obj + SIZE - 1);
}

static void large_freed(void)
{
	u8 *obj = subject->alloc(LARGE);

	subject->free(obj);
	begin_act();
	reads(obj + LARGE / 2);
}

static void rcu_freed(void)
{
	u8 *obj = subject->alloc(SIZE);

	subject->free_rcu(obj);
	begin_act();
	reads(obj + 100);
}

static void others(unsigned int n)
{
	static void *objs[MANY];
	unsigned int i;

	for (i = 0; i < n; i++)
		objs[i] = named();
	for (i = 0; i < n; i++)
		free_named(objs[i]);
}

/* It is not used again: what is allocated and freed meanwhile is general. */
static void read_freed_late(void)
{
	u8 *obj = named();
	int i;

	free_named(obj);
	for (i = 0; i < MANY; i++)
		subject->free(subject->alloc(i % 4000 + 1));
	begin_act();
	reads(obj);
}

static void realloc_freed(void)
{
	u8 *obj = subject->alloc(SIZE);

	subject->free(obj);
	begin_act();
	subject->realloc(obj, 2 * SIZE);
}

/* ------------------------------------------------------------------ freed twice */

static void twice_after(unsigned int n)
{
	u8 *obj = named();

	free_named(obj);
	others(n);
	begin_act();
	free_named(obj);
}

static void twice(void)
{
	twice_after(0);
}

static void twice_late(void)
{
	twice_after(100);
}

static void free_here(void *obj)
{
	free_named(obj);
	barrier();	/* no tail call: this is the caller */
}

static void twice_cpus(void)
{
	u8 *obj = named();

	smp_call_function_single(0, free_here, obj, true);
	begin_act();
	smp_call_function_single(1 % num_online_cpus(), free_here, obj, true);
}

static const struct mistake {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{ "read-right-1", read_right_1 },
	{ "read-right-8", read_right_8 },
	{ "read-left-1", read_left_1 },
	{ "write-right-1", write_right_1 },
	{ "general-right-1", general_right_1 },
	{ "general-slack", general_slack },
	{ "large-right-1", large_right_1 },
	{ "shrunk", shrunk },
	{ "moved", moved },
	{ "read-freed", read_freed },
	{ "write-freed", write_freed },
	{ "general-freed", general_freed },
	{ "large-freed", large_freed },
	{ "rcu-freed", rcu_freed },
	{ "read-freed-late", read_freed_late },
	{ "realloc-freed", realloc_freed },
	{ "twice", twice },
	{ "twice-late", twice_late },
	{ "twice-cpus", twice_cpus },
};

/* ------------------------------------------------------------ what is no mistake */

static void fill(void *obj, size_t size)
{
	memset(obj, 0x5a, size);
}

static void sizes(void)
{
	size_t size;
	u8 *obj;

	for (size = 1; size < 3 * PAGE_SIZE; size += 1 + size / 16) {
		obj = subject->alloc(size);
		fill(obj, size);
		obj = subject->realloc(obj, size + 5);
		fill(obj, size + 5);
		obj = subject->realloc(obj, size);
		fill(obj, size);
		subject->free(obj);
	}
}

static void use_calls(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);
	struct tcslab_reserve *reserve;
	struct tcslab_cache *cache;
	void *objs[64], *typesafe;
	struct tcslab_heap *heap;
	unsigned int i;

	args.min_objects = 4;
	cache = tcslab_cache_create("kasan-several", &args);
	tcslab_cache_alloc_bulk(cache, GFP_KERNEL, ARRAY_SIZE(objs), objs);
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		fill(objs[i], SIZE);
	tcslab_cache_free_bulk(cache, ARRAY_SIZE(objs), objs);
	reserve = tcslab_reserve_create(cache, 8, GFP_KERNEL);
	for (i = 0; i < 16; i++) {
		objs[i] = tcslab_reserve_alloc(reserve);
		fill(objs[i], SIZE);
	}
	for (i = 0; i < 16; i++)
		tcslab_reserve_free(reserve, objs[i]);
	tcslab_reserve_destroy(reserve);
	tcslab_cache_destroy(cache);

	args.min_objects = 0;
	args.flags = TCSLAB_TYPESAFE_BY_RCU;
	cache = tcslab_cache_create("kasan-typesafe", &args);
	rcu_read_lock();
	typesafe = tcslab_cache_alloc(cache, GFP_NOWAIT);
	tcslab_cache_free(cache, typesafe);
	reads(typesafe);
	rcu_read_unlock();
	tcslab_cache_destroy(cache);

	objs[0] = tcslab_alloc(SIZE + 1, GFP_KERNEL);
	fill(objs[0], tcslab_usable_size(objs[0]));
	tcslab_free_sensitive(objs[0]);
	heap = tcslab_heap_create("kasan", NULL);
	objs[0] = tcslab_heap_zalloc(heap, SIZE + 1, GFP_KERNEL);
	fill(objs[0], SIZE + 1);
	tcslab_heap_free(heap, objs[0]);
	tcslab_heap_destroy(heap);
}

static int __init test_init(void)
{
	unsigned int i;

	context_stay_here();
	for (i = 0; i < ARRAY_SIZE(subjects); i++)
		if (!strcmp(who, subjects[i].name))
			subject = &subjects[i];
	if (!subject)
		return -EINVAL;
	of = subject->create("kasan-named");
	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		pr_notice("mistakes: begin %s\n", mistakes[i].name);
		mistakes[i].make();
		pr_notice("mistakes: end\n");
	}
	pr_notice("mistakes: none from here on\n");
	sizes();
	if (!strcmp(who, "api"))
		use_calls();
	if (!strcmp(who, "api"))
		tcslab_cache_destroy(of);
	else
		kmem_cache_destroy(of);
	pr_notice("mistakes: done\n");
	return 0;
}

static void __exit test_exit(void)
{
}

module_init(test_init);
module_exit(test_exit);

MODULE_DESCRIPTION("tcslab test: mistakes on a kernel with KASAN");
MODULE_LICENSE("GPL");
