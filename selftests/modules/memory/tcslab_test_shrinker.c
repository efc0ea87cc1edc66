// SPDX-License-Identifier: GPL-2.0
/*
 * What the shrinker gives for what it is asked, node by node, and at what cost
 *
 * The shrinker is found by a probe of its count, and then called as reclaim does.  Needs
 * a large keep_bytes, so that nothing goes by itself.  On one node all of it is node 0's.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/shrinker.h>
#include <linux/swap.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>

#include "context_test.h"

#define ASKED		128	/* pages, as reclaim does at a time */
#define CHUNK		SZ_256K	/* of a small heap, for one object of that size */
#define CHUNK_PAGES	(CHUNK / PAGE_SIZE)
#define CHUNKS		16
#define PART		SZ_64K
#define SMALL		1024
#define PER_CPU		200	/* at a time, more than an array holds */
#define CACHES		8	/* no array is as large as we want */
#define TRIES		20	/* before we say that the host is too slow */

/* ---------------------------------------------------------------- the shrinker */

static struct shrinker *shrinker;

static int note(struct kprobe *p, struct pt_regs *regs)
{
	WRITE_ONCE(shrinker, (struct shrinker *)regs_get_kernel_argument(regs, 0));
	return 0;
}

static struct kprobe probe = { .symbol_name = "tcslab:shrink_count", .pre_handler = note };

static bool find_shrinker(void)
{
	struct file *file;

	if (register_kprobe(&probe))
		return false;
	file = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	if (!IS_ERR(file)) {
		kernel_write(file, "2\n", 2, &file->f_pos);
		filp_close(file, NULL);
	}
	unregister_kprobe(&probe);
	return shrinker;
}

static unsigned long count(int node)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nid = node };
	unsigned long n = shrinker->count_objects(shrinker, &sc);

	return n == SHRINK_EMPTY ? 0 : n;
}

struct got {
	long returned;
	long held;	/* less than before */
	unsigned long scanned;
	unsigned long told;	/* to the reclaimer */
};

static struct got ask(int node, unsigned long npages)
{
	struct shrink_control sc = {
		.gfp_mask = GFP_KERNEL, .nid = node, .nr_to_scan = npages, .nr_scanned = npages,
	};
	struct reclaim_state *old = current->reclaim_state, state = { };
	unsigned long before = tcslab_held_pages();
	struct got got;

	current->reclaim_state = &state;
	got.returned = shrinker->scan_objects(shrinker, &sc);
	current->reclaim_state = old;
	if (got.returned == (long)SHRINK_STOP)
		got.returned = 0;
	got.held = before - tcslab_held_pages();
	got.scanned = sc.nr_scanned;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	got.told = state.reclaimed_slab;
#else
	got.told = state.reclaimed;
#endif
	return got;
}

static bool is_true(const struct got *got, unsigned long asked)
{
	pr_notice(CONTEXT_PREFIX "# %lu: returned %ld, held %ld less, scanned %lu, told %lu\n",
		  asked, got->returned, got->held, got->scanned, got->told);
	return got->returned == got->held && got->told == got->returned &&
	       got->scanned == max_t(unsigned long, asked, got->returned);
}

/* ------------------------------------------------------------------- whole chunks */

static void *objs[MAX_NUMNODES > 2 ? 2 : MAX_NUMNODES][4 * CHUNKS];

static void fill(int node, size_t size, unsigned int n)
{
	while (n--)
		objs[node][n] = tcslab_alloc_node(size, GFP_KERNEL | __GFP_THISNODE, node);
}

static void empty(int node, unsigned int n)
{
	while (n--) {
		tcslab_free(objs[node][n]);
		objs[node][n] = NULL;
	}
}

static void test_chunks(int node, int other)
{
	unsigned long others;
	struct got got;

	fill(other, CHUNK, CHUNKS);
	if (node != other)
		fill(node, CHUNK, CHUNKS);
	empty(other, CHUNKS);
	if (node != other)
		empty(node, CHUNKS);
	others = count(other);
	context_check(count(node) >= CHUNKS * CHUNK_PAGES, "node %d counts %lu pages, %d %lu",
		      node, count(node), other, others);
	got = ask(node, ASKED);
	context_check(is_true(&got, ASKED) && got.returned == ASKED,
		      "as many as asked for: %ld pages", got.returned);
	got = ask(node, 1);
	/* On PREEMPT_RT the oldest may be a shorter one, of the stock. */
	context_check(is_true(&got, 1) && got.returned && got.returned <= CHUNK_PAGES &&
		      (IS_ENABLED(CONFIG_PREEMPT_RT) || got.returned == CHUNK_PAGES),
		      "a chunk for one: %ld pages", got.returned);
	if (node != other)
		context_check(count(other) == others, "node %d still counts %lu", other,
			      count(other));
}

/* ----------------------------------------------------------------- parts of chunks */

static void test_parts(int node)
{
	unsigned int i;
	struct got got;

	tcslab_trim();
	/* All chunks in four parts each, of which three go. */
	fill(node, CHUNK, CHUNKS);
	empty(node, CHUNKS);
	fill(node, PART, 4 * CHUNKS);
	for (i = 0; i < 4 * CHUNKS; i++) {
		if (i % 4 == 0)
			continue;
		tcslab_free(objs[node][i]);
		objs[node][i] = NULL;
	}
	context_check(count(node) >= CHUNKS * CHUNK_PAGES / 4 * 3, "parts of chunks: %lu pages",
		      count(node));
	got = ask(node, ASKED);
	context_check(is_true(&got, ASKED) && got.returned >= ASKED &&
		      got.returned < ASKED + CHUNK_PAGES, "about as many as asked for: %ld pages",
		      got.returned);
	empty(node, 4 * CHUNKS);
}

