// SPDX-License-Identifier: GPL-2.0
/* The longest calls: what one alloc or free does at most with preemption off; see longest.h */
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <linux/tcslab.h>
#include "longest.h"

#define LARGE		SZ_64K
#define NR_LARGE	4096	/* 256 MiB */
#define NR_SMALL	200000
#define KEEP		"/sys/module/tcslab/parameters/keep_bytes"
#define RATE		"/sys/module/tcslab/parameters/release_rate"
#define BUDGET		"/sys/module/tcslab/parameters/cpu_budget_bytes"
#define NR_LAST		504	/* objects, each the last of its span */
#define NR_VISITED	9	/* caches */
#define VISITED		64	/* bytes of their objects */
#define NR_ARRAY	128	/* objects in an array */
#define PROMISED	32768

static bool as_is;
module_param(as_is, bool, 0444);
MODULE_PARM_DESC(as_is, "tell how long the kernel's own frees are, and ours at a limit; judge nothing");

struct waiting {
	struct rcu_head rcu;
};

static unsigned int fill(size_t size, unsigned int n, struct longest *longest)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		objs[i] = longest ? timed_alloc(size, longest) : tcslab_alloc(size, GFP_KERNEL);
		if (!objs[i])
			break;
		if (i % 64 == 0)
			cond_resched();
	}
	return i;
}

/* Where no free gives anything back. */
static void free_with_irqs_off(unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = from; i < to; i++) {
		unsigned long flags;

		local_irq_save(flags);
		tcslab_free(objs[i]);
		local_irq_restore(flags);
	}
}

/* Chunks have piled up; then one free, and some more. */
static void piled_up(size_t size, unsigned int n, const char *what)
{
	struct longest longest = {};
	unsigned int i;

	n = fill(size, n, NULL);
	if (!context_check(n > 64, "%u objects of %zu bytes", n, size))
		return;
	free_with_irqs_off(64, n);
	pr_notice(CONTEXT_PREFIX "# %lu pages have piled up\n", tcslab_held_pages());
	for (i = 0; i < 64; i++)
		timed_free(objs[i], &longest);
	judge(what, &longest, true);
	tcslab_trim();
}

static void keep_lowered(void)
{
	struct longest longest = {};
	unsigned int n, i;

	if (!context_check(!set_parameter(RATE, "0") && !set_parameter(KEEP, "1073741824"),
			   "1 GiB is to be kept"))
		return;
	n = fill(LARGE, NR_LARGE, NULL);
	for (i = 64; i < n; i++)
		tcslab_free(objs[i]);
	context_check(tcslab_held_pages() > 16 * PAGES_OF_ONE, "it is: %lu pages",
		      tcslab_held_pages());
	set_parameter(KEEP, "65536");
	msleep(3000);	/* the scavenger looks at what was not missed */
	for (i = 0; i < 64; i++)
		timed_free(objs[i], &longest);
	judge("free after keep_bytes was lowered", &longest, true);
	set_parameter(RATE, "134217728");
	tcslab_trim();
}

/* A load that comes back teaches the heap to keep; then it stays away. */
static void load_forgotten(void)
{
	struct longest longest = {};
	unsigned int round, n = 0, i;

	set_parameter(RATE, "0");
	for (round = 0; round < 12; round++) {
		n = fill(LARGE, NR_LARGE / 4, NULL);
		if (round == 6)
			msleep(1500);	/* the scavenger looks at what was missed */
		for (i = 64; i < n; i++)
			tcslab_free(objs[i]);
		if (round < 11)
			for (i = 0; i < 64; i++)
				tcslab_free(objs[i]);
	}
	pr_notice(CONTEXT_PREFIX "# %lu pages are kept\n", tcslab_held_pages());
	msleep(3000);
	for (i = 0; i < 64; i++)
		timed_free(objs[i], &longest);
	judge("free when a load is forgotten", &longest, true);
	set_parameter(RATE, "134217728");
	tcslab_trim();
}

