// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps: what they count, their limit, who makes a class, and their end
 *
 * The parameter mode=busy ends one with objects in use, which is reported; mode=places is for a
 * machine of two nodes and two CPUs that clears what is freed.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <linux/tcslab_heap.h>
#include "context_test.h"

static char *mode = "all";
module_param(mode, charp, 0400);

#define MANY	3000
#define LARGEST	(3 * TCSLAB_MAX_CLASS_SIZE)

static void *objs[MANY];

static struct tcslab_heap *heap_of(const char *name, size_t limit, unsigned int flags)
{
	struct tcslab_heap_args args = { .limit_bytes = limit, .flags = flags };
	struct tcslab_heap *heap = tcslab_heap_create(name, &args);

	return context_check(!IS_ERR(heap), "a heap %s", name) ? heap : NULL;
}

static struct tcslab_heap_stats stats_of(struct tcslab_heap *heap)
{
	struct tcslab_heap_stats stats;

	tcslab_heap_stats(heap, &stats);
	return stats;
}

static void end(struct tcslab_heap *heap)
{
	unsigned long held;

	tcslab_rcu_barrier();
	tcslab_trim();
	held = stats_of(heap).held_bytes;
	context_check(!held, "empty: %lu bytes are held", held);
	context_check(!tcslab_heap_destroy(heap), "destroyed");
}

static void arguments(void)
{
	struct tcslab_heap_args args = { .flags = (unsigned int)~TCSLAB_HEAP_FLAGS };

	context_check(tcslab_heap_create("flags", &args) == ERR_PTR(-EINVAL), "unknown flags");
	context_check(tcslab_heap_create(NULL, NULL) == ERR_PTR(-EINVAL), "no name");
	context_check(!tcslab_heap_destroy(NULL), "no heap is destroyed");
}

/* ------------------------------------------------------------------ counting */

/* One in 64 of any size, the others small; what they take. */
static unsigned long fill(struct tcslab_heap *heap, unsigned int *nr, unsigned int *nr_large)
{
	struct rnd_state rnd;
	unsigned long bytes = 0;
	unsigned int i;

	prandom_seed_state(&rnd, 7);
	*nr_large = 0;
	for (i = 0; i < MANY; i++) {
		u32 size = prandom_u32_state(&rnd) % (i % 64 ? 2000 : LARGEST) + 1;

		objs[i] = tcslab_heap_alloc(heap, size, GFP_KERNEL);
		if (!objs[i])
			break;
		memset(objs[i], 0x5a, size);
		bytes += tcslab_usable_size(objs[i]);
		*nr_large += size > TCSLAB_MAX_CLASS_SIZE;
	}
	*nr = i;
	return bytes;
}

/* By every call that frees. */
static void empty(struct tcslab_heap *heap, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n / 3; i++)
		tcslab_free(objs[i]);
	for (; i < n / 2; i++)
		tcslab_heap_free(heap, objs[i]);
	tcslab_free_bulk(n - i, objs + i);
}

static void counts(void)
{
	struct tcslab_heap *heap = heap_of("counts", 0, 0), *other = heap_of("other", 0, 0);
	unsigned int nr, nr_large;
	struct tcslab_heap_stats s;
	unsigned long bytes;
	void *mine;

	if (!heap || !other)
		return;
	mine = tcslab_heap_alloc(other, 100, GFP_KERNEL);
	bytes = fill(heap, &nr, &nr_large);
	s = stats_of(heap);
	context_check(nr == MANY && s.objects == nr, "%lu objects of %u", s.objects, nr);
	context_check(nr_large && s.large_objects == nr_large, "%lu large ones of %u",
		      s.large_objects, nr_large);
	context_check(s.in_use_bytes == bytes, "%lu bytes in use of %lu", s.in_use_bytes, bytes);
	context_check(s.held_bytes >= bytes && s.peak_held_bytes >= s.held_bytes,
		      "%lu held, %lu at the peak", s.held_bytes, s.peak_held_bytes);
	s = stats_of(other);
	context_check(s.objects == 1 && s.classes == 1, "another heap has %lu object of %u class",
		      s.objects, s.classes);
	empty(heap, nr);
	s = stats_of(heap);
	context_check(!s.objects && !s.in_use_bytes, "%lu objects, %lu bytes after all was freed",
		      s.objects, s.in_use_bytes);
	end(heap);
	tcslab_heap_free(other, mine);
	end(other);
}

