// SPDX-License-Identifier: GPL-2.0
/*
 * The budget of the per-CPU arrays: how they earn it, lose it and take it from each other
 *
 * All is done on one CPU after the other.  What makes an array grow or
 * shrink is counted in misses and in rounds of the scavenger, which come once a second.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>
#include "context_test.h"

#define CPU		1
#define MISS_BYTES	512	/* what a miss earns, of an allocation and of a free */
#define ROUND_MS	1000	/* of the scavenger */
#define MANY		128	/* objects that no array is too small for */

static unsigned long budget = SZ_1M;
module_param(budget, ulong, 0444);
MODULE_PARM_DESC(budget, "what cpu_budget_bytes is");

static void *objs[MANY];

static struct tcslab_cpu_cache *array_of_class(unsigned int class, unsigned int cpu)
{
	return per_cpu_ptr(tcslab_general[class]->cpu, cpu);
}

static struct tcslab_cpu_cache *array_of(size_t size)
{
	return array_of_class(tcslab_size_class(size), CPU);
}

static unsigned int held(size_t size)
{
	return READ_ONCE(array_of(size)->count);
}

static unsigned int misses(size_t size)
{
	const struct tcslab_cpu_cache *cc = array_of(size);

	return READ_ONCE(cc->refills) + READ_ONCE(cc->flushes);
}

/* Of all size classes: bytes that the arrays may hold, and objects that they do. */
static unsigned long earned(unsigned int cpu, unsigned long *objects)
{
	unsigned long bytes = 0, n = 0;
	unsigned int class;

	for (class = 1; class < TCSLAB_NR_CLASSES; class++) {
		bytes += READ_ONCE(array_of_class(class, cpu)->earned);
		n += READ_ONCE(array_of_class(class, cpu)->count);
	}
	if (objects)
		*objects = n;
	return bytes;
}

static unsigned int take(size_t size, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		objs[i] = tcslab_alloc(size, GFP_KERNEL);
		if (!objs[i])
			break;
	}
	return i;
}

static void put(unsigned int n)
{
	while (n)
		tcslab_free(objs[--n]);
}

/* ------------------------------------------------------------ slow start */

#define SLOW_SIZE	512

static void test_slow_start(void)
{
	unsigned int before = misses(SLOW_SIZE), most = 0, i, n;
	bool slow = true;

	tcslab_trim();
	for (i = 0; i < 200; i++) {
		n = take(SLOW_SIZE, 40);
		put(n);
		most = max(most, held(SLOW_SIZE));
		slow &= held(SLOW_SIZE) * SLOW_SIZE <=
			(misses(SLOW_SIZE) - before) * MISS_BYTES;
		if (!i)
			context_check(held(SLOW_SIZE) < 40, "an array begins small: %u objects",
				      held(SLOW_SIZE));
	}
	context_check(slow, "it has %u bytes a miss at most", MISS_BYTES);
	before = misses(SLOW_SIZE);
	n = take(SLOW_SIZE, 40);
	put(n);
	context_check(most >= 40 && misses(SLOW_SIZE) == before,
		      "and grows until there are no misses: %u objects", most);
}

/* ------------------------------------------------------------- low water */

#define LOW_SIZE	192

/* What was never needed goes, half of it at a time, and causes no miss. */
static void test_low_water(void)
{
	unsigned long end = jiffies + 8 * HZ;
	unsigned int i, n, full, before;

	for (i = 0; i < 200; i++)
		put(take(LOW_SIZE, 100));
	full = held(LOW_SIZE);
	context_check(full >= 100, "an array with %u objects", full);
	before = array_of(LOW_SIZE)->refills;
	while (time_before(jiffies, end)) {
		n = take(LOW_SIZE, 4);
		msleep(20);
		put(n);
	}
	context_check(held(LOW_SIZE) <= full / 2, "of which four are used: %u are left",
		      held(LOW_SIZE));
	context_check(array_of(LOW_SIZE)->refills == before, "which was enough");
}

