// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes with objects of caches with debug=FZPU, through <linux/tcslab.h> (who=api) or through
 * <linux/tcslab_slab.h> (who=slab).  What is said of them is in the log, between the lines that
 * begin with "mistakes:"; the shell reads it.  Each is made with a cache of its own,
 * debug-<mistake>.  The rest, context_check(), is what is to be as ever.
 */
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/poison.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <linux/tcslab_slab.h>

#include "context_test.h"
#include "subjects.h"

static char who[8] = "api";
module_param_string(who, who, sizeof(who), 0400);
MODULE_PARM_DESC(who, "api or slab");

static char *only;
module_param(only, charp, 0400);
MODULE_PARM_DESC(only, "the one mistake to make: those that nobody finds do harm");

#define ALIGNED		64	/* of the caches that have padding */
#define REUSED		300	/* allocated afterwards: more than a span has */
#define MANY		10000
#define FOLDER		"/sys/kernel/debug/tcslab/debug/"

static const struct subject *subject;

/* What a mistake is made with. */
struct work {
	const char *name;
	void *cache;		/* a new one */
	u8 *obj;		/* of it */
};

/* One kind: @make says "act" between what is right and what is wrong, unless it is called by it. */
struct mistake {
	const char *name;
	void (*make)(struct work *work);
};

static void said(const char *what, const struct work *work)
{
	pr_notice("mistakes: %s %s\n", what, work->name);
}

static void free_to(struct work *work, void *obj)
{
	subject->cache_free(work->cache, obj);
}

static void destroy(void *cache)
{
	if (!strcmp(subject->name, "slab"))
		kmem_cache_destroy(cache);
	else
		tcslab_cache_destroy(cache);
}

/* As a user in a shell would. */
static void shell(const char *format, const char *name)
{
	char command[160];
	char program[8] = "/bin/sh", option[4] = "-c", path[16] = "PATH=/sbin:/bin";
	char *words[4] = { program, option, command, NULL }, *set[2] = { path, NULL };

	snprintf(command, sizeof(command), format, name, name);
	if (call_usermodehelper(program, words, set, UMH_WAIT_PROC))
		pr_notice("mistakes: it could not be run\n");
}

static void validate(const struct work *work)
{
	shell("echo 1 >" FOLDER "debug-%s/validate", work->name);
}

/* All objects that are free by now are handed out once. */
static void use_again(struct work *work)
{
	static void *objs[REUSED];
	int i;

	for (i = 0; i < REUSED; i++)
		objs[i] = subject->cache_alloc(work->cache);
	for (i = 0; i < REUSED; i++)
		free_to(work, objs[i]);
}

/* ------------------------------------------------------------------- overflow */

/* Through a variable that the compiler does not see through. */
static void overwrite(u8 *obj, long offset, size_t n)
{
	OPTIMIZER_HIDE_VAR(obj);
	memset(obj + offset, 0x41, n);
}

static void write_and_free(struct work *work, long offset, size_t n)
{
	overwrite(work->obj, offset, n);
	said("act", work);
	free_to(work, work->obj);
}

static void right_1(struct work *work)
{
	write_and_free(work, SIZE, 1);
}

static void right_8(struct work *work)
{
	write_and_free(work, SIZE, 8);
}

static void right_104(struct work *work)
{
	write_and_free(work, SIZE, 104);
}

static void left_1(struct work *work)
{
	write_and_free(work, -1, 1);
}

static void left_8(struct work *work)
{
	write_and_free(work, -8, 8);
}

static void left_104(struct work *work)
{
	write_and_free(work, -104, 104);
}

/* The last byte of the slot, before the left zone of the next one. */
static void padding(struct work *work)
{
	struct tcslab_cache *cache = tcslab_cache_of(work->obj);

	write_and_free(work, cache->size - ALIGNED - 1, 1);
}

/* What was not asked for, though the class has it. */
static void right_general(struct work *work)
{
	u8 *obj = subject->alloc(SIZE + 1);

	overwrite(obj, SIZE + 1, 1);
	said("act", work);
	subject->free(obj);
}

static void right_validate(struct work *work)
{
	overwrite(work->obj, SIZE, 1);
	said("act", work);
	validate(work);
}

/* ------------------------------------------------------------- use after free */

static void written_reuse(struct work *work)
{
	free_to(work, work->obj);
	overwrite(work->obj, 50, 1);
	said("act", work);
	use_again(work);
}

static void written_first_word(struct work *work)
{
	free_to(work, work->obj);
	overwrite(work->obj, 0, 8);
	said("act", work);
	use_again(work);
}

static void written_validate(struct work *work)
{
	free_to(work, work->obj);
	overwrite(work->obj, 50, 1);
	said("act", work);
	validate(work);
}

static void written_shrink(struct work *work)
{
	free_to(work, work->obj);
	overwrite(work->obj, SIZE - 1, 1);
	said("act", work);
	subject->shrink(work->cache);
}