/* Beside a trim that has not come to what is freed now. */
static void scraps(void)
{
	struct longest longest = {};
	unsigned int n = fill(SZ_4K, NR_SMALL / 4, NULL), i;

	for (i = 0; i < n; i++)
		if (i % 4)
			tcslab_free(objs[i]);
	tcslab_trim();	/* takes chunks to pieces */
	for (i = 256; i < n; i += 4) {
		unsigned long flags;

		local_irq_save(flags);
		tcslab_free(objs[i]);
		local_irq_restore(flags);
	}
	for (i = 0; i < 256; i += 4)
		timed_free(objs[i], &longest);
	judge("free after a trim", &longest, true);
	tcslab_trim();
}

static void limited(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(1000);
	struct longest frees = {}, allocs = {};
	struct tcslab_cache *cache;
	unsigned int n, i;

	args.limit_bytes = SZ_16M;
	cache = tcslab_cache_create("limited", &args);
	if (!context_check(!IS_ERR(cache), "a cache with a limit"))
		return;
	for (n = 0; n < NR_SMALL; n++) {
		struct stopwatch watch = begin();

		objs[n] = tcslab_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN);
		end(&watch, &allocs);
		if (!objs[n])
			break;
	}
	if (!as_is)
		judge("alloc up to a limit", &allocs, false);
	for (i = 0; i < n; i++) {
		struct stopwatch watch = begin();

		tcslab_cache_free(cache, objs[i]);
		end(&watch, &frees);
	}
	if (as_is)
		pr_notice(CONTEXT_PREFIX "# ours at a limit: free %lu instructions, %ld pages\n",
			  frees.instructions, frees.pages);
	else
		judge("free at a limit", &frees, true);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
	tcslab_trim();
}

/*
 * Objects that are each the last of their span, of two sizes by turns, beside chunks that have
 * piled up: half of them have waited long enough, and who gives others to RCU frees those.
 */
static void by_rcu(size_t size, size_t other, const char *what)
{
	unsigned long most = LIMIT + (want_init_on_free() ? kernel_free.instructions : 0);
	static void *last[NR_LAST];
	struct longest longest = {};
	unsigned int i, j, k = 0, n;

	for (i = 0; i < NR_LAST; i++) {
		size_t this = i % 2 ? other : size;

		last[i] = tcslab_alloc(this, GFP_KERNEL);
		for (j = 0; j < PAGE_SIZE / this; j++)
			objs[k++] = tcslab_alloc(this, GFP_KERNEL);
	}
	for (n = k; n < k + NR_LARGE / 2; n++)
		objs[n] = tcslab_alloc(LARGE, GFP_KERNEL);
	for (i = 0; i < k; i++)
		tcslab_free(objs[i]);
	free_with_irqs_off(k, n);
	local_bh_disable();
	for (i = 0; i < NR_LAST / 2; i++)
		tcslab_free_rcu((struct waiting *)last[i], rcu);
	local_bh_enable();
	synchronize_rcu_expedited();
	for (; i < NR_LAST; i++) {
		struct stopwatch watch = begin();

		tcslab_free_rcu((struct waiting *)last[i], rcu);
		end(&watch, &longest);
	}
	/* No block of these empties the kernel's own lists; with init_on_free it clears them. */
	context_check(longest.instructions <= most && longest.pages <= PAGES_OF_ONE,
		      "%s: %lu instructions, %ld pages", what, longest.instructions,
		      longest.pages);
	tcslab_rcu_barrier();
	tcslab_trim();
}

static void frees_by_rcu(void)
{
	set_parameter(RATE, "0");
	by_rcu(112, 112, "free after a grace period");
	/* Arrays that take nothing. */
	set_parameter(BUDGET, "1");
	msleep(3000);
	by_rcu(112, 128, "free after a grace period, of two sizes by turns");
	set_parameter(BUDGET, "1048576");
	msleep(3000);
	set_parameter(RATE, "134217728");
}

/* ------------------------------------------------------------------- interrupts */

