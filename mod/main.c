// SPDX-License-Identifier: GPL-2.0
/*
 * tcslab: load and unload, step by step
 *
 * Unload, and a load that fails, undo the steps from the last one to the first.  While exit
 * runs nobody uses us: who does holds the module, and so does an open file of the device or of
 * debugfs.  What is left is what others call and what was queued.  Each step ends what it is
 * about, for good, and who can queue something is ended before that which he queues:
 *
 *   debugfs     Files go, calls under way are waited for.  They trim, which needs all below.
 *   chardev     The same.
 *   slab_heap   The notifier of modules that go goes, and is waited for.  It ends heaps.
 *   border      Kprobes go, running handlers are waited for.  They free objects.
 *   pressure    Shrinker, OOM and hot-remove notifiers go, and are waited for.  They drain and
 *               release; spans type-safe by RCU then wait for a grace period.
 *   nodes       The notifier of memory that comes goes, and is waited for.  It queues nothing.
 *   hotplug     The callback goes and is waited for.  It queued reap_work for CPUs that could not.
 *               A CPU that goes from here on leaves its arrays and what it parked where they
 *               are.
 *   rcu         reap_work is queued by nobody any more once all have seen "stopped", call_soon
 *               has run, and reap_work is cancelled.  Then all objects that wait are freed from
 *               here, after a grace period, on CPUs that went as well.  There are no callbacks.
 *   stock       On PREEMPT_RT, its work has run or is cancelled (base/soon.h).  It makes the
 *               heap grow, which wakes the scavenger.
 *   scavenger   Its works queue each other until they see that they have to stop.  They drain
 *               and release, so what they queue is what pressure's does.
 *   low_zone    The same: who allocates has asked for it.
 *   guard_timer Its worker is cancelled, after what wakes it: no array is hidden from here on.
 *               What frees guarded objects later is waited for where arrays are emptied.
 *   cache       What is parked is sorted in, with CPUs kept from going the arrays are emptied,
 *               also those of CPUs that went.  Spans type-safe by RCU have come back when
 *               tcslab_rcu_barrier() returns.  A minimum's irq_work has run before it is
 *               freed, and so has that of who waits at a limit.
 *   guards      Guarded objects that were freed have gone with the caches' last.  Those that leaked
 *               keep their pages.
 *   page heap   Nothing is left that could call it.
 *   kasan       Under KASAN: no probe runs that adds to its reports.
 *   notes       Of who allocated what, which a report of leaks wants to know.
 *
 * Module parameters are plain variables: who writes one calls nobody, but for guard_interval, which
 * is heard between the two ends of its step.  They go after exit.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/nodemask.h>

#include <linux/tcslab_embedded.h>
#include <linux/tcslab_version.h>

#include "back/nodes.h"
#include "back/page_heap.h"
#include "base/random.h"
#include "base/window.h"
#include "caches/cache.h"
#include "caches/leaks.h"
#include "caches/limit_wait.h"
#include "caches/heap.h"
#include "caches/low_zone.h"
#include "caches/rcu.h"
#include "caches/size_class.h"
#include "debug/guard.h"
#include "debug/kasan_report.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "middle/park.h"
#include "policy/guard_timer.h"
#include "policy/hotplug.h"
#include "policy/node_watch.h"
#include "policy/pressure.h"
#include "policy/scavenger.h"
#include "policy/stock.h"
#include "slab/border.h"
#include "slab/slab_heap.h"
#include "user/chardev.h"
#include "user/debug_files.h"
#include "user/debugfs.h"

static bool checks;
module_param(checks, bool, 0400);
MODULE_PARM_DESC(checks, "close all per-CPU arrays, so that every free is verified at once (slow)");

#ifndef TCSLAB_EMBEDDED
/* There only to be found by name, see tcslab.h. */
const char TCSLAB_ABI[1];
EXPORT_SYMBOL_GPL(TCSLAB_ABI);
#endif

/* What a lower tier asks of the upper ones; before anything can ask. */
static void __init set_hooks(void)
{
	static const struct tcslab_central_hooks central = {
		.came_back = tcslab_limit_wake,
		.defer = tcslab_rcu_add_span,
		.free_large = tcslab_free_slow,
	};
	static const struct tcslab_cache_debug_hooks debug = {
		.made = tcslab_debug_files_made,
		.goes = tcslab_debug_files_goes,
	};
	static const struct tcslab_cpu_cache_hooks front = { .is_narrow = tcslab_cache_is_narrow };

	tcslab_cache_set_debug_hooks(&debug);
	tcslab_central_set_hooks(&central);
	tcslab_cpu_cache_set_hooks(&front);
	tcslab_leaks_set_caller(tcslab_border_caller);
}

static void __init guard_init(void)
{
	static const struct tcslab_guard_hooks hooks = {
		.free = tcslab_cache_free_slow,
		.free_later = tcslab_cache_free_central,
		.consumed = tcslab_guard_timer_consumed,
	};

	tcslab_guard_init(&hooks);
}

