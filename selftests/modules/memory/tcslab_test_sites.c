// SPDX-License-Identifier: GPL-2.0
/*
 * Every place that asks the kernel for memory is refused once
 *
 * A life is run again and again, with the first, second, third allocation of it failing,
 * until there are no more: caches of all kinds come, are used and go, with reserves and
 * grace periods.  Each call gives what was asked for or says that there
 * is no memory, and nothing is left.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <linux/tcslab.h>
#include "context_test.h"
#include "fail_nth.h"

#define SIZE		600
#define OBJECTS		6
#define RESERVED	40
#define MANY		2000	/* allocations; no life has as many */

struct delayed {
	struct rcu_head rcu;
	char rest[SIZE - sizeof(struct rcu_head)];
};

static unsigned int refused;

/* NULL and -ENOMEM are what may be; evaluates to whether there is something. */
static bool got(const void *ptr)
{
	if (!IS_ERR_OR_NULL(ptr))
		return true;
	refused++;
	if (ptr && PTR_ERR(ptr) != -ENOMEM)
		context_check(false, "an error that is not ENOMEM: %pe", ptr);
	return false;
}

static void use(struct tcslab_cache *cache)
{
	void *objs[OBJECTS], *more[OBJECTS];
	struct delayed *later;
	unsigned int i;
	size_t n;

	for (i = 0; i < OBJECTS; i++) {
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
		got(objs[i]);
	}
	n = tcslab_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOWARN, OBJECTS, more);
	refused += !n;
	tcslab_cache_free_bulk(cache, n, more);
	for (i = 0; i < OBJECTS; i++)
		tcslab_cache_free(cache, objs[i]);
	later = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
	if (got(later))
		tcslab_free_rcu(later, rcu);
	later = tcslab_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
	if (got(later))
		tcslab_free_rcu_mightsleep(later);
}

/* More than lies about in the cache. */
static void use_reserve(struct tcslab_cache *cache)
{
	static void *objs[RESERVED];
	struct tcslab_reserve *r = tcslab_reserve_create(cache, RESERVED, GFP_KERNEL);
	unsigned int i;

	if (!got(r))
		return;
	if (tcslab_reserve_left(r) != RESERVED)
		context_check(false, "a reserve with %u objects", tcslab_reserve_left(r));
	for (i = 0; i < RESERVED; i++) {
		objs[i] = tcslab_reserve_alloc(r);
		if (!objs[i])
			context_check(false, "object %u of a reserve", i);
	}
	refused += tcslab_reserve_refill(r, GFP_KERNEL | __GFP_NOWARN) == -ENOMEM;
	for (i = 0; i < RESERVED; i++)
		tcslab_reserve_free(r, objs[i]);
	tcslab_reserve_destroy(r);
}

/* Size classes and large objects of all zones. */
static void general_life(const struct tcslab_cache_args *unused)
{
	static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };
	void *obj, *larger;
	size_t size;
	int zone;

	for (zone = 0; zone < ARRAY_SIZE(zones); zone++) {
		gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | zones[zone];

		for (size = 500; size <= 64000; size *= 11) {
			obj = tcslab_alloc(size, gfp);
			if (!got(obj))
				continue;
			larger = tcslab_realloc(obj, size * 3, gfp);
			tcslab_free(got(larger) ? larger : obj);
		}
	}
}

static void cache_life(const struct tcslab_cache_args *args)
{
	struct tcslab_cache *cache = tcslab_cache_create("sites", args);
	int err;

	if (!got(cache))
		return;
	use(cache);
	use_reserve(cache);
	tcslab_cache_shrink(cache);
	tcslab_rcu_barrier();
	err = tcslab_cache_destroy(cache);
	if (err)
		context_check(false, "the cache goes: %d", err);
}

/* How many allocations a life has; each has failed once. */
static unsigned int all_lives(void (*life)(const struct tcslab_cache_args *args),
			      const struct tcslab_cache_args *args)
{
	unsigned int n, most = 0;

	/* No two lives have the same: the end is where none has had as many for a while. */
	for (n = 1; n < MANY && n <= most + 5; n++) {
		tcslab_trim();
		fail_nth(n);
		life(args);
		if (!fail_nth_left())
			most = n;
	}
	return most;
}

static void construct(void *obj)
{
	memset(obj, 0x55, SIZE);
}

static const struct {
	const char *name;
	void (*life)(const struct tcslab_cache_args *args);
	struct tcslab_cache_args args;
} kinds[] = {
	{ "no cache", general_life },
	{ "a cache", cache_life, { .size = SIZE, .node = NUMA_NO_NODE } },
	{ "a limited one", cache_life,
	  { .size = SIZE, .node = NUMA_NO_NODE, .limit_bytes = SZ_256K } },
	{ "one with a minimum", cache_life,
	  { .size = SIZE, .node = NUMA_NO_NODE, .min_objects = 8 } },
	{ "one with a constructor", cache_life,
	  { .size = SIZE, .node = NUMA_NO_NODE, .ctor = construct } },
	{ "one of a node", cache_life,
	  { .size = SIZE, .node = 0, .zone = TCSLAB_ZONE_DMA32 } },
	{ "a type-safe one", cache_life,
	  { .size = SIZE, .node = NUMA_NO_NODE, .flags = TCSLAB_TYPESAFE_BY_RCU } },
};

static int __init sites_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned int sites;

		refused = 0;
		sites = all_lives(kinds[i].life, &kinds[i].args);
		/* Who may sleep tries once more: most of them serve all the same. */
		context_check(sites && sites < MANY - 5,
			      "%s: each of %u allocations fails once, %u calls say so",
			      kinds[i].name, sites, refused);
	}
	context_plan();
	return 0;
}

static void __exit sites_exit(void)
{
}

module_init(sites_init);
module_exit(sites_exit);

MODULE_DESCRIPTION("tcslab test: every allocation fails once");
MODULE_LICENSE("GPL");
