// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes of users, one after the other, in SLUB (who=slub), through <linux/tcslab.h> (who=api)
 * or through <linux/tcslab_slab.h> (who=slab).  Who finds them, and when, is in the log between the
 * lines that begin with "mistakes:"; the shell reads it.
 *
 * Each is made by a thread of its own, since SLUB kills who makes some of them, with a cache of its
 * own.  What nobody finds is looked for afterwards: is anything handed out that should
 * not be?
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include <linux/tcslab_slab.h>

#include "subjects.h"

static char who[8] = "api";
module_param_string(who, who, sizeof(who), 0400);
MODULE_PARM_DESC(who, "slub, api or slab");

static char *only;
module_param(only, charp, 0400);
MODULE_PARM_DESC(only, "the one mistake to make: some of SLUB's end the machine");

#define HANDED	300	/* looked at afterwards */
#define MANY	10000

struct mistake;

/* What a mistake is made with. */
struct work {
	const struct subject *subject;
	const struct mistake *mistake;
	void *cache;		/* a new one */
	void *obj;		/* of it */
	void *wrong;		/* not to be handed out afterwards, or NULL */
	struct completion done;
};

/* One kind: @make says "act" between what is right and what is wrong. */
struct mistake {
	const char *name;
	void (*make)(struct work *work);
};

static void said(const char *what, const struct work *work)
{
	pr_notice("mistakes: %s %s\n", what, work->mistake->name);
}

static void free_to(struct work *work, void *obj)
{
	work->subject->cache_free(work->cache, obj);
}

static void free_others(struct work *work, unsigned int n)
{
	static void *objs[MANY];
	unsigned int i;

	for (i = 0; i < n; i++)
		objs[i] = work->subject->cache_alloc(work->cache);
	free_to(work, work->obj);
	for (i = 0; i < n; i++)
		free_to(work, objs[i]);
}

static void twice(struct work *work)
{
	free_to(work, work->obj);
	said("act", work);
	free_to(work, work->obj);
}

static void twice_after_1(struct work *work)
{
	free_others(work, 1);
	said("act", work);
	free_to(work, work->obj);
}

static void twice_after_100(struct work *work)
{
	free_others(work, 100);
	said("act", work);
	free_to(work, work->obj);
}

static void twice_after_10000(struct work *work)
{
	free_others(work, MANY);
	said("act", work);
	free_to(work, work->obj);
}

static void free_here(void *arg)
{
	struct work *work = arg;

	free_to(work, work->obj);
}

static void twice_two_cpus(struct work *work)
{
	smp_call_function_single(0, free_here, work, true);
	said("act", work);
	smp_call_function_single(1 % num_online_cpus(), free_here, work, true);
}

static void twice_rcu(struct work *work)
{
	work->obj = work->subject->alloc(SIZE);
	work->subject->free_rcu(work->obj);
	said("act", work);
	work->subject->free_rcu(work->obj);
}

static void wrong_to_cache(struct work *work, void *wrong)
{
	work->wrong = wrong;
	said("act", work);
	free_to(work, wrong);
}

static void interior(struct work *work)
{
	wrong_to_cache(work, work->obj + 8);
}

static void interior_general(struct work *work)
{
	work->wrong = work->subject->alloc(SIZE) + 8;
	said("act", work);
	work->subject->free(work->wrong);
}

static void other_cache(struct work *work)
{
	void *cache = work->subject->create("mistake-other");

	wrong_to_cache(work, work->subject->cache_alloc(cache));
}

static void of_kmalloc(struct work *work)
{
	wrong_to_cache(work, work->subject->alloc(8));
}

static void of_page(struct work *work)
{
	wrong_to_cache(work, (void *)__get_free_page(GFP_KERNEL));
}

static void of_stack(struct work *work)
{
	unsigned long on_stack[SIZE / sizeof(long)] = { 0 };

	OPTIMIZER_HIDE_VAR(work);
	wrong_to_cache(work, on_stack);
}

static void of_vmalloc(struct work *work)
{
	wrong_to_cache(work, vmalloc(SIZE));
}

static void realloc_after(struct work *work)
{
	work->obj = work->subject->alloc(SIZE);
	work->subject->free(work->obj);
	said("act", work);
	work->subject->realloc(work->obj, 16 * SIZE);
}

static void neighbour(struct work *work)
{
	void *objs[8];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(objs); i++)
		objs[i] = work->subject->cache_alloc(work->cache);
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		for (j = 0; j < ARRAY_SIZE(objs); j++)
			if (objs[j] == objs[i] + ALIGN(SIZE, 8)) {
				wrong_to_cache(work, objs[j]);
				return;
			}
	said("act", work);
	pr_notice("mistakes: none\n");
}

static const struct mistake mistakes[] = {
	{ "free-twice", twice },
	{ "free-twice-after-1", twice_after_1 },
	{ "free-twice-after-100", twice_after_100 },
	{ "free-twice-after-10000", twice_after_10000 },
	{ "free-twice-two-cpus", twice_two_cpus },
	{ "free-twice-rcu", twice_rcu },
	{ "free-interior", interior },
	{ "free-interior-general", interior_general },
	{ "free-other-cache", other_cache },
	{ "free-kmalloc-to-cache", of_kmalloc },
	{ "free-page-to-cache", of_page },
	{ "free-stack-to-cache", of_stack },
	{ "free-vmalloc-to-cache", of_vmalloc },
	{ "free-live-neighbour", neighbour },
	{ "realloc-after-free", realloc_after },
};

/* Are there two owners of something now? */
static void look(struct work *work)
{
	static void *objs[HANDED];
	bool two = false;
	int i, j;

	for (i = 0; i < HANDED; i++) {
		objs[i] = work->subject->cache_alloc(work->cache);
		two |= work->wrong && objs[i] == work->wrong;
		for (j = 0; j < i; j++)
			two |= objs[i] == objs[j];
	}
	if (two) {
		said("two-owners", work);
		return;		/* the rest would be a mistake of this test's */
	}
	for (i = 0; i < HANDED; i++)
		free_to(work, objs[i]);
	work->subject->shrink(work->cache);
}

static int make(void *arg)
{
	struct work *work = arg;

	/* What was freed last is known of the CPU alone that freed it. */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	work->mistake->make(work);
	said("after", work);
	look(work);
	complete(&work->done);
	return 0;
}

static void make_one(const struct subject *subject, const struct mistake *mistake)
{
	/* Who dies may still have it. */
	struct work *work = tcslab_native_kzalloc(sizeof(*work), GFP_KERNEL);
	struct task_struct *thread;

	if (!work)
		return;
	work->subject = subject;
	work->mistake = mistake;
	work->cache = subject->create(mistake->name);
	work->obj = subject->cache_alloc(work->cache);
	init_completion(&work->done);
	said("begin", work);
	thread = kthread_run(make, work, "mistake");
	if (IS_ERR(thread) || !wait_for_completion_timeout(&work->done, 20 * HZ))
		said("died", work);
	said("end", work);
}

static int __init mistakes_init(void)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(subjects); i++)
		if (!strcmp(who, subjects[i].name))
			for (j = 0; j < ARRAY_SIZE(mistakes); j++)
				if (!only || !strcmp(only, mistakes[j].name))
					make_one(&subjects[i], &mistakes[j]);
	return 0;
}

static void __exit mistakes_exit(void)
{
}

module_init(mistakes_init);
module_exit(mistakes_exit);

MODULE_DESCRIPTION("tcslab test: mistakes of users");
MODULE_LICENSE("GPL");