static int __init page_heap_init(void)
{
	static const struct tcslab_page_heap_hooks hooks = {
		.wake = tcslab_scavenger_wake,
		.stock_is_low = tcslab_stock_wanted,
	};

	return tcslab_page_heap_init(&hooks);
}

static int __init cache_init(void)
{
	return tcslab_cache_init(checks);
}

static int __init nodes_watch(void)
{
	tcslab_nodes_watch();
	return 0;
}

static int __init nothing(void)
{
	return 0;
}

/**
 * struct step - of load and unload
 * @name: for tests
 * @start: undoes what it did if it fails
 * @stop: waits for whatever may still run
 */
struct step {
	const char *name;
	int (*start)(void);
	void (*stop)(void);
};

/* The device is the last that can fail: an open file keeps no module that did not load. */
static const struct step steps[] __refconst = {
	{ "notes",	nothing,		tcslab_border_forget },
	{ "kasan",	tcslab_kasan_report_init, tcslab_kasan_report_exit },
	{ "page_heap",	page_heap_init,		tcslab_page_heap_exit },
	{ "guards",	nothing,		tcslab_guard_exit },
	{ "heaps",	nothing,		tcslab_heap_exit },
	{ "cache",	cache_init,		tcslab_cache_exit },
	{ "guard_timer", tcslab_guard_timer_init, tcslab_guard_timer_exit },
	{ "low_zone",	nothing,		tcslab_low_zone_exit },
	{ "heap_classes", tcslab_heap_init,	tcslab_heap_stop },
	{ "scavenger",	nothing,		tcslab_scavenger_exit },
	{ "stock",	tcslab_stock_init,	tcslab_stock_exit },
	{ "rcu",	nothing,		tcslab_rcu_exit },
	{ "hotplug",	tcslab_hotplug_init,	tcslab_hotplug_exit },
	{ "nodes",	nodes_watch,		tcslab_nodes_unwatch },
	{ "pressure",	tcslab_pressure_init,	tcslab_pressure_exit },
	{ "border",	tcslab_border_init,	tcslab_border_exit },
	{ "slab_heap",	tcslab_slab_heap_init,	tcslab_slab_heap_exit },
#ifndef TCSLAB_EMBEDDED
	{ "chardev",	tcslab_chardev_init,	tcslab_chardev_exit },
#endif
	{ "debugfs",	tcslab_debugfs_init,	tcslab_debugfs_exit },
};

static void stop(unsigned int n)
{
	while (n--) {
		tcslab_window(steps[n].name);
		steps[n].stop();
	}
}

/* What this load is, for whoever reads the log of a machine that is not his. */
static void __init say_hello(void)
{
	pr_info("tcslab: " KBUILD_MODNAME " " TCSLAB_VERSION
		", nodes %u, checks %s, border %s, guard interval %u ms, hard limit %lu bytes\n",
		num_node_state(N_MEMORY), checks ? "on" : "off",
		tcslab_border_is_on() ? "on" : "off", tcslab_guard_timer_interval(),
		tcslab_hard_limit_bytes);
}

static int __init start(void)
{
	unsigned int i;
	int err;

	tcslab_random_init();
	tcslab_size_class_init();
	set_hooks();
	guard_init();
	tcslab_park_init();
	tcslab_rcu_init();
	tcslab_nodes_init();
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		err = steps[i].start();
		if (!err && tcslab_window_fails(steps[i].name)) {
			err = -ENOMEM;
			i++;
		}
		if (err) {
			stop(i);
			return err;
		}
	}
	say_hello();
	return 0;
}

#ifdef TCSLAB_EMBEDDED

/**
 * tcslab_embedded_init() - start the allocator that is linked into this driver
 * @args: what the driver wants of it; NULL for nothing
 *
 * The first call of the driver's init, but for the folder that @args names.
 *
 * Context: may sleep.
 * Return: 0, or a negative error number with nothing left behind.
 */
int __init tcslab_embedded_init(const struct tcslab_embedded_args *args)
{
	/* The administrator's limit, a parameter, comes before the driver's. */
	if (args && !tcslab_hard_limit_bytes)
		tcslab_hard_limit_bytes = args->limit_bytes;
	tcslab_debugfs_set_parent(args ? args->debugfs : NULL);
	return start();
}

/**
 * tcslab_embedded_exit() - stop it
 *
 * The last call of the driver's exit, when all objects are free, or of its init that fails
 * later.  What is not free is reported, as when tcslab.ko is unloaded.
 *
 * Context: may sleep.
 */
void tcslab_embedded_exit(void)
{
	stop(ARRAY_SIZE(steps));
}

#else

static int __init tcslab_init(void)
{
	return start();
}

static void __exit tcslab_exit(void)
{
	stop(ARRAY_SIZE(steps));
}

module_init(tcslab_init);
module_exit(tcslab_exit);

MODULE_DESCRIPTION("TCMalloc-style slab allocator for kernel modules");
MODULE_AUTHOR("tcslab developers");
/* A page that is there where the package tcslab-doc is. */
MODULE_INFO(homepage, "file:///usr/share/doc/tcslab-doc/html/index.html");
MODULE_LICENSE("GPL");
MODULE_VERSION(TCSLAB_VERSION);

#endif
