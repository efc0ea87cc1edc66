// SPDX-License-Identifier: GPL-2.0
/*
 * Named caches for tests that look at them from user space
 *
 *   nc-plain   100 bytes, no multiple of 8, no constructor
 *   nc-ctor    64 bytes, with a constructor
 *   nc-tight   1 KiB, limited to TIGHT_BYTES; its other users wait at the limit
 *   nc-low     200 bytes from below 4 GiB
 *   nc-rcu     64 bytes, type-safe by RCU
 *   nc two     a name with a blank
 *
 * Writing to the parameter `destroy` destroys nc-plain and makes it again; write()
 * fails with what tcslab_cache_destroy() returned.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include <linux/tcslab.h>

#define TIGHT_BYTES	65536

enum { PLAIN, CTOR, TIGHT, LOW, TYPESAFE, BLANK, NR_CACHES };

static struct tcslab_cache *caches[NR_CACHES];

static void construct(void *obj)
{
	memset(obj, 0xc7, 64);
}

static int create(int i)
{
	static const char * const names[] = {
		"nc-plain", "nc-ctor", "nc-tight", "nc-low", "nc-rcu", "nc two"
	};
	static const size_t sizes[] = { 100, 64, 1024, 200, 64, 32 };
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(sizes[i]);
	struct tcslab_cache *cache;

	if (i == CTOR)
		args.ctor = construct;
	if (i == TIGHT)
		args.limit_bytes = TIGHT_BYTES;
	if (i == TIGHT)
		args.flags = TCSLAB_LIMIT_WAIT;
	if (i == LOW)
		args.zone = TCSLAB_ZONE_DMA32;
	if (i == TYPESAFE)
		args.flags = TCSLAB_TYPESAFE_BY_RCU;
	cache = tcslab_cache_create(names[i], &args);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	caches[i] = cache;
	return 0;
}

static int destroy_set(const char *value, const struct kernel_param *param)
{
	int err = tcslab_cache_destroy(caches[PLAIN]);

	if (err)
		return err;
	caches[PLAIN] = NULL;
	return create(PLAIN);
}

static const struct kernel_param_ops destroy_ops = {
	.set = destroy_set,
};
module_param_cb(destroy, &destroy_ops, NULL, 0200);
MODULE_PARM_DESC(destroy, "write anything: destroy nc-plain and make it again");

static void destroy_all(void)
{
	int i;

	for (i = 0; i < NR_CACHES; i++)
		tcslab_cache_destroy(caches[i]);
}

static int __init named_caches_init(void)
{
	int i, err;

	for (i = 0; i < NR_CACHES; i++) {
		err = create(i);
		if (err) {
			destroy_all();
			return err;
		}
	}
	return 0;
}

static void __exit named_caches_exit(void)
{
	destroy_all();
}

module_init(named_caches_init);
module_exit(named_caches_exit);

MODULE_DESCRIPTION("tcslab test: named caches to look at from user space");
MODULE_LICENSE("GPL");