static cycles_t visit_began;
static struct longest visit;

static int visit_begins(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	visit_began = get_cycles();
	return 0;
}

static int visit_ends(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	visit.instructions = max_t(unsigned long, visit.instructions,
				   get_cycles() - visit_began);
	return 0;
}

static struct kretprobe visit_probe = {
	.kp.symbol_name = "tcslab:visit_local",
	.entry_handler = visit_begins, .handler = visit_ends,
};

/* Leave one object in an eighth of the spans, and return some more for the transfer cache. */
static void make_last(struct tcslab_cache *cache, void **last, void **more, unsigned int nr_more)
{
	unsigned int per = PAGE_SIZE / VISITED, k = NR_ARRAY * 9 * per, i, n = 0;

	for (i = 0; i < k; i++)
		objs[i] = tcslab_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < k; i++) {
		if (PAGE_ALIGNED(objs[i]) && n < NR_ARRAY &&
		    page_to_pfn(virt_to_page(objs[i])) % 8 == 0)
			last[n++] = objs[i];
		else if (i > k / 2 && nr_more)
			more[--nr_more] = objs[i];
		else
			tcslab_cache_free(cache, objs[i]);
	}
	while (n < NR_ARRAY)
		last[n++] = NULL;
	tcslab_cache_shrink(cache);
}

/* One interrupt, when all caches are drained, and each object in the arrays is a span's last. */
static void visits(bool limit)
{
	static void *last[NR_VISITED][NR_ARRAY], *more[NR_VISITED][4 * NR_ARRAY];
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(VISITED);
	struct tcslab_cache *caches[NR_VISITED];
	struct tcslab_cache_stats stats;
	unsigned long cached = 0;
	unsigned int i, k;

	args.limit_bytes = limit ? SZ_64M : 0;
	for (i = 0; i < NR_VISITED; i++) {
		caches[i] = tcslab_cache_create("visited", &args);
		if (IS_ERR(caches[i])) {
			context_check(false, "a cache");
			return;
		}
		make_last(caches[i], last[i], more[i], 4 * NR_ARRAY);
	}
	for (i = 0; i < NR_VISITED; i++)
		for (k = 0; k < NR_ARRAY; k++)
			tcslab_cache_free(caches[i], last[i][k]);
	for (i = 0; i < NR_VISITED; i++)
		tcslab_cache_free_bulk(caches[i], 4 * NR_ARRAY, more[i]);
	for (i = 0; i < NR_VISITED; i++) {
		tcslab_cache_stats(caches[i], &stats);
		cached += stats.cpu_cached;
	}
	context_check(cached > NR_VISITED * NR_ARRAY / 2, "%lu objects in arrays", cached);
	visit = (struct longest){};
	tcslab_trim();
	context_check(visit.instructions && visit.instructions <= LIMIT,
		      "an interrupt of a trim%s: %lu instructions", limit ? ", at limits" : "",
		      visit.instructions);
	for (i = 0; i < NR_VISITED; i++)
		tcslab_cache_destroy(caches[i]);
}

static void interrupts(void)
{
	if (!context_check(!register_kretprobe(&visit_probe), "a probe"))
		return;
	visits(false);
	visits(true);
	unregister_kretprobe(&visit_probe);
}

static void growing(size_t size, unsigned int n, const char *what)
{
	struct longest longest = {};

	n = fill(size, n, &longest);
	judge(what, &longest, false);
	while (n--)
		tcslab_free(objs[n]);
	tcslab_trim();
}

/* Short chunks have piled up; a longer one is needed. */
static void too_short(void)
{
	struct longest longest = {};
	unsigned int n = fill(SZ_32K, NR_LARGE, NULL);
	void *obj;

	free_with_irqs_off(0, n);
	obj = timed_alloc(SZ_2M, &longest);
	if (obj || longest.instructions) {
		/* Clearing it is what the caller asked for. */
		if (want_init_on_alloc(0))
			longest.instructions -= min_t(unsigned long, longest.instructions,
						      2 * SZ_2M);
		judge("alloc beside what is too short", &longest, false);
	}
	tcslab_free(obj);
	tcslab_trim();
}