/* --------------------------------------------------------------- double free */

static void free_others(struct work *work, unsigned int n)
{
	static void *objs[MANY];
	unsigned int i;

	for (i = 0; i < n; i++)
		objs[i] = subject->cache_alloc(work->cache);
	free_to(work, work->obj);
	for (i = 0; i < n; i++)
		free_to(work, objs[i]);
	said("act", work);
	free_to(work, work->obj);
}

static void twice(struct work *work)
{
	free_others(work, 0);
}

static void twice_after_1(struct work *work)
{
	free_others(work, 1);
}

static void twice_after_100(struct work *work)
{
	free_others(work, 100);
}

static void twice_after_10000(struct work *work)
{
	free_others(work, MANY);
}

static void free_here(void *arg)
{
	struct work *work = arg;

	free_to(work, work->obj);
	barrier();	/* no tail call: this is the caller, in an interrupt, too */
}

static void twice_two_cpus(struct work *work)
{
	smp_call_function_single(0, free_here, work, true);
	said("act", work);
	smp_call_function_single(1 % num_online_cpus(), free_here, work, true);
}

static void twice_rcu(struct work *work)
{
	void *obj = subject->alloc(SIZE);

	subject->free_rcu(obj);
	said("act", work);
	subject->free_rcu(obj);
}

static void interior(struct work *work)
{
	said("act", work);
	free_to(work, work->obj + 8);
}

/* ------------------------------------------------------------- who, and leaks */

static noinline void *planted_alloc(struct work *work)
{
	void *obj = subject->cache_alloc(work->cache);

	barrier();	/* as above */
	return obj;
}

static noinline void planted_free(struct work *work, void *obj)
{
	free_to(work, obj);
	barrier();	/* as above */
}

static void traces(struct work *work)
{
	static void *objs[REUSED];
	int i;

	for (i = 0; i < REUSED; i++)
		objs[i] = planted_alloc(work);
	for (i = 0; i < REUSED; i++)
		planted_free(work, objs[i]);
	for (i = 0; i < REUSED / 2; i++)
		objs[i] = planted_alloc(work);
	said("act", work);
	shell("cd " FOLDER "debug-%s && cat alloc_traces >/tmp/alloc.%s", work->name);
	shell("cd " FOLDER "debug-%s && cat free_traces >/tmp/free.%s", work->name);
	for (i = 0; i < REUSED / 2; i++)
		free_to(work, objs[i]);
}

static void leak(struct work *work)
{
	void *obj;

	obj = planted_alloc(work);
	said("act", work);
	destroy(work->cache);
	free_to(work, obj);
}

static const struct mistake mistakes[] = {
	{ "right-1", right_1 },
	{ "right-8", right_8 },
	{ "right-104", right_104 },
	{ "left-1", left_1 },
	{ "left-8", left_8 },
	{ "left-104", left_104 },
	{ "padding", padding },
	{ "right-general", right_general },
	{ "right-validate", right_validate },
	{ "written-reuse", written_reuse },
	{ "written-first-word", written_first_word },
	{ "written-validate", written_validate },
	{ "written-shrink", written_shrink },
	{ "twice", twice },
	{ "twice-after-1", twice_after_1 },
	{ "twice-after-100", twice_after_100 },
	{ "twice-after-10000", twice_after_10000 },
	{ "twice-two-cpus", twice_two_cpus },
	{ "twice-rcu", twice_rcu },
	{ "interior", interior },
	{ "traces", traces },
	{ "leak", leak },
};

static void *create(const char *name)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);

	if (!strcmp(subject->name, "slab"))
		return kmem_cache_create(name, SIZE, ALIGNED, 0, NULL);
	args.align = ALIGNED;
	return tcslab_cache_create(name, &args);
}

/* One that has others before it in its pages: what is written left of it stays among them. */
static void *one_inside(struct work *work)
{
	void *outside[8], *obj;
	int n = 0;

	while (offset_in_page(obj = subject->cache_alloc(work->cache)) < 1024 &&
	       n < ARRAY_SIZE(outside))
		outside[n++] = obj;
	while (n--)
		free_to(work, outside[n]);
	return obj;
}

static void make_one(const struct mistake *mistake)
{
	struct work work = { .name = mistake->name };
	char name[32];

	snprintf(name, sizeof(name), "debug-%s", mistake->name);
	work.cache = create(name);
	work.obj = one_inside(&work);
	said("begin", &work);
	mistake->make(&work);
	said("end", &work);
	/* Those that have not freed it. */
	if (mistake->make == interior || mistake->make == traces || mistake->make == leak ||
	    mistake->make == right_general || mistake->make == twice_rcu ||
	    mistake->make == right_validate)
		free_to(&work, work.obj);
	destroy(work.cache);
}

/* ------------------------------------------------------------- what is as ever */

