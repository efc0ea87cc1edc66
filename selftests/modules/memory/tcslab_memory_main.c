// SPDX-License-Identifier: GPL-2.0
/*
 * Loads that show what an allocator holds; see tcslab_memory.h
 *
 *   insmod tcslab_memory.ko mode=sparse [count=] [seconds=]
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/umh.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>
#include "context_test.h"
#include "tcslab_memory.h"

static char *mode = "";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "which load");

static unsigned int count;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "objects, or MiB (0: the load's own number)");

static unsigned int seconds;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long (0: the load's own time)");

static bool naive;
module_param(naive, bool, 0444);
MODULE_PARM_DESC(naive, "sawtooth: give everything back after each tooth");

struct object {
	void *mem;
	u32 size;
};

static struct object *objects;

static bool make_table(unsigned int n)
{
	objects = vzalloc(array_size(n, sizeof(*objects)));
	return context_check(objects, "a table of %u objects", n);
}

/* Small ones are more frequent, as in life: uniform, cut down by up to five bits. */
static u32 mixed_size(struct rnd_state *rnd)
{
	return (prandom_u32_state(rnd) % MAX_SIDE_SIZE >> prandom_u32_state(rnd) % 6) + 1;
}

static void release(const struct side *side, unsigned int i)
{
	if (objects[i].mem)
		side->free(objects[i].mem, objects[i].size);
	objects[i].mem = NULL;
}

/* Objects of sizes between half of @largest and it, until there are so many bytes. */
static unsigned int load(const struct side *side, unsigned int n, u64 bytes, u32 largest)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < n && bytes; i++) {
		u32 size = largest / 2 + prandom_u32_state(&rnd) % (largest / 2) + 1;

		objects[i].size = min_t(u64, size, bytes);
		objects[i].mem = side->alloc(objects[i].size);
		if (!objects[i].mem)
			break;
		bytes -= objects[i].size;
		if (i % 1024 == 0)
			cond_resched();
	}
	return i;
}

static void unload(const struct side *side, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		release(side, i);
		if (i % 1024 == 0)
			cond_resched();
	}
}

/* ------------------------------------------------------------------ sparse */

/* Many objects of mixed sizes; all but a tenth are freed at random. */
static void sparse(void)
{
	unsigned int n = count ?: 1000000, i;
	long held[NR_SIDES], full[NR_SIDES];
	struct rnd_state rnd;
	int s;

	if (!make_table(n))
		return;
	for (s = 0; s < NR_SIDES; s++) {
		const struct side *side = &memory_sides[s];
		unsigned long failed = 0;

		if (!context_check(!side->open(), "%s is ready", side->name))
			continue;
		prandom_seed_state(&rnd, 42);
		for (i = 0; i < n; i++) {
			objects[i].size = mixed_size(&rnd);
			objects[i].mem = side->alloc(objects[i].size);
			failed += !objects[i].mem;
			if (i % 1024 == 0)
				cond_resched();
		}
		full[s] = side->pages();
		for (i = 0; i < n; i++) {
			if (prandom_u32_state(&rnd) % 10)
				release(side, i);
			if (i % 1024 == 0)
				cond_resched();
		}
		side->shrink();
		held[s] = side->pages();
		unload(side, n);
		side->close();
		context_check(!failed, "%u objects through %s, %lu failed", n, side->name, failed);
	}
	memory_row("mixed-sizes-pages", full);
	memory_row("random-tenth-left-pages", held);
	context_check(held[0] <= held[1], "a random tenth left: not more pages than SLUB");
}

/* -------------------------------------------------------------------- idle */

/* Much memory, all of it freed, then nothing is done for a while. */
static void load_and_rest(void)
{
	unsigned int mib = count ?: 512, n = mib * 1024, i;
	long full[NR_SIDES], after[NR_SIDES], left;
	int s;

	if (!make_table(n))
		return;
	for (s = 0; s < NR_SIDES; s++) {
		const struct side *side = &memory_sides[s];
		u64 bytes = (u64)mib << 20;

		if (!context_check(!side->open(), "%s is ready", side->name))
			continue;
		i = load(side, n, bytes, MAX_SIDE_SIZE);
		full[s] = side->pages();
		unload(side, i);
		msleep((seconds ?: 10) * 1000);
		after[s] = side->pages();
		side->shrink();
		left = side->pages();
		if (!s)
			context_check(!left, "%ld pages held after a trim", left);
		side->close();
	}
	memory_row("loaded-pages", full);
	memory_row("idle-pages", after);
	context_check(after[0] * 20 <= full[0], "idle: at most 5 %% of %ld pages are held, %ld",
		      full[0], after[0]);
}