/* -------------------------------------------------------------- stealing */

#define RICH_SIZE	1024
#define POOR_SIZE	2048

/* Until the array has got all that there is to get: two rounds without a change. */
static unsigned int make_rich(void)
{
	unsigned long end = jiffies + 20 * HZ, since = jiffies;
	unsigned int last = 0, now;

	while (time_before(jiffies, end) && time_before(jiffies, since + 3 * HZ)) {
		put(take(RICH_SIZE, MANY));
		now = array_of(RICH_SIZE)->earned;
		if (now != last)
			since = jiffies;
		last = now;
		msleep(20);
	}
	return last;
}

static long test_steal(void *unused)
{
	unsigned int rich, i, n, had, before;
	unsigned long end, all;
	void *pair[8];

	rich = make_rich();
	context_check(rich < MANY * RICH_SIZE, "%u bytes are all that a class can get", rich);
	/* No misses from here on, and nothing lies idle in the array for the scavenger to take. */
	n = take(RICH_SIZE, held(RICH_SIZE));
	if (!context_check(n, "%u objects", n))
		return 0;
	before = misses(RICH_SIZE);
	end = jiffies + 3 * HZ;
	while (time_before(jiffies, end)) {
		tcslab_free(objs[n - 1]);
		objs[n - 1] = tcslab_alloc(RICH_SIZE, GFP_KERNEL);
		msleep(20);
	}
	put(n);
	had = array_of(RICH_SIZE)->earned;
	context_check(had && misses(RICH_SIZE) == before,
		      "of which %u are left without a miss", had);
	for (i = 0; i < 40; i++) {
		for (n = 0; n < ARRAY_SIZE(pair); n++)
			pair[n] = tcslab_alloc(POOR_SIZE, GFP_KERNEL);
		while (n)
			tcslab_free(pair[--n]);
	}
	all = earned(CPU, NULL);
	context_check(held(POOR_SIZE) && array_of(RICH_SIZE)->earned < had,
		      "another takes from it: %u objects for %u bytes",
		      held(POOR_SIZE), had - array_of(RICH_SIZE)->earned);
	context_check(all <= budget * num_online_cpus(), "in all %lu bytes", all);
	return 0;
}

/* Others have used up the budget a moment ago, all with misses: what is needed now gets it. */
static long test_now(void *unused)
{
	unsigned long last = 0, now = 0;
	unsigned int round, before;
	size_t size;

	for (round = 0; round < 1000 && (round < 100 || now != last); round++) {
		last = now;
		for (size = 64; size <= 4096; size += size / 4)
			if (tcslab_size_class(size) != tcslab_size_class(POOR_SIZE))
				put(take(size, MANY));
		now = earned(CPU, NULL);
	}
	context_check(now > budget - budget / 8, "others have earned %lu bytes", now);
	for (round = 0; round < 200; round++)
		put(take(POOR_SIZE, 6));
	before = misses(POOR_SIZE);
	put(take(POOR_SIZE, 6));
	context_check(held(POOR_SIZE) >= 6 && misses(POOR_SIZE) == before,
		      "one that needs it now has %u objects and %u misses", held(POOR_SIZE),
		      misses(POOR_SIZE) - before);
	return 0;
}

/* --------------------------------------------------------- between CPUs */

/* Many classes at once, more than a CPU's own budget, for some rounds. */
static long crowd(void *unused)
{
	unsigned long end = jiffies + 8 * HZ;
	size_t size;

	while (time_before(jiffies, end)) {
		for (size = 64; size <= 4096; size *= 2)
			put(take(size, MANY));
		msleep(20);
	}
	return 0;
}