static bool filled(const u8 *p, u8 with, size_t n)
{
	return context_filled(p, with, n);
}

static void fills(void)
{
	void *cache = create("debug-filled");
	u8 *obj = subject->cache_alloc(cache);

	context_check(IS_ALIGNED((unsigned long)obj, ALIGNED), "aligned");
	context_check(filled(obj, POISON_INUSE, SIZE), "fresh: 0x5a");
	subject->cache_free(cache, obj);
	OPTIMIZER_HIDE_VAR(obj);
	context_check(filled(obj, POISON_FREE, SIZE - 1) && obj[SIZE - 1] == POISON_END,
		      "freed: 0x6b and 0xa5");
	obj = tcslab_cache_of(obj) ? subject->cache_alloc(cache) : NULL;
	context_check(obj && filled(obj, POISON_INUSE, SIZE), "used again: 0x5a");
	subject->cache_free(cache, obj);
	destroy(cache);
}

static void sizes(void)
{
	u8 *obj = tcslab_zalloc(201, GFP_KERNEL), *more;

	context_check(filled(obj, 0, 201), "zeroed");
	memset(obj, 7, 201);
	more = tcslab_realloc(obj, 204, GFP_KERNEL | __GFP_ZERO);
	context_check(more && filled(more, 7, 201) && filled(more + 201, 0, 3),
		      "realloc within the class: what is added is zeroed");
	context_check(tcslab_usable_size(more) == tcslab_good_size(204),
		      "all is usable to who asks");
	memset(more, 7, tcslab_usable_size(more));
	tcslab_free_sized(more, 204);
	obj = kzalloc(100, GFP_KERNEL);
	more = krealloc(obj, 103, GFP_KERNEL | __GFP_ZERO);
	context_check(more && filled(more, 0, 103), "krealloc: the same");
	kfree(more);
}

static unsigned long constructed;

static void construct(void *obj)
{
	memset(obj, 0x33, SIZE);
	constructed++;
}

static void kept(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);
	struct tcslab_cache *cache;
	u8 *obj;

	args.ctor = construct;
	cache = tcslab_cache_create("debug-constructed", &args);
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	context_check(constructed && filled(obj, 0x33, SIZE), "constructed");
	tcslab_cache_free(cache, obj);
	OPTIMIZER_HIDE_VAR(obj);
	context_check(filled(obj, 0x33, SIZE), "constructed and freed: as it was");
	tcslab_cache_destroy(cache);

	args.ctor = NULL;
	args.flags = TCSLAB_TYPESAFE_BY_RCU;
	cache = tcslab_cache_create("debug-typesafe", &args);
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	memset(obj, 0x11, SIZE);
	tcslab_cache_free(cache, obj);
	OPTIMIZER_HIDE_VAR(obj);
	context_check(filled(obj, 0x11, SIZE), "type-safe and freed: as it was");
	tcslab_cache_destroy(cache);
}

static void bulk_and_reserve(void)
{
	static void *objs[REUSED];
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);
	struct tcslab_reserve *reserve;
	struct tcslab_cache *cache;
	unsigned int bad = 0, i;

	args.min_objects = 4;
	cache = tcslab_cache_create("debug-several", &args);
	context_check(tcslab_cache_alloc_bulk(cache, GFP_KERNEL, REUSED, objs) == REUSED, "bulk");
	for (i = 0; i < REUSED; i++) {
		bad += !filled(objs[i], POISON_INUSE, SIZE);
		memset(objs[i], 1, SIZE);
	}
	context_check(!bad, "bulk: %u not fresh", bad);
	tcslab_cache_free_bulk(cache, REUSED, objs);
	reserve = tcslab_reserve_create(cache, 8, GFP_KERNEL);
	for (i = 0; i < 16; i++)
		objs[i] = tcslab_reserve_alloc(reserve);
	for (i = 0; i < 16; i++)
		memset(objs[i], 2, SIZE);
	for (i = 0; i < 16; i++)
		tcslab_reserve_free(reserve, objs[i]);
	context_check(tcslab_reserve_left(reserve) == 8, "reserve");
	tcslab_reserve_destroy(reserve);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

static int __init debug_init(void)
{
	unsigned int i;

	/* What was freed last is known of the CPU alone that freed it. */
	context_stay_here();
	for (i = 0; i < ARRAY_SIZE(subjects); i++)
		if (!strcmp(who, subjects[i].name))
			subject = &subjects[i];
	if (!subject)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!only || !strcmp(only, mistakes[i].name))
			make_one(&mistakes[i]);
	if (only)
		return 0;
	pr_notice("mistakes: none from here on\n");
	fills();
	sizes();
	kept();
	bulk_and_reserve();
	context_plan();
	return 0;
}

static void __exit debug_exit(void)
{
}

module_init(debug_init);
module_exit(debug_exit);

MODULE_DESCRIPTION("tcslab test: caches with debug=");
MODULE_LICENSE("GPL");