/* ------------------------------------------------------------- hold, park */

/* Load and free, and leave what is held then to who loaded us. */
static void leave_free(void)
{
	unsigned int mib = count ?: 64, n = mib * 1024;

	if (!make_table(n))
		return;
	memory_sides[0].open();
	n = load(&memory_sides[0], n, (u64)mib << 20, MAX_SIDE_SIZE);
	unload(&memory_sides[0], n);
	pr_notice(CONTEXT_PREFIX "# %lu pages are held\n", tcslab_held_pages());
}

/* The same, but in use until we are unloaded; what was written then is looked for. */
static unsigned int nr_held;

static void hold(void)
{
	unsigned int mib = count ?: 64, i;

	if (!make_table(mib * 1024))
		return;
	nr_held = load(&memory_sides[0], mib * 1024, (u64)mib << 20, MAX_SIDE_SIZE);
	for (i = 0; i < nr_held; i++)
		memset64(objects[i].mem, i, objects[i].size / sizeof(u64));
	pr_notice(CONTEXT_PREFIX "# %lu pages are held\n", tcslab_held_pages());
}

#define PARK_SIZES	5
#define PARK_OBJECTS	100

/* Returns the bytes that this CPU's arrays hold then; the scavenger may come at any time later. */
static long park_here(void *unused)
{
	void *objs[PARK_OBJECTS];
	int size, i, round;
	long bytes = 0;

	/* Arrays grow with misses. */
	for (round = 0; round < 30; round++) {
		for (size = 0; size < PARK_SIZES; size++) {
			for (i = 0; i < PARK_OBJECTS; i++)
				objs[i] = tcslab_alloc(64 << size, GFP_KERNEL);
			for (i = 0; i < PARK_OBJECTS; i++)
				tcslab_free(objs[i]);
		}
		cond_resched();
	}
	for (size = 0; size < PARK_SIZES; size++) {
		struct tcslab_cache *cache = tcslab_general[tcslab_size_class(64 << size)];

		bytes += raw_cpu_ptr(cache->cpu)->count * cache->size;
	}
	return bytes;
}

/* Every CPU fills its arrays; then all rest but one. */
static void park(void)
{
	unsigned long end;
	unsigned int cpu;
	long bytes = 0;

	for_each_online_cpu(cpu)
		bytes += work_on_cpu(cpu, park_here, NULL);
	pr_notice(CONTEXT_PREFIX "# parked %ld\n", bytes);
	migrate_disable();
	pr_notice(CONTEXT_PREFIX "# busy %u\n", raw_smp_processor_id());
	end = jiffies + (seconds ?: 5) * HZ;
	while (time_before(jiffies, end)) {
		tcslab_free(tcslab_alloc(100, GFP_KERNEL));
		cond_resched();
	}
	migrate_enable();
}

/* ---------------------------------------------------------------- sawtooth */

/* Up to so many MiB and down to nothing, ten times a second. */
static void sawtooth(void)
{
	unsigned int mib = count ?: 64, n = mib * 1024, teeth = 0;
	unsigned long end, next;

	if (!make_table(n))
		return;
	next = jiffies;
	end = jiffies + (seconds ?: 30) * HZ;
	while (time_before(jiffies, end)) {
		unsigned int loaded = load(&memory_sides[0], n, (u64)mib << 20, MAX_SIDE_SIZE);

		unload(&memory_sides[0], loaded);
		if (naive)
			tcslab_trim();
		teeth++;
		next += HZ / 10;
		if (time_before(jiffies, next))
			schedule_timeout_uninterruptible(next - jiffies);
	}
	pr_notice(CONTEXT_PREFIX "# teeth %u\n", teeth);
}

/* ------------------------------------------------------------------- waste */