struct thing {
	struct rcu_head rcu;
};

static void other_calls(void)
{
	struct tcslab_heap *heap = heap_of("calls", 0, 0);
	struct thing *thing;
	char *obj;

	if (!heap)
		return;
	obj = tcslab_heap_zalloc(heap, 100, GFP_KERNEL);
	context_check(obj && !memchr_inv(obj, 0, 100), "zeroed");
	obj = tcslab_realloc(obj, 5000, GFP_KERNEL);
	context_check(obj && stats_of(heap).in_use_bytes == tcslab_usable_size(obj),
		      "longer, in the same heap");
	obj = tcslab_realloc(obj, LARGEST, GFP_KERNEL);
	context_check(obj && stats_of(heap).large_objects == 1, "large, in the same heap");
	tcslab_free(obj);
	thing = tcslab_heap_alloc_node(heap, sizeof(*thing), GFP_KERNEL, first_online_node);
	context_check(thing && stats_of(heap).objects == 1, "of a node");
	if (thing)
		tcslab_free_rcu(thing, rcu);
	context_check(tcslab_heap_alloc(heap, 0, GFP_KERNEL) == ZERO_SIZE_PTR, "of no bytes");
	end(heap);
}

/* ---------------------------------------------------------------------- limit */

#define LIMIT_PAGES	64

static void limit(void)
{
	struct tcslab_heap *heap = heap_of("limit", LIMIT_PAGES * PAGE_SIZE, 0);
	struct tcslab_heap_stats s;
	unsigned int n = 0;
	void *large, *nofail;

	if (!heap)
		return;
	while (n < MANY - 1 && (objs[n] = tcslab_heap_alloc(heap, 100, GFP_KERNEL | __GFP_NORETRY)))
		n++;
	s = stats_of(heap);
	context_check(n && n < MANY - 1 && s.limit_refusals,
		      "%u objects, %lu refused", n, s.limit_refusals);
	context_check(s.held_bytes == LIMIT_PAGES * PAGE_SIZE, "%lu bytes are held", s.held_bytes);
	large = tcslab_heap_alloc(heap, 2 * TCSLAB_MAX_CLASS_SIZE, GFP_KERNEL);
	context_check(!large, "nothing large");
	context_check(!tcslab_heap_alloc(heap, 3000, GFP_ATOMIC), "nothing of another class");
	nofail = tcslab_heap_alloc(heap, 100, GFP_KERNEL | __GFP_NOFAIL);
	context_check(nofail && stats_of(heap).limit_overruns,
		      "who cannot be refused is not");
	tcslab_heap_free(heap, nofail);
	while (n)
		tcslab_heap_free(heap, objs[--n]);
	/* All of it may lie idle in the array and the transfer cache. */
	objs[0] = tcslab_heap_alloc(heap, 40000, GFP_KERNEL);
	objs[1] = tcslab_heap_alloc(heap, 45 * PAGE_SIZE, GFP_KERNEL);
	context_check(objs[0] && objs[1], "what lies idle makes room for other sizes");
	tcslab_heap_free(heap, objs[0]);
	tcslab_heap_free(heap, objs[1]);
	context_check(stats_of(heap).peak_held_bytes <= (LIMIT_PAGES + 1) * PAGE_SIZE,
		      "%lu bytes at the peak", stats_of(heap).peak_held_bytes);
	end(heap);
}

/* --------------------------------------------------------------- a class's first */