static void test_cpus(void)
{
	unsigned int cpu, round;

	for (round = 0; round < 2; round++) {
		unsigned long all = 0, own;

		work_on_cpu(round, crowd, NULL);
		own = earned(round, NULL);
		for_each_online_cpu(cpu)
			all += earned(cpu, NULL);
		context_check(own > budget + budget / 8,
			      "CPU %u has %lu bytes of the others' budget", round,
			      own - min(own, budget));
		context_check(all <= budget * num_online_cpus(), "all have %lu, %lu is allowed",
			      all, budget * num_online_cpus());
	}
}

/* ------------------------------------------------------------------ idle */

static unsigned int rounds, first_round, last_round, visits;

static int count_round(struct kprobe *probe, struct pt_regs *regs)
{
	rounds++;
	return 0;
}

static int count_visit(struct kprobe *probe, struct pt_regs *regs)
{
	if (smp_processor_id() == CPU) {
		if (!visits++)
			first_round = rounds;
		last_round = rounds;
	}
	return 0;
}

static struct kprobe round_probe = {
	.symbol_name = "tcslab:tcslab_visit_scavenge", .pre_handler = count_round,
};

static struct kprobe visit_probe = {
	.symbol_name = "tcslab:visit_local", .pre_handler = count_visit,
};

static struct kprobe *probes[] = { &round_probe, &visit_probe };

static long fill(void *unused)
{
	unsigned int class, i;

	for (class = 1; class < TCSLAB_NR_CLASSES; class++) {
		size_t size = tcslab_general[class]->size;

		if (size > 512)
			break;
		for (i = 0; i < 100; i++)
			put(take(size, MANY));
	}
	return 0;
}

static long use(void *unused)
{
	put(take(64, MANY));
	return 0;
}

/* So that there is something to look for, wherever we run. */
static void use_elsewhere(void)
{
	unsigned int cpu = cpumask_first(cpu_online_mask);

	if (cpu == CPU)
		cpu = cpumask_next(cpu, cpu_online_mask);
	work_on_cpu(cpu, use, NULL);
}

/* The most that can lie in arrays is gone after one visit. */
static void test_idle(void)
{
	unsigned int before, tries = 10;
	unsigned long full, left;

	if (!context_check(!register_kprobes(probes, ARRAY_SIZE(probes)), "visits can be counted"))
		return;
	/* Not with a round in the middle: what was there before it would go first. */
	do {
		tcslab_trim();
		before = rounds;
		work_on_cpu(CPU, fill, NULL);
	} while (rounds != before && --tries);
	earned(CPU, &full);
	context_check(full > 1024, "a CPU goes idle with %lu objects", full);
	visits = 0;
	msleep(4 * ROUND_MS);
	earned(CPU, &left);
	context_check(!left, "after four seconds it has %lu", left);
	context_check(visits > 1 && first_round == last_round,
		      "and was woken once: %u interrupts in %u round(s)", visits,
		      last_round - first_round + 1);
	visits = 0;
	before = rounds;
	use_elsewhere();
	msleep(4 * ROUND_MS);
	context_check(!visits && rounds != before,
		      "then left alone: %u interrupts in %u rounds", visits, rounds - before);
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

static long test_earn(void *unused)
{
	test_slow_start();
	test_low_water();
	return 0;
}

static char *mode = "";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "earn, steal, now, cpus or idle");

static int __init budget_init(void)
{
	if (!strcmp(mode, "earn"))
		work_on_cpu(CPU, test_earn, NULL);
	else if (!strcmp(mode, "steal"))
		work_on_cpu(CPU, test_steal, NULL);
	else if (!strcmp(mode, "now"))
		work_on_cpu(CPU, test_now, NULL);
	else if (!strcmp(mode, "cpus"))
		test_cpus();
	else if (!strcmp(mode, "idle"))
		test_idle();
	else
		return -EINVAL;
	context_plan();
	return 0;
}

static void __exit budget_exit(void)
{
}

module_init(budget_init);
module_exit(budget_exit);

MODULE_DESCRIPTION("tcslab test: the budget of the per-CPU arrays");
MODULE_LICENSE("GPL");
