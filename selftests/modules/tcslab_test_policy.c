// SPDX-License-Identifier: GPL-2.0
/* Where new memory of the task that loads this module comes from; it goes again. */
#include <linux/mm.h>
#include <linux/module.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define MANY	600

static uint nodes = 1;
module_param(nodes, uint, 0444);
MODULE_PARM_DESC(nodes, "those that all of it must be from, and each of them some: a bit for each");

static void *objs[MANY];

/* The nodes of all of them. */
static unsigned int seen(unsigned int n, unsigned int of_each[2])
{
	unsigned int bits = 0, i;

	of_each[0] = 0;
	of_each[1] = 0;
	for (i = 0; i < n; i++) {
		if (!objs[i])
			return 0;
		of_each[page_to_nid(virt_to_page(objs[i])) & 1]++;
		bits |= 1 << page_to_nid(virt_to_page(objs[i]));
		tcslab_free(objs[i]);
	}
	return bits;
}

static int __init policy_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(500);
	struct tcslab_cache *cache = tcslab_cache_create("policy", &args);
	unsigned int small, large, i, n[2];

	if (IS_ERR(cache))
		return PTR_ERR(cache);
	tcslab_trim();
	for (i = 0; i < MANY; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	small = seen(MANY, n);
	context_check(small == nodes, "small objects: %u and %u", n[0], n[1]);
	for (i = 0; i < MANY / 10; i++)
		objs[i] = tcslab_alloc(SZ_64K, GFP_KERNEL);
	large = seen(MANY / 10, n);
	context_check(large == nodes, "large objects: %u and %u", n[0], n[1]);
	tcslab_cache_destroy(cache);
	return small == nodes && large == nodes ? 0 : -EINVAL;
}

static void __exit policy_exit(void)
{
}

module_init(policy_init);
module_exit(policy_exit);

MODULE_DESCRIPTION("tcslab test: policy of a task");
MODULE_LICENSE("GPL");
