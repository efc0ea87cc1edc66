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

static char who[8] = "api";
module_param_string(who, who, sizeof(who), 0400);
MODULE_PARM_DESC(who, "slub, api or slab");

static char *only;
module_param(only, charp, 0400);
MODULE_PARM_DESC(only, "the one mistake to make: some of SLUB's end the machine");

#define SIZE	200
#define HANDED	300	/* looked at afterwards */
#define MANY	10000

struct mistake;

/* An allocator: its calls with the same prototypes; a new cache has objects of SIZE bytes. */
struct subject {
	const char *name;
	void *(*create)(const char *name);
	void *(*cache_alloc)(void *cache);
	void (*cache_free)(void *cache, void *obj);
	void *(*alloc)(size_t size);
	void (*free)(void *obj);
	void (*free_rcu)(void *obj);
	void *(*realloc)(void *obj, size_t size);
	void (*shrink)(void *cache);
};

struct head {
	struct rcu_head rcu;
};

static void *slub_create(const char *name)
{
	return tcslab_native_kmem_cache_create(name, SIZE, 0, TCSLAB_SLAB_SINCE_6_5, NULL);
}

static void *slab_create(const char *name)
{
	return kmem_cache_create(name, SIZE, 0, 0, NULL);
}

static void *api_create(const char *name)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);

	return tcslab_cache_create(name, &args);
}

static void *slab_cache_alloc(void *cache)
{
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

static void slab_cache_free(void *cache, void *obj)
{
	kmem_cache_free(cache, obj);
}

static void *api_cache_alloc(void *cache)
{
	return tcslab_cache_alloc(cache, GFP_KERNEL);
}

static void api_cache_free(void *cache, void *obj)
{
	tcslab_cache_free(cache, obj);
}

static void *slub_alloc(size_t size)
{
	return tcslab_native_kmalloc(size, GFP_KERNEL);
}

static void slub_free(void *obj)
{
	tcslab_native_kfree(obj);
}

static void *slab_alloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static void slab_free(void *obj)
{
	kfree(obj);
}

static void *api_alloc(size_t size)
{
	return tcslab_alloc(size, GFP_KERNEL);
}

static void api_free(void *obj)
{
	tcslab_free(obj);
}

static void free_at_last(struct rcu_head *rcu)
{
	tcslab_native_kfree(rcu);
}

static void slub_free_rcu(void *obj)
{
	call_rcu(obj, free_at_last);
	rcu_barrier();
}

static void slab_free_rcu(void *obj)
{
	kfree_rcu((struct head *)obj, rcu);
	kvfree_rcu_barrier();
}

static void api_free_rcu(void *obj)
{
	tcslab_free_rcu((struct head *)obj, rcu);
	tcslab_rcu_barrier();
}

static void *slab_realloc(void *obj, size_t size)
{
	return krealloc(obj, size, GFP_KERNEL);
}

static void *api_realloc(void *obj, size_t size)
{
	return tcslab_realloc(obj, size, GFP_KERNEL);
}

static void slab_shrink(void *cache)
{
	kmem_cache_shrink(cache);
}

static void api_shrink(void *cache)
{
	tcslab_cache_shrink(cache);
}

static const struct subject subjects[] = {
	/* The mapped functions hand on what is the kernel's. */
	{ "slub", slub_create, slab_cache_alloc, slab_cache_free, slub_alloc, slub_free,
	  slub_free_rcu, slab_realloc, slab_shrink },
	{ "slab", slab_create, slab_cache_alloc, slab_cache_free, slab_alloc, slab_free,
	  slab_free_rcu, slab_realloc, slab_shrink },
	{ "api", api_create, api_cache_alloc, api_cache_free, api_alloc, api_free,
	  api_free_rcu, api_realloc, api_shrink },
};

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
