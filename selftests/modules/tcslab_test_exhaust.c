// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations of every kind while the kernel's allocators are made to fail
 *
 * Writing a context (task, softirq, hardirq) into the parameter run= does many of them
 * there; "limit" looks whether all that a limited cache may have is still to be had.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define ROUNDS		400
#define OBJECTS		64
#define BULK		8
#define LIMIT_BYTES	SZ_256K

static struct tcslab_cache *cache, *limited;
static unsigned long served, failed;
static struct rnd_state rnd;

static void count(bool ok)
{
	if (ok)
		served++;
	else
		failed++;
}

/* Everything that allocates; what came out is freed again. */
static void one_round(gfp_t gfp)
{
	void *objs[OBJECTS], *bulk[BULK], *obj;
	unsigned int i;
	size_t got;

	for (i = 0; i < OBJECTS; i++) {
		u32 size = prandom_u32_state(&rnd) % 100000 >> prandom_u32_state(&rnd) % 12;

		objs[i] = tcslab_alloc(size + 1, gfp);
		count(objs[i]);
	}
	for (i = 0; i < OBJECTS; i += 5) {
		obj = tcslab_realloc(objs[i], 5000, gfp);
		count(obj);
		if (obj)
			objs[i] = obj;
	}
	got = tcslab_alloc_bulk(3000, gfp, BULK, bulk);
	count(got);
	tcslab_free_bulk(got, bulk);
	got = tcslab_cache_alloc_bulk(cache, gfp, BULK, bulk);
	count(got);
	tcslab_cache_free_bulk(cache, got, bulk);
	obj = tcslab_cache_alloc(cache, gfp);
	count(obj);
	tcslab_cache_free(cache, obj);
	got = tcslab_cache_alloc_bulk(limited, gfp, BULK, bulk);
	count(got);
	tcslab_cache_free_bulk(limited, got, bulk);
	obj = tcslab_alloc(100, gfp | __GFP_ZERO);
	count(obj);
	tcslab_free(obj);
	for (i = 0; i < OBJECTS; i++)
		tcslab_free(objs[i]);
}

/* Nothing that failed is still counted against the limit. */
static int fill_limited(void)
{
	struct tcslab_cache_stats stats;
	void **objs = NULL, **obj;

	while ((obj = tcslab_cache_alloc(limited, GFP_KERNEL | __GFP_NOWARN))) {
		*obj = objs;
		objs = obj;
	}
	tcslab_cache_stats(limited, &stats);
	while ((obj = objs)) {
		objs = *obj;
		tcslab_cache_free(limited, obj);
	}
	pr_notice(CONTEXT_PREFIX "# limit: %lu bytes of %u\n", stats.held_bytes, LIMIT_BYTES);
	return stats.held_bytes == LIMIT_BYTES ? 0 : -ENOSPC;
}

static DECLARE_COMPLETION(ran);

static void in_tasklet(struct tasklet_struct *t)
{
	one_round(GFP_ATOMIC | __GFP_NOWARN);
	complete(&ran);
}

static DECLARE_TASKLET(tasklet, in_tasklet);

static void in_interrupt_work(struct irq_work *work)
{
	one_round(GFP_ATOMIC | __GFP_NOWARN);
	complete(&ran);
}

static struct irq_work irq_work;

/* With the task filter on, allocations fail in this task only. */
static void fail_here(bool on)
{
#ifdef CONFIG_FAULT_INJECTION
	current->make_it_fail = on;
#endif
}

static int run(const char *what, const struct kernel_param *param)
{
	unsigned int i;

	if (sysfs_streq(what, "limit"))
		return fill_limited();
	served = 0;
	failed = 0;
	for (i = 0; i < ROUNDS; i++) {
		/* So that each round has to grow. */
		if (i % 8 == 0)
			tcslab_trim();
		if (sysfs_streq(what, "task")) {
			fail_here(true);
			one_round(i % 2 ? GFP_KERNEL | __GFP_NOWARN : GFP_NOWAIT);
			fail_here(false);
			continue;
		}
		reinit_completion(&ran);
		if (sysfs_streq(what, "softirq"))
			tasklet_schedule(&tasklet);
		else if (sysfs_streq(what, "hardirq"))
			irq_work_queue(&irq_work);
		else
			return -EINVAL;
		wait_for_completion(&ran);
	}
	pr_notice(CONTEXT_PREFIX "# %s: %lu served, %lu failed\n", what, served, failed);
	return failed && served ? 0 : -ENODATA;
}

static const struct kernel_param_ops run_ops = { .set = run };
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "context in which to allocate: task, softirq, hardirq; or limit");

static int __init exhaust_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(700);

	init_irq_work(&irq_work, in_interrupt_work);
	prandom_seed_state(&rnd, 7);
	cache = tcslab_cache_create("exhaust", &args);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	args.limit_bytes = LIMIT_BYTES;
	limited = tcslab_cache_create("exhaust-limited", &args);
	if (IS_ERR(limited))
		tcslab_cache_destroy(cache);
	return PTR_ERR_OR_ZERO(limited);
}

static void __exit exhaust_exit(void)
{
	tasklet_kill(&tasklet);
	irq_work_sync(&irq_work);
	tcslab_cache_destroy(limited);
	tcslab_cache_destroy(cache);
}

module_init(exhaust_init);
module_exit(exhaust_exit);

MODULE_DESCRIPTION("tcslab test: exhaustion");
MODULE_LICENSE("GPL");