static void first_use(void)
{
	struct tcslab_heap *heap = heap_of("first", 0, 0);
	unsigned int classes, i;
	void *obj, *later;

	if (!heap)
		return;
	obj = tcslab_heap_alloc(heap, 100, GFP_ATOMIC);
	context_check(obj && stats_of(heap).objects == 1, "served in atomic context");
	for (i = 0; i < 500 && !stats_of(heap).classes; i++)
		msleep(20);
	classes = stats_of(heap).classes;
	later = tcslab_heap_alloc(heap, 100, GFP_ATOMIC);
	context_check(classes == 1 && later && stats_of(heap).objects == 2 &&
		      stats_of(heap).large_objects == 1, "then there is a class");
	tcslab_free(obj);
	tcslab_free(later);
	end(heap);
}

struct racer {
	struct task_struct *task;
	struct tcslab_heap *heap;
	struct completion done;
	unsigned long failed;
};

#define SIZES	12
#define LAPS	2000

static int race(void *data)
{
	struct racer *racer = data;
	void *mine[SIZES];
	unsigned int lap, i;

	for (lap = 0; lap < LAPS; lap++) {
		for (i = 0; i < SIZES; i++) {
			mine[i] = tcslab_heap_alloc(racer->heap, 8 << i, GFP_KERNEL);
			racer->failed += !mine[i];
		}
		for (i = 0; i < SIZES; i++)
			tcslab_heap_free(racer->heap, mine[i]);
	}
	complete(&racer->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void together(void)
{
	static struct racer racers[8];
	struct tcslab_heap *heap = heap_of("together", 0, 0);
	unsigned int i, n = min(num_online_cpus() * 2, 8U);
	unsigned long failed = 0;

	if (!heap)
		return;
	for (i = 0; i < n; i++) {
		racers[i].heap = heap;
		init_completion(&racers[i].done);
		racers[i].task = kthread_run(race, &racers[i], "tcslab-heap");
	}
	for (i = 0; i < n; i++) {
		if (IS_ERR(racers[i].task))
			continue;
		wait_for_completion(&racers[i].done);
		kthread_stop(racers[i].task);
		failed += racers[i].failed;
	}
	context_check(!failed && stats_of(heap).classes == SIZES && !stats_of(heap).objects,
		      "%u tasks make %u classes, %lu allocations failed", n,
		      stats_of(heap).classes, failed);
	end(heap);
}

/* ------------------------------------------------------------------- the end */

static void free_all(void)
{
	struct tcslab_heap *heap = heap_of("free-all", 0, TCSLAB_HEAP_FREE_ALL);
	unsigned long before, after;
	unsigned int nr, nr_large;

	if (!heap)
		return;
	tcslab_trim();
	before = tcslab_held_pages();
	fill(heap, &nr, &nr_large);
	context_check(!tcslab_heap_destroy(heap), "destroyed with %u objects, %u of them large",
		      nr, nr_large);
	tcslab_trim();
	after = tcslab_held_pages();
	context_check(after <= before, "%lu pages are held, %lu before", after, before);
}

static void busy(void)
{
	struct tcslab_heap *heap = heap_of("busy", 0, 0);
	void *obj, *large;

	if (!heap)
		return;
	obj = tcslab_heap_alloc(heap, 100, GFP_KERNEL);
	large = tcslab_heap_alloc(heap, LARGEST, GFP_KERNEL);
	context_check(tcslab_heap_destroy(heap) == -EBUSY, "not destroyed while it is used");
	tcslab_free(obj);
	obj = tcslab_heap_alloc(heap, 100, GFP_KERNEL);
	context_check(obj && stats_of(heap).objects == 2, "it is as it was");
	tcslab_free(obj);
	tcslab_free(large);
	end(heap);
}

/* --------------------------------------------------------------------- places */

static unsigned int of_node(struct tcslab_heap *heap, int node)
{
	static const size_t sizes[] = { 8, 100, 1000, 5000, 40000, LARGEST };
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(sizes); n++) {
		objs[n] = tcslab_heap_alloc_node(heap, sizes[n], GFP_KERNEL | __GFP_THISNODE, node);
		if (!objs[n] || page_to_nid(virt_to_page(objs[n])) != node)
			break;
	}
	return n;
}

/* All are freed here, which for one of the nodes is far away. */
static void nodes(void)
{
	struct tcslab_heap *heap = heap_of("nodes", 0, 0);
	unsigned int n;
	int node;

	if (!heap)
		return;
	for_each_online_node(node) {
		n = of_node(heap, node);
		context_check(n == 6 && stats_of(heap).objects == n,
			      "%u sizes of node %d, %lu objects", n, node, stats_of(heap).objects);
		while (n)
			tcslab_heap_free(heap, objs[--n]);
		context_check(!stats_of(heap).objects && !stats_of(heap).in_use_bytes,
			      "%lu objects after they were freed", stats_of(heap).objects);
	}
	end(heap);
}

/* Objects of ours that are not clear, of those that are still in our memory. */
static unsigned int dirty(unsigned int n, size_t size)
{
	unsigned int bad = 0;
	struct page *page;

	while (n--)
		bad += tcslab_find_page(objs[n], &page) && !context_filled(objs[n], 0, size);
	return bad;
}

static unsigned int pattern(struct tcslab_heap *heap, size_t size)
{
	unsigned int n;

	for (n = 0; n < 100; n++) {
		objs[n] = tcslab_heap_alloc(heap, size, GFP_KERNEL);
		if (!objs[n])
			break;
		memset(objs[n], 0x5a, size);
	}
	return n;
}

static void cleared(void)
{
	struct tcslab_heap *heap = heap_of("cleared", 0, TCSLAB_HEAP_FREE_ALL);
	unsigned int n, i, bad;

	if (!heap)
		return;
	n = pattern(heap, 200);
	for (i = 0; i < n; i++)
		tcslab_heap_free(heap, objs[i]);
	bad = dirty(n, 200);
	context_check(n == 100 && !bad, "%u of %u freed objects are dirty", bad, n);
	n = pattern(heap, 300);
	/* So that the memory stays ours for a while. */
	context_check(!tcslab_heap_destroy(heap), "destroyed with %u objects", n);
	bad = dirty(n, 300);
	context_check(n == 100 && !bad, "%u of %u that its end freed are dirty", bad, n);
}

#define HOARD	200
#define KEPT	50

static long hoard(void *heap)
{
	unsigned int n;

	for (n = 0; n < HOARD; n++)
		objs[n] = tcslab_heap_alloc(heap, 100, GFP_KERNEL);
	for (n = KEPT; n < HOARD; n++)
		tcslab_heap_free(heap, objs[n]);
	return 0;
}

/* What it had in its arrays is the heap's again, and the heap can end before it comes back. */
static void cpu_goes(void)
{
#ifdef CONFIG_HOTPLUG_CPU
	struct tcslab_heap *heap = heap_of("cpu", 0, 0);
	unsigned int cpu = cpumask_last(cpu_online_mask), n;
	unsigned long held;

	if (!heap)
		return;
	work_on_cpu(cpu, hoard, heap);
	context_check(stats_of(heap).objects == KEPT, "%lu objects of CPU %u",
		      stats_of(heap).objects, cpu);
	context_check(!remove_cpu(cpu), "it goes");
	context_check(stats_of(heap).objects == KEPT, "%lu objects after it went",
		      stats_of(heap).objects);
	for (n = 0; n < KEPT; n++)
		tcslab_heap_free(heap, objs[n]);
	tcslab_trim();
	held = stats_of(heap).held_bytes;
	context_check(!held && !tcslab_heap_destroy(heap), "the heap goes: %lu bytes were held",
		      held);
	context_check(!add_cpu(cpu), "and the CPU comes");
#endif
}

static int __init heap_test_init(void)
{
	if (!strcmp(mode, "busy")) {
		busy();
	} else if (!strcmp(mode, "places")) {
		nodes();
		cleared();
		cpu_goes();
	} else {
		arguments();
		counts();
		other_calls();
		limit();
		first_use();
		together();
		free_all();
	}
	context_plan();
	return 0;
}

static void __exit heap_test_exit(void)
{
}

module_init(heap_test_init);
module_exit(heap_test_exit);

MODULE_DESCRIPTION("tcslab test: heaps");
MODULE_LICENSE("GPL");
