// SPDX-License-Identifier: GPL-2.0
/* A driver that has tcslab linked into it: see Documentation/embedded.md. */
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/tcslab.h>
#include <linux/tcslab_embedded.h>

static unsigned int count = 1000;
module_param(count, uint, 0400);
MODULE_PARM_DESC(count, "requests that are held until the module is unloaded");

struct request {
	struct list_head list;
	char data[1000];
};

static struct dentry *folder;
static struct tcslab_cache *cache;
static LIST_HEAD(requests);

static void free_requests(void)
{
	struct request *request, *next;

	list_for_each_entry_safe(request, next, &requests, list)
		tcslab_cache_free(cache, request);
	tcslab_cache_destroy(cache);
}

static int __init alloc_requests(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(sizeof(struct request));
	unsigned int n;

	cache = tcslab_cache_create("request", &args);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	for (n = 0; n < count; n++) {
		struct request *request = tcslab_cache_alloc(cache, GFP_KERNEL);

		if (!request) {
			pr_info("mydriver: %u of %u requests\n", n, count);
			free_requests();
			return -ENOMEM;
		}
		list_add(&request->list, &requests);
	}
	return 0;
}

static int __init mydriver_init(void)
{
	struct tcslab_embedded_args args = { .limit_bytes = SZ_4M };
	int err;

	folder = debugfs_create_dir("mydriver", NULL);
	args.debugfs = folder;
	err = tcslab_embedded_init(&args);
	if (err)
		goto no_allocator;
	err = alloc_requests();
	if (!err)
		return 0;
	tcslab_embedded_exit();
no_allocator:
	debugfs_remove(folder);
	return err;
}

static void __exit mydriver_exit(void)
{
	free_requests();
	tcslab_embedded_exit();
	debugfs_remove(folder);
}

module_init(mydriver_init);
module_exit(mydriver_exit);
MODULE_DESCRIPTION("Example of a driver with tcslab linked into it");
MODULE_LICENSE("GPL");
