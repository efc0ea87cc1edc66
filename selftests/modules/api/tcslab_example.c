// SPDX-License-Identifier: GPL-2.0
/* A driver's view of tcslab: a named cache with a limit, bulk, free_rcu, statistics. */
#include <linux/module.h>

#include <linux/tcslab.h>

#define REQUESTS	64
#define ROUNDS		100

struct request {
	u64 sector;
	void *buffer;
	struct rcu_head rcu;
	u8 header[200];
};

static struct tcslab_cache *requests;
static struct request __rcu *current_request;	/* readers look under rcu_read_lock() */

static int submit(void)
{
	void *batch[REQUESTS];
	struct request *rq;
	int i, err = 0;

	/* All or none, also with interrupts off. */
	if (!tcslab_cache_alloc_bulk(requests, GFP_KERNEL | __GFP_ZERO, REQUESTS, batch))
		return -ENOMEM;
	for (i = 0; i < REQUESTS; i++) {
		rq = batch[i];
		rq->sector = i;
		rq->buffer = tcslab_alloc(1500 + i, GFP_KERNEL);
		if (!rq->buffer)
			err = -ENOMEM;
	}
	for (i = 0; i < REQUESTS; i++) {
		rq = batch[i];
		tcslab_free(rq->buffer);
	}
	tcslab_cache_free_bulk(requests, REQUESTS, batch);
	return err;
}

/* Readers may still look at the old one: it is freed when they cannot any more. */
static int replace_current(u64 sector)
{
	struct request *rq = tcslab_cache_zalloc(requests, GFP_KERNEL);

	if (!rq)
		return -ENOMEM;
	rq->sector = sector;
	rq = rcu_replace_pointer(current_request, rq, true);
	tcslab_free_rcu(rq, rcu);
	return 0;
}

static int __init example_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(sizeof(struct request));
	struct tcslab_cache_stats stats;
	int i, err = 0;

	args.flags = TCSLAB_HWCACHE_ALIGN;
	args.limit_bytes = SZ_1M;
	requests = tcslab_cache_create("example_request", &args);
	if (IS_ERR(requests))
		return PTR_ERR(requests);
	for (i = 0; !err && i < ROUNDS; i++)
		err = submit() ?: replace_current(i);
	tcslab_cache_stats(requests, &stats);
	pr_info("tcslab_example: %d rounds, %lu requests in use, %lu cached, %lu spans of %zu bytes, limit %lu KiB, %lu refused\n",
		i, stats.in_use, stats.cpu_cached + stats.transfer_cached, stats.spans,
		stats.span_bytes, stats.limit_bytes / SZ_1K, stats.limit_refusals);
	if (err) {
		tcslab_cache_free(requests, rcu_access_pointer(current_request));
		tcslab_cache_destroy(requests);
	}
	return err;
}

static void __exit example_exit(void)
{
	tcslab_cache_free(requests, rcu_access_pointer(current_request));
	/* Waits for what tcslab_free_rcu() has. */
	tcslab_cache_destroy(requests);
}

module_init(example_init);
module_exit(example_exit);

MODULE_DESCRIPTION("tcslab example");
MODULE_LICENSE("GPL");
