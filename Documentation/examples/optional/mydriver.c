// SPDX-License-Identifier: GPL-2.0
/* A driver that uses tcslab if it is there when this is loaded, and kmalloc() if not. */
#include <linux/module.h>
#include <linux/tcslab_optional.h>

struct request {
	u64 sector;
	u32 length;
};

static const struct tcslab_calls *memory;
static struct tcslab_cache *requests;
static struct request *request;
static void *buffer;

static void free_all(void)
{
	memory->free(buffer);
	if (request)
		memory->cache_free(requests, request);
	memory->cache_destroy(requests);
	tcslab_calls_put(memory);
}

static int __init mydriver_init(void)
{
	memory = tcslab_calls_get();
	pr_info("mydriver: memory from %s\n", memory->name);
	requests = memory->cache_create("mydriver_request", sizeof(struct request), 0, NULL);
	if (requests)
		request = memory->cache_alloc(requests, GFP_KERNEL);
	buffer = memory->alloc(1500, GFP_KERNEL);
	if (request && buffer)
		return 0;
	free_all();
	return -ENOMEM;
}

static void __exit mydriver_exit(void)
{
	free_all();
}

module_init(mydriver_init);
module_exit(mydriver_exit);
MODULE_SOFTDEP("pre: tcslab");
MODULE_DESCRIPTION("Example of a driver that can do without tcslab");
MODULE_LICENSE("GPL");