/* ----------------------------------------------------------------- promises */

/* Of so many, made and ended as fast as a mempool, and each call as short as with few. */
static void large_reserve(void)
{
	struct tcslab_cache_args args = TCSLAB_CACHE_ARGS(64);
	struct tcslab_cache *cache = tcslab_cache_create("reserve", &args);
	struct longest allocs = {}, frees = {};
	struct tcslab_reserve *reserve;
	cycles_t began = get_cycles(), ours, theirs;
	struct stopwatch watch;
	mempool_t *pool;
	unsigned int n;

	if (!context_check(!IS_ERR(cache), "a cache to promise from"))
		return;
	reserve = tcslab_reserve_create(cache, PROMISED, GFP_KERNEL);
	if (!context_check(!IS_ERR(reserve), "a reserve of %u", PROMISED))
		return;
	tcslab_reserve_destroy(reserve);
	ours = get_cycles() - began;
	began = get_cycles();
	pool = mempool_create_kmalloc_pool(PROMISED, 64);
	mempool_destroy(pool);
	theirs = get_cycles() - began;
	context_check(ours < 8 * theirs, "made and ended in %llu instructions, a mempool in %llu",
		      (u64)ours, (u64)theirs);
	reserve = tcslab_reserve_create(cache, PROMISED, GFP_KERNEL);
	for (n = 0; n < NR_SMALL; n++) {
		watch = begin();
		objs[n] = tcslab_reserve_alloc(reserve);
		end(&watch, &allocs);
		if (!objs[n])
			break;
	}
	context_check(n >= PROMISED, "%u objects of it", n);
	judge("alloc from a large reserve", &allocs, false);
	while (n) {
		watch = begin();
		tcslab_reserve_free(reserve, objs[--n]);
		end(&watch, &frees);
	}
	judge("free to a large reserve", &frees, true);
	tcslab_reserve_destroy(reserve);
	context_check(!tcslab_cache_destroy(cache), "destroyed");
	tcslab_trim();
}

/* Block by block of one order, from as many pages as the cache with a limit has. */
static void tell_kernel(void)
{
	unsigned int order;

	for (order = 0; order <= 9; order++) {
		kernel_free.instructions = 0;
		measure_kernel(order, min_t(unsigned int, 16384, NR_SMALL >> order));
		pr_notice(CONTEXT_PREFIX "# the kernel's own, order %u: free %lu instructions\n",
			  order, kernel_free.instructions);
	}
	limited();
}

static int __init longest_init(void)
{
	objs = vmalloc_array(NR_SMALL, sizeof(*objs));
	if (!objs)
		return -ENOMEM;
	if (as_is) {
		tell_kernel();
		goto out;
	}
	measure_kernel(0, 16384);
	measure_kernel(3, 4096);
	measure_kernel(get_order(LARGE), 1024);
	pr_notice(CONTEXT_PREFIX "# the kernel's own: alloc %lu, free %lu instructions\n",
		  kernel_alloc.instructions, kernel_free.instructions);
	piled_up(LARGE, NR_LARGE, "free of a large object when chunks have piled up");
	piled_up(256, NR_SMALL, "free of a small object when chunks have piled up");
	keep_lowered();
	load_forgotten();
	scraps();
	limited();
	frees_by_rcu();
	interrupts();
	growing(64, NR_SMALL, "alloc of small objects while the heap grows");
	growing(SZ_4K, NR_SMALL / 4, "alloc of pages while the heap grows");
	too_short();
	large_reserve();
out:
	vfree(objs);
	context_plan();
	return 0;
}

static void __exit longest_exit(void)
{
}

module_init(longest_init);
module_exit(longest_exit);

MODULE_DESCRIPTION("tcslab test: the longest calls");
MODULE_LICENSE("GPL");