/* ------------------------------------------------------------------------- arrays */

static struct tcslab_cache *caches[CACHES];

static long fill_array(void *rounds)
{
	static void *some[PER_CPU];
	unsigned int i, n;

	for (n = 0; n < (unsigned long)rounds * CACHES; n++) {
		struct tcslab_cache *cache = caches[n % CACHES];

		for (i = 0; i < PER_CPU; i++)
			some[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
		for (i = 0; i < PER_CPU; i++)
			if (some[i])
				tcslab_cache_free(cache, some[i]);
	}
	return 0;
}

/* One CPU after the other. */
static void fill_each(unsigned long rounds)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		work_on_cpu(cpu, fill_array, (void *)rounds);
}

static unsigned long in_arrays(void)
{
	struct tcslab_cache_stats stats;
	unsigned long n = 0, i;

	for (i = 0; i < CACHES; i++) {
		tcslab_cache_stats(caches[i], &stats);
		n += stats.cpu_cached;
	}
	return n;
}

/* Until the arrays have room and the scavenger has seen that there is something, or for a while. */
static void fill_arrays(int node)
{
	unsigned int round;

	for (round = 0; round < 40; round++) {
		fill_each(4);
		/* What is free in the heap goes; to be refused one page hardly counts. */
		while (ask(node, 1).returned)
			;
		if (count(node) >= num_online_cpus() * 32)
			break;
		msleep(100);
	}
}

/**
 * struct asked - one time of asking for little, and then for more
 * @full: objects that were in the arrays
 * @after: and still were when little had been asked for
 * @pages: asked for until they were emptied
 * @left: objects in the arrays then
 * @quick: the scavenger had no reason to empty an array meanwhile
 */
struct asked {
	unsigned long full;
	unsigned long after;
	unsigned long pages;
	unsigned long left;
	bool quick;
};

static struct asked ask_for_arrays(int node)
{
	struct asked asked = { };
	unsigned long begin;
	unsigned int round;

	fill_arrays(node);
	begin = jiffies;
	fill_each(1);
	asked.full = in_arrays();
	while (ask(node, 1).returned)
		;
	ask(node, ASKED);
	asked.after = in_arrays();
	asked.left = asked.after;
	for (round = 0; round < 1000 && asked.left > asked.full / 2; round++) {
		ask(node, ASKED);
		asked.pages += ASKED;
		asked.left = in_arrays();
	}
	/* It empties what it has seen unchanged twice, a second apart. */
	asked.quick = jiffies - begin < HZ;
	return asked;
}

/* How often the arrays are emptied for who asks all the time, in @time. */
static unsigned long count_drains(int node, unsigned long time, unsigned int *asks)
{
	unsigned long begin = jiffies, drains = 0, full, i;

	for (*asks = 0; jiffies - begin < time; ++*asks) {
		fill_array((void *)1);
		full = in_arrays();
		for (i = 0; i < 20; i++)
			ask(node, ASKED);
		drains += in_arrays() < full / 2;
	}
	return drains;
}

static void test_arrays(int node)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(SMALL);
	struct asked asked = { };
	unsigned long begin, drains;
	unsigned int i, bad = 0;

	for (i = 0; i < CACHES; i++) {
		caches[i] = tcslab_cache_create("shrunk", &args);
		if (!context_check(!IS_ERR(caches[i]), "a cache"))
			return;
	}
	tcslab_trim();
	for (i = 0; i < TRIES; i++) {
		asked = ask_for_arrays(node);
		if (asked.quick)
			break;
	}
	if (!asked.quick)
		pr_notice(CONTEXT_PREFIX "# the host is too slow to tell us from the scavenger\n");
	context_check(!asked.quick || asked.full >= num_online_cpus() * 100,
		      "%lu objects lie in arrays", asked.full);
	context_check(!asked.quick || asked.after > asked.full / 2,
		      "an ask for %d pages leaves the arrays alone: %lu objects",
		      ASKED, asked.after);
	context_check(asked.left < asked.full / 2 &&
		      (!asked.quick || asked.pages >= asked.full * SMALL / PAGE_SIZE / 4),
		      "they are emptied when %lu pages were asked for: %lu objects left",
		      asked.pages, asked.left);
	begin = jiffies;
	drains = count_drains(node, 2 * HZ, &i);
	context_check(drains <= (jiffies - begin) * 10 / HZ + 1,
		      "asked %u times in %lu ms they were emptied %lu times", i * 20,
		      (jiffies - begin) * 1000 / HZ, drains);
	for (i = 0; i < CACHES; i++)
		bad += !!tcslab_cache_destroy(caches[i]);
	context_check(!bad, "the caches are destroyed");
}

/* ------------------------------------------------------------------------- set-up */

static int __init shrinker_test_init(void)
{
	int other = first_memory_node, node = next_node_in(other, node_states[N_MEMORY]);

	if (!find_shrinker())
		return -ENOENT;
	tcslab_trim();
	test_chunks(node, other);
	test_parts(node);
	test_arrays(node);
	tcslab_trim();
	context_plan();
	return 0;
}

static void __exit shrinker_test_exit(void)
{
}

module_init(shrinker_test_init);
module_exit(shrinker_test_exit);

MODULE_DESCRIPTION("tcslab test: what the shrinker gives");
MODULE_LICENSE("GPL");
