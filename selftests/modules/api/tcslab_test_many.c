// SPDX-License-Identifier: GPL-2.0
/*
 * Many named caches: what it takes to create, use, drain and destroy them
 *
 * The clock of a guest under icount counts instructions, so the times that are printed are
 * numbers of those; the shell compares.
 */
#include <linux/cpumask.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>
#include "context_test.h"

static unsigned int n = 1000;
module_param(n, uint, 0444);
MODULE_PARM_DESC(n, "caches");

static struct tcslab_cache **caches;
static void **kept;
static u64 begun;

static void begin(void)
{
	begun = ktime_get_ns();
}

static void end(const char *what)
{
	pr_notice("tcslab-many: %u %s %llu\n", n, what, ktime_get_ns() - begun);
}

static bool create_all(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(0);
	char name[16];
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct tcslab_cache *cache;

		args.size = 64 + i % 64 * 8;
		snprintf(name, sizeof(name), "many-%u", i);
		cache = tcslab_cache_create(name, &args);
		if (IS_ERR(cache))
			return false;
		caches[i] = cache;
	}
	return true;
}

static bool destroy_all(void)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < n; i++)
		good &= !tcslab_cache_destroy(caches[i]);
	return good;
}

/* One object of each in the array of this CPU. */
static long use(void *nr_used)
{
	unsigned int i;

	for (i = 0; i < *(unsigned int *)nr_used; i++) {
		void *a = tcslab_cache_alloc(caches[i], GFP_KERNEL);
		void *b = tcslab_cache_alloc(caches[i], GFP_KERNEL);

		tcslab_cache_free(caches[i], a);
		tcslab_cache_free(caches[i], b);
	}
	return 0;
}

static void use_everywhere(unsigned int nr_used)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		work_on_cpu(cpu, use, &nr_used);
}

#ifdef CONFIG_KPROBES
static unsigned int visits[NR_CPUS];

static int count_visit(struct kprobe *probe, struct pt_regs *regs)
{
	visits[raw_smp_processor_id()]++;
	return 0;
}

static struct kprobe visit_probe = {
	.symbol_name = "tcslab:visit_local", .pre_handler = count_visit,
};

static struct kprobe drain_probe = {
	.symbol_name = "tcslab:drain_local", .pre_handler = count_visit,
};

static struct kprobe *probes[] = { &visit_probe, &drain_probe };

/* The most visits to one CPU, and of all. */
static unsigned int count_visits(unsigned int used, unsigned int *all)
{
	unsigned int cpu, most = 0;

	use_everywhere(used);
	memset(visits, 0, sizeof(visits));
	tcslab_trim();
	*all = 0;
	for_each_online_cpu(cpu) {
		most = max(most, visits[cpu]);
		*all += visits[cpu];
	}
	return most;
}

/*
 * A drain of all caches interrupts each CPU once, whatever their number.  The scavenger
 * may come between: then once more.
 */
static void test_visits(void)
{
	const unsigned int used = min(n, 20U);
	unsigned int most = 0, all = 0, tries;

	if (!context_check(!register_kprobes(probes, ARRAY_SIZE(probes)), "visits can be counted"))
		return;
	tcslab_trim();
	for (tries = 0; tries < 10 && most != 1; tries++)
		most = count_visits(used, &all);
	unregister_kprobes(probes, ARRAY_SIZE(probes));
	context_check(all && most == 1,
		      "a trim of %u caches with objects on %u CPUs: %u interrupts, %u at most on one",
		      used, num_online_cpus(), all, most);
}
#else
static void test_visits(void) {}
#endif

static unsigned int partial;
module_param(partial, uint, 0444);
MODULE_PARM_DESC(partial, "make so many spans with a free object instead, and time who looks at them");

static unsigned long longest;
module_param(longest, ulong, 0444);
MODULE_PARM_DESC(longest, "most instructions that a look at one cache took");

#ifdef CONFIG_KPROBES
static int look_begins(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	*(u64 *)instance->data = ktime_get_mono_fast_ns();
	return 0;
}

static int look_ends(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	longest = max_t(u64, longest, ktime_get_mono_fast_ns() - *(u64 *)instance->data);
	return 0;
}

static struct kretprobe look_probe = {
	.kp.symbol_name = "tcslab:tcslab_central_occupancy",
	.entry_handler = look_begins,
	.handler = look_ends,
	.data_size = sizeof(u64),
};

/* Objects of half a page: each span of one page keeps one; with a limit none is longer. */
static int make_partial(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(PAGE_SIZE / 2);
	struct tcslab_cache_stats stats;
	unsigned int i;

	caches = vcalloc(1, sizeof(*caches));
	kept = vcalloc(2 * partial, sizeof(*kept));
	if (!caches || !kept)
		return -ENOMEM;
	n = 1;
	args.limit_bytes = 2 * (size_t)partial * PAGE_SIZE;
	caches[0] = tcslab_cache_create("partial", &args);
	if (IS_ERR(caches[0]))
		return PTR_ERR(caches[0]);
	for (i = 0; i < 2 * partial; i++)
		kept[i] = tcslab_cache_alloc(caches[0], GFP_KERNEL | __GFP_NORETRY);
	for (i = 1; i < 2 * partial; i += 2)
		tcslab_cache_free(caches[0], kept[i]);
	tcslab_cache_stats(caches[0], &stats);
	context_check(stats.spans >= partial / 2 && stats.in_use == partial, "%lu spans",
		      stats.spans);
	context_check(!register_kretprobe(&look_probe), "looks can be timed");
	context_plan();
	return 0;
}

static void free_partial(void)
{
	unsigned int i;

	unregister_kretprobe(&look_probe);
	for (i = 0; i < partial; i++)
		tcslab_cache_free(caches[0], kept[2 * i]);
	vfree(kept);
}
#else
static int make_partial(void)
{
	return -EOPNOTSUPP;
}

static void free_partial(void)
{
}
#endif

static int __init many_init(void)
{
	if (partial)
		return make_partial();
	caches = vcalloc(n, sizeof(*caches));
	if (!caches)
		return -ENOMEM;
	begin();
	if (!create_all()) {
		destroy_all();
		vfree(caches);
		return -ENOMEM;
	}
	end("create");
	test_visits();
	tcslab_trim();
	use_everywhere(n);
	begin();
	tcslab_trim();
	end("drain");
	begin();
	tcslab_trim();
	end("drain-nothing");
	use_everywhere(n);
	context_plan();
	return 0;
}

static void __exit many_exit(void)
{
	if (partial)
		free_partial();
	begin();
	if (!destroy_all())
		pr_notice("tcslab-many: %u undestroyed\n", n);
	end("destroy");
	vfree(caches);
}

module_init(many_init);
module_exit(many_exit);

MODULE_DESCRIPTION("tcslab test: many named caches");
MODULE_LICENSE("GPL");
