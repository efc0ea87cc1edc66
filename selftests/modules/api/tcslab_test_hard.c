// SPDX-License-Identifier: GPL-2.0
/*
 * Objects with hardened=1: what is in free ones, and that nobody else notices
 *
 * With writes=1 it makes the mistakes, of which the log tells.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <linux/tcslab.h>
#include "context_test.h"

static bool writes;
module_param(writes, bool, 0400);
MODULE_PARM_DESC(writes, "write to freed objects");

#define SIZE	200
#define MANY	500
#define ROUNDS	64

static void *objs[MANY];

static struct tcslab_cache *create(const char *name, unsigned int flags, void (*ctor)(void *obj))
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SIZE);

	args.flags = flags;
	args.ctor = ctor;
	return tcslab_cache_create(name, &args);
}

static void construct(void *obj)
{
	memset(obj, 0x33, SIZE);
}

static void use(struct tcslab_cache *cache, u8 with)
{
	int i;

	for (i = 0; i < MANY; i++) {
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
		if (objs[i])
			memset(objs[i], with, SIZE);
	}
	for (i = 0; i < MANY; i++)
		tcslab_cache_free(cache, objs[i]);
}

static void look_at_cleared(void)
{
	struct tcslab_cache *cache = create("hard-dirty", 0, NULL);
	u8 *obj;

	/* In pages that another one left as they were. */
	use(cache, 0x77);
	tcslab_cache_destroy(cache);
	cache = create("hard-cleared", TCSLAB_CLEAR_ON_FREE, NULL);
	use(cache, 0x77);
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	memset(obj, 0x77, SIZE);
	tcslab_cache_free(cache, obj);
	OPTIMIZER_HIDE_VAR(obj);
	context_check(context_filled(obj + sizeof(long), 0, SIZE - sizeof(long)) &&
		      !context_filled(obj, 0, sizeof(long)),
		      "freed: all is 0 but the key");
	obj = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
	context_check(obj && context_filled(obj, 0, sizeof(long)), "used again: the key is gone");
	tcslab_cache_free(cache, obj);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
	context_check(IS_ERR(create("hard-both", TCSLAB_CLEAR_ON_FREE, construct)) &&
		      IS_ERR(create("hard-both", TCSLAB_CLEAR_ON_FREE | TCSLAB_TYPESAFE_BY_RCU,
				    NULL)),
		      "what keeps its contents cannot be cleared");
}

static void kept(void)
{
	struct tcslab_cache *cache = create("hard-constructed", 0, construct);
	unsigned int bad = 0, i;
	u8 *obj;

	for (i = 0; i < MANY; i++) {
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
		bad += !context_filled(objs[i], 0x33, SIZE);
	}
	tcslab_cache_free_bulk(cache, MANY, objs);
	for (i = 0; i < MANY; i++)
		bad += !context_filled(objs[i], 0x33, SIZE);
	context_check(!bad, "constructed, in use and free: %u changed", bad);
	context_check(!tcslab_cache_destroy(cache), "destroyed");

	cache = create("hard-typesafe", TCSLAB_TYPESAFE_BY_RCU, NULL);
	obj = tcslab_cache_alloc(cache, GFP_KERNEL);
	memset(obj, 0x11, SIZE);
	rcu_read_lock();
	tcslab_cache_free(cache, obj);
	OPTIMIZER_HIDE_VAR(obj);
	context_check(context_filled(obj, 0x11, SIZE), "type-safe and freed: as it was");
	rcu_read_unlock();
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

/* The one that was freed last is not always the next one. */
static void at_random(void)
{
	struct tcslab_cache *cache = create("hard-random", 0, NULL);
	unsigned int same = 0, i;
	void *obj;

	use(cache, 0);
	for (i = 0; i < ROUNDS; i++) {
		objs[0] = tcslab_cache_alloc(cache, GFP_KERNEL);
		tcslab_cache_free(cache, objs[0]);
		obj = tcslab_cache_alloc(cache, GFP_KERNEL);
		same += obj == objs[0];
		tcslab_cache_free(cache, obj);
	}
	context_check(same < ROUNDS / 2, "of %u frees %u were used again at once", ROUNDS, same);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

static void use_reserve(void)
{
	struct tcslab_cache *cache = create("hard-reserve", TCSLAB_CLEAR_ON_FREE, NULL);
	struct tcslab_reserve *reserve = tcslab_reserve_create(cache, 8, GFP_KERNEL);
	int i;

	for (i = 0; i < 16; i++) {
		objs[i] = tcslab_reserve_alloc(reserve);
		memset(objs[i], 1, SIZE);
	}
	for (i = 0; i < 16; i++)
		tcslab_reserve_free(reserve, objs[i]);
	context_check(tcslab_reserve_left(reserve) == 8, "a reserve");
	tcslab_reserve_destroy(reserve);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
}

static void write_to(struct tcslab_cache *cache, const char *what, unsigned int offset)
{
	u8 *obj = tcslab_cache_alloc(cache, GFP_KERNEL);

	tcslab_cache_free(cache, obj);
	OPTIMIZER_HIDE_VAR(obj);
	pr_notice("hard: %s\n", what);
	kasan_disable_current();
	obj[offset] ^= 0x5a;
	kasan_enable_current();
	use(cache, 0);
	pr_notice("hard: end\n");
}

static void make_mistakes(void)
{
	struct tcslab_cache *cache = create("hard-plain", 0, NULL);
	static void *same[3];

	write_to(cache, "first word", 3);
	write_to(cache, "50th byte", 50);
	same[0] = tcslab_cache_alloc(cache, GFP_KERNEL);
	same[1] = tcslab_cache_alloc(cache, GFP_KERNEL);
	same[2] = same[0];
	pr_notice("hard: twice in one bulk free\n");
	tcslab_cache_free_bulk(cache, 3, same);
	pr_notice("hard: end\n");
	tcslab_cache_destroy(cache);
	cache = create("hard-cleared", TCSLAB_CLEAR_ON_FREE, NULL);
	write_to(cache, "50th byte, cleared", 50);
	tcslab_cache_destroy(cache);
	cache = create("hard-constructed", 0, construct);
	write_to(cache, "behind the object", ALIGN(SIZE, sizeof(long)));
	tcslab_cache_destroy(cache);
}

static int __init hard_init(void)
{
	context_stay_here();
	if (writes) {
		make_mistakes();
		return 0;
	}
	look_at_cleared();
	kept();
	at_random();
	use_reserve();
	context_plan();
	return 0;
}

static void __exit hard_exit(void)
{
}

module_init(hard_init);
module_exit(hard_exit);

MODULE_DESCRIPTION("tcslab test: objects with hardened=1");
MODULE_LICENSE("GPL");
