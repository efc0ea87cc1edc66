// SPDX-License-Identifier: GPL-2.0
/* A driver that uses tcslab as a module of its own: the loader loads tcslab.ko before it. */
#include <linux/module.h>
#include <linux/tcslab.h>

struct request {
	u64 sector;
	u32 length;
};

static struct tcslab_cache *requests;

static int __init mydriver_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(sizeof(struct request));
	struct request *request;

	requests = tcslab_cache_create("mydriver_request", &args);
	if (IS_ERR(requests))
		return PTR_ERR(requests);
	request = tcslab_cache_alloc(requests, GFP_KERNEL);
	if (!request) {
		tcslab_cache_destroy(requests);
		return -ENOMEM;
	}
	tcslab_cache_free(requests, request);
	return 0;
}

static void __exit mydriver_exit(void)
{
	tcslab_cache_destroy(requests);
}

module_init(mydriver_init);
module_exit(mydriver_exit);
MODULE_DESCRIPTION("Example of a driver that uses tcslab");
MODULE_LICENSE("GPL");
