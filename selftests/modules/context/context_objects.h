/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects that know their owner: what the context tests allocate and free
 *
 * Each context has a stash, and the fast path in its own code.  A step takes an
 * object or gives one back, at random, and marks it, so that an object that is handed
 * out twice is seen at once.
 */
#ifndef CONTEXT_OBJECTS_H
#define CONTEXT_OBJECTS_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include <linux/tcslab.h>

#define STASH_SIZE	24
#define NR_KINDS	4	/* two named caches, a class, a large object */
#define LARGE_BYTES	40000

struct context_object {
	unsigned long owner;
	unsigned long kind;
	struct rcu_head rcu;
};

struct context_stash {
	struct context_object *objs[STASH_SIZE];
	unsigned int n;
	unsigned int seed;
	bool down;
	unsigned long allocs, fails, frees, bulks;
};

static struct tcslab_cache *context_caches[2];
static atomic_t context_doubly;

static unsigned int context_random(struct context_stash *stash)
{
	stash->seed = stash->seed * 1664525 + 1013904223;
	return stash->seed >> 16;
}

static void context_construct(void *obj)
{
	memset(obj, 0, sizeof(struct context_object));
}

static __always_inline void context_take(struct context_stash *stash, gfp_t gfp)
{
	unsigned int kind = context_random(stash) % 64;
	struct context_object *obj;

	/* Large ones are rare, the first cache is the busiest. */
	kind = kind == 63 ? 3 : kind > 50 ? 2 : kind > 35;
	if (kind < 2)
		obj = tcslab_cache_alloc(context_caches[kind], gfp);
	else
		obj = tcslab_zalloc(kind == 2 ? 200 : LARGE_BYTES, gfp);
	if (!obj) {
		stash->fails++;
		return;
	}
	stash->allocs++;
	if (xchg(&obj->owner, 1))
		atomic_inc(&context_doubly);
	obj->kind = kind;
	stash->objs[stash->n++] = obj;
}

static __always_inline void context_give(struct context_stash *stash)
{
	unsigned int i = context_random(stash) % stash->n;
	struct context_object *obj = stash->objs[i];
	unsigned long kind = obj->kind;

	stash->objs[i] = stash->objs[--stash->n];
	stash->frees++;
	if (!xchg(&obj->owner, 0))
		atomic_inc(&context_doubly);
	if (kind < 2 && !(context_random(stash) % 256))
		tcslab_free_rcu(obj, rcu);
	else if (kind < 2)
		tcslab_cache_free(context_caches[kind], obj);
	else
		tcslab_free(obj);
}

static __always_inline void context_step(struct context_stash *stash, gfp_t gfp)
{
	if (stash->n && (stash->n == STASH_SIZE || context_random(stash) & 1))
		context_give(stash);
	else
		context_take(stash, gfp);
}

/* All the way up, then all the way down: most steps miss the array. */
static __always_inline void context_sweep(struct context_stash *stash, gfp_t gfp)
{
	if (stash->n == STASH_SIZE)
		stash->down = true;
	else if (!stash->n)
		stash->down = false;
	if (stash->down)
		context_give(stash);
	else
		context_take(stash, gfp);
}

/* Several at once, and back. */
static inline void context_bulk(struct context_stash *stash, gfp_t gfp)
{
	unsigned int kind = context_random(stash) & 1, i;
	void *objs[8];
	size_t n = tcslab_cache_alloc_bulk(context_caches[kind], gfp, ARRAY_SIZE(objs), objs);

	if (n)
		stash->bulks++;
	for (i = 0; i < n; i++)
		if (xchg(&((struct context_object *)objs[i])->owner, 1))
			atomic_inc(&context_doubly);
	for (i = 0; i < n; i++)
		if (!xchg(&((struct context_object *)objs[i])->owner, 0))
			atomic_inc(&context_doubly);
	tcslab_cache_free_bulk(context_caches[kind], n, objs);
}

static inline void context_empty(struct context_stash *stash)
{
	while (stash->n)
		context_give(stash);
}

/*
 * One cache without room for a link in a free object, one with.  Large enough that a
 * stash does not fit into an array: the slow paths are what is to be interrupted.
 */
static inline int context_create(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(i ? 4040 : 8192);

		args.align = i ? 64 : 0;
		args.ctor = context_construct;
		context_caches[i] = tcslab_cache_create(i ? "ctx-roomy" : "ctx-tight", &args);
		if (IS_ERR(context_caches[i]))
			return PTR_ERR(context_caches[i]);
	}
	return 0;
}

static inline unsigned long context_nested(void)
{
	struct tcslab_cache_stats stats;
	unsigned long n = 0;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		tcslab_cache_stats(context_caches[i], &stats);
		n += stats.nested;
	}
	return n;
}

#endif /* CONTEXT_OBJECTS_H */
