// SPDX-License-Identifier: GPL-2.0
/*
 * Isolated CPUs are left alone while they do not allocate
 *
 * The last CPU, isolated by the command line, leaves objects in its array and goes to
 * sleep.  Then everything that could disturb it happens on the others for some
 * seconds: allocations, trims, shrinks, the scavenger, caches that come and go.  A
 * probe counts our IPIs to each CPU, of drains and of the scavenger.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define SECONDS	5
#define HELD	100

static struct tcslab_cache *ours, *theirs;
static DEFINE_PER_CPU(unsigned long, drained);
static DEFINE_PER_CPU(unsigned long, scavenged);
static void *objs[HELD];

static int count_drain(struct kprobe *probe, struct pt_regs *regs)
{
	this_cpu_inc(drained);
	return 0;
}

static int count_scavenge(struct kprobe *probe, struct pt_regs *regs)
{
	this_cpu_inc(scavenged);
	return 0;
}

/* Where others make a CPU run something of ours. */
static struct kprobe drain_probe = {
	.symbol_name = "tcslab:drain_local", .pre_handler = count_drain,
};

static struct kprobe scavenge_probe = {
	.symbol_name = "tcslab:visit_local", .pre_handler = count_scavenge,
};

static struct kprobe *probes[] = { &drain_probe, &scavenge_probe };

static void use(struct tcslab_cache *cache)
{
	unsigned int i;

	for (i = 0; i < HELD; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < HELD; i++)
		tcslab_cache_free(cache, objs[i]);
}

static void use_theirs(struct work_struct *work)
{
	use(theirs);
}

/* All that there are, and back into the array of this CPU. */
static unsigned int take_all(struct tcslab_cache *cache)
{
	unsigned int n = 0;

	while (n < HELD) {
		objs[n] = tcslab_cache_alloc(cache, GFP_NOWAIT | __GFP_NOWARN);
		if (!objs[n])
			break;
		n++;
	}
	return n;
}

static struct tcslab_cache *scarce;

static void use_scarce(struct work_struct *work)
{
	unsigned int i, n;

	/* Each miss earns the array some room. */
	for (i = 0; i < 50; i++)
		for (n = take_all(scarce); n; n--)
			tcslab_cache_free(scarce, objs[n - 1]);
}

static unsigned long cached(struct tcslab_cache *cache)
{
	struct tcslab_cache_stats stats;

	tcslab_cache_stats(cache, &stats);
	return stats.cpu_cached;
}

static void disturb(struct tcslab_cache_args args)
{
	unsigned long end = jiffies + SECONDS * HZ;

	while (time_before(jiffies, end)) {
		struct tcslab_cache *cache = tcslab_cache_create("isolated-third", &args);

		use(ours);
		if (!IS_ERR(cache)) {
			use(cache);
			tcslab_cache_shrink(cache);
			tcslab_cache_destroy(cache);
		}
		tcslab_cache_shrink(ours);
		tcslab_cache_shrink(theirs);
		tcslab_trim();
		tcslab_free_rcu_mightsleep(tcslab_alloc(100, GFP_KERNEL));
		msleep(50);
	}
	/* Something for the scavenger: nobody else has emptied these when it looks. */
	use(ours);
	msleep(2500);
}

static void test(int cpu, struct tcslab_cache_args args)
{
	struct work_struct work;
	unsigned long left;

	INIT_WORK_ONSTACK(&work, use_theirs);
	schedule_work_on(cpu, &work);
	flush_work(&work);
	destroy_work_on_stack(&work);
	left = cached(theirs);
	context_check(left, "CPU %d has %lu objects in its array", cpu, left);
	msleep(1000);
	disturb(args);
	context_check(!per_cpu(drained, cpu) && !per_cpu(scavenged, cpu),
		      "it was not interrupted (%lu drains, %lu visits of the scavenger)",
		      per_cpu(drained, cpu), per_cpu(scavenged, cpu));
	context_check(per_cpu(drained, 0) && per_cpu(scavenged, 0),
		      "as others were (%lu drains, %lu visits of the scavenger)",
		      per_cpu(drained, 0), per_cpu(scavenged, 0));
	context_check(cached(theirs) == left, "and has its objects still");
	context_check(!tcslab_cache_destroy(theirs) && per_cpu(drained, cpu),
		      "until its cache goes");
}

/* Who waits at a limit must find what an isolated CPU has: there may be no more. */
static void test_wait(int cpu, struct tcslab_cache_args args)
{
	struct work_struct work;
	unsigned int n;
	void *obj;

	args.limit_bytes = 2 * PAGE_SIZE;
	args.flags = TCSLAB_LIMIT_WAIT;
	scarce = tcslab_cache_create("isolated-scarce", &args);
	if (!context_check(!IS_ERR(scarce), "a cache with a limit"))
		return;
	INIT_WORK_ONSTACK(&work, use_scarce);
	schedule_work_on(cpu, &work);
	flush_work(&work);
	destroy_work_on_stack(&work);
	context_check(cached(scarce), "the CPU has %lu of its objects", cached(scarce));
	n = take_all(scarce);
	obj = tcslab_cache_alloc(scarce, GFP_KERNEL);
	context_check(obj, "who waits gets one, after %u that were elsewhere", n);
	tcslab_cache_free(scarce, obj);
	while (n--)
		tcslab_cache_free(scarce, objs[n]);
	context_check(!tcslab_cache_destroy(scarce), "destroyed");
}

static int __init isolated_init(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(200);
	int cpu = num_online_cpus() - 1, err;

	ours = tcslab_cache_create("isolated-ours", &args);
	theirs = tcslab_cache_create("isolated-theirs", &args);
	if (IS_ERR(ours) || IS_ERR(theirs))
		return -ENOMEM;
	err = register_kprobes(probes, ARRAY_SIZE(probes));
	if (context_check(!err, "IPIs can be counted")) {
		test(cpu, args);
		unregister_kprobes(probes, ARRAY_SIZE(probes));
	}
	test_wait(cpu, args);
	tcslab_cache_destroy(ours);
	context_plan();
	return 0;
}

static void __exit isolated_exit(void)
{
}

module_init(isolated_init);
module_exit(isolated_exit);

MODULE_DESCRIPTION("tcslab test: isolated CPUs");
MODULE_LICENSE("GPL");
