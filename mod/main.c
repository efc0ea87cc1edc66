// SPDX-License-Identifier: GPL-2.0
/* tcslab: load and unload, tier by tier */
#include <linux/init.h>
#include <linux/module.h>

#include "border.h"
#include "cache.h"
#include "chardev.h"
#include "debugfs.h"
#include "nested.h"
#include "nodes.h"
#include "page_heap.h"
#include "pressure.h"
#include "rcu.h"
#include "scavenger.h"
#include "size_class.h"
#include "stock.h"

static bool checks;
module_param(checks, bool, 0400);
MODULE_PARM_DESC(checks, "close all per-CPU arrays, so that every free is verified at once (slow)");

/* There only to be found by name, see tcslab.h. */
const char TCSLAB_ABI[1];
EXPORT_SYMBOL_GPL(TCSLAB_ABI);

static int __init tcslab_init(void)
{
	int err;

	tcslab_size_class_init();
	tcslab_nested_init();
	tcslab_rcu_init();
	tcslab_nodes_init();
	err = tcslab_page_heap_init();
	if (err)
		return err;
	err = tcslab_cache_init(checks);
	if (err)
		goto exit_page_heap;
	err = tcslab_pressure_init();
	if (err)
		goto exit_cache;
	err = tcslab_border_init();
	if (err)
		goto exit_pressure;
	/* Last of what can fail: an open file keeps no module that did not load. */
	err = tcslab_chardev_init();
	if (err)
		goto exit_border;
	tcslab_debugfs_init();
	tcslab_nodes_watch();
	tcslab_stock_init();
	return 0;

exit_border:
	tcslab_border_exit();
exit_pressure:
	tcslab_pressure_exit();
exit_cache:
	tcslab_stock_exit();
	tcslab_scavenger_exit();
	tcslab_cache_exit();
exit_page_heap:
	tcslab_page_heap_exit();
	return err;
}

static void __exit tcslab_exit(void)
{
	tcslab_nodes_unwatch();
	tcslab_debugfs_exit();
	tcslab_chardev_exit();
	tcslab_border_exit();
	tcslab_rcu_exit();
	tcslab_pressure_exit();
	/* Filling the stock wakes the scavenger. */
	tcslab_stock_exit();
	tcslab_scavenger_exit();
	tcslab_cache_exit();
	tcslab_page_heap_exit();
}

module_init(tcslab_init);
module_exit(tcslab_exit);

MODULE_DESCRIPTION("TCMalloc-style slab allocator for kernel modules");
MODULE_AUTHOR("tcslab developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