/* Of what is given for a request, the part that was not asked for: mean over all sizes. */
static void rounding(void)
{
	u64 asked = 0, wasted[NR_SIDES] = {};
	long mean[NR_SIDES];
	unsigned int size;
	int s;

	for (size = 65; size <= SZ_32K; size++) {
		void *obj = tcslab_alloc(size, GFP_KERNEL);
		u64 given[NR_SIDES] = { tcslab_usable_size(obj), kmalloc_size_roundup(size) };

		tcslab_free(obj);
		asked++;
		for (s = 0; s < NR_SIDES; s++)
			wasted[s] += div64_u64((given[s] - size) * 1000000, given[s]);
		if (size % 256 == 0)
			cond_resched();
	}
	for (s = 0; s < NR_SIDES; s++)
		mean[s] = div64_u64(wasted[s], asked * 100);
	memory_row("mean-waste-65-32768-basis-points", mean);
	context_check(mean[0] <= 620, "mean waste is at most 6.2 %%");
}

/* ------------------------------------------------------------------- curve */

#define SAMPLE_MS	100
#define LOAD_SAMPLES	30	/* up, then down to a tenth */
#define REST_SAMPLES	60	/* idle; near the end the kernel asks for memory */

static void sample(const struct side *side, unsigned int n, u64 live)
{
	pr_notice(CONTEXT_PREFIX "# curve %s %u %ld %llu\n", side->name, n * SAMPLE_MS,
		  side->pages(), live >> PAGE_SHIFT);
	msleep(SAMPLE_MS);
}

/* The kernel asks everybody for what can be reclaimed. */
static void demand(void)
{
	static const char * const argv[] = {
		"/bin/sh", "-c", "echo 2 >/proc/sys/vm/drop_caches", NULL
	};
	static const char * const envp[] = { "PATH=/bin:/usr/bin", NULL };

	call_usermodehelper(argv[0], (char **)argv, (char **)envp, UMH_WAIT_PROC);
}

/* Pages held through load, free, idle and demand, for a picture. */
static void curve(void)
{
	unsigned int n = (count ?: 128) * 512, s, t, i;
	struct rnd_state rnd;

	if (!make_table(n))
		return;
	for (s = 0; s < NR_SIDES; s++) {
		const struct side *side = &memory_sides[s];
		u64 live = 0;

		if (!context_check(!side->open(), "%s is ready", side->name))
			continue;
		prandom_seed_state(&rnd, 5);
		for (t = 0; t < LOAD_SAMPLES; t++) {
			for (i = n / LOAD_SAMPLES * t; i < n / LOAD_SAMPLES * (t + 1); i++) {
				objects[i].size = prandom_u32_state(&rnd) % MAX_SIDE_SIZE + 1;
				objects[i].mem = side->alloc(objects[i].size);
				live += objects[i].mem ? objects[i].size : 0;
			}
			sample(side, t, live);
		}
		for (; t < 2 * LOAD_SAMPLES; t++) {
			for (i = t - LOAD_SAMPLES; i < n; i += LOAD_SAMPLES) {
				if (!objects[i].mem || !(prandom_u32_state(&rnd) % 10))
					continue;
				live -= objects[i].size;
				release(side, i);
			}
			sample(side, t, live);
		}
		for (; t < 2 * LOAD_SAMPLES + REST_SAMPLES; t++) {
			if (t == 2 * LOAD_SAMPLES + REST_SAMPLES * 2 / 3)
				demand();
			sample(side, t, live);
		}
		unload(side, n);
		side->close();
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "sparse", sparse },
	{ "idle", load_and_rest },
	{ "leave-free", leave_free },
	{ "hold", hold },
	{ "park", park },
	{ "sawtooth", sawtooth },
	{ "waste", rounding },
	{ "curve", curve },
};

static int __init memory_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(mode, modes[i].name)) {
			modes[i].run();
			if (!nr_held)
				vfree(objects);
			context_plan();
			return 0;
		}
	}
	pr_err("tcslab_memory: no such mode: '%s'\n", mode);
	return -EINVAL;
}

/* What is still as it was written. */
static unsigned int nr_whole(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr_held; i++) {
		const u64 *words = objects[i].mem;
		unsigned int nr = objects[i].size / sizeof(u64);

		while (nr && words[nr - 1] == i)
			nr--;
		n += !nr;
	}
	return n;
}

static void __exit memory_exit(void)
{
	if (nr_held) {
		context_check(nr_whole() == nr_held, "%u objects are as they were written",
			      nr_held);
		unload(&memory_sides[0], nr_held);
		vfree(objects);
	}
}

module_init(memory_init);
module_exit(memory_exit);

MODULE_DESCRIPTION("tcslab test: memory held, against SLUB");
MODULE_LICENSE("GPL");
