// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics under /sys/kernel/debug/tcslab/
 *
 * Nothing is counted for this: everything is summed when it is read.  The files
 * and their columns are described in Documentation/abi.md; a name always stands in
 * the last column, with blanks escaped, so that awk can read the rest.
 *
 * The tables of caches are read row by row with tcslab_cache_mutex held from start
 * to stop, that is for one read() at a time: rows of different reads may be of
 * different moments, each row is of one.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/seq_file.h>

#include "back/page_heap.h"
#include "caches/heap.h"
#include "caches/list.h"
#include "caches/rcu.h"
#include "caches/size_class.h"
#include "caches/totals.h"
#include "debug/guard.h"
#include "front/cpu_budget.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "policy/pressure.h"
#include "policy/scavenger.h"
#include "debug_files.h"
#include "debugfs.h"

static struct dentry *root, *parent;
static bool unwanted;

/*
 * A miss enters the array twice, once inline and once in the slow path, so this is
 * the number of calls that the inline path served.  Drains and calls that begin in
 * the slow path (zones, nodes, bulk) blur it a little.
 */
static u64 hits(u64 entries, u64 refills, u64 flushes)
{
	u64 misses = 2 * (refills + flushes);

	return entries > misses ? entries - misses : 0;
}

/* ------------------------------------------------------------------ stats */

static int stats_show(struct seq_file *m, void *v)
{
	struct tcslab_rcu_backlog backlog;
	struct tcslab_guard_stats g;
	struct tcslab_totals t;

	tcslab_totals(&t);
	tcslab_rcu_backlog(NUMA_NO_NODE, &backlog);
	seq_printf(m, "held_bytes: %llu\n", t.held);
	seq_printf(m, "peak_held_bytes: %llu\n", t.peak_held);
	seq_printf(m, "in_use_bytes: %llu\n", t.in_use);
	seq_printf(m, "large_bytes: %llu\n", t.large);
	seq_printf(m, "cpu_cached_bytes: %llu\n", t.cpu_cached);
	seq_printf(m, "transfer_cached_bytes: %llu\n", t.transfer_cached);
	seq_printf(m, "central_free_bytes: %llu\n", t.central_free);
	seq_printf(m, "tail_bytes: %llu\n", t.tails);
	seq_printf(m, "heap_free_bytes: %llu\n", t.heap_free);
	seq_printf(m, "releasable_bytes: %llu\n", (u64)tcslab_releasable_pages() << PAGE_SHIFT);
	seq_printf(m, "rcu_objects: %lu\n", backlog.objects);
	seq_printf(m, "rcu_bytes: %lu\n", backlog.bytes);
	seq_printf(m, "rcu_span_bytes: %lu\n", backlog.span_pages << PAGE_SHIFT);
	seq_printf(m, "metadata_bytes: %llu\n", t.metadata);
	seq_printf(m, "entries: %llu\n", t.entries);
	seq_printf(m, "hits: %llu\n", hits(t.entries, t.refills, t.flushes));
	seq_printf(m, "refills: %llu\n", t.refills);
	seq_printf(m, "flushes: %llu\n", t.flushes);
	seq_printf(m, "nested: %llu\n", t.nested);
	seq_printf(m, "scavenged_bytes: %llu\n", (u64)tcslab_scavenged_pages() << PAGE_SHIFT);
	seq_printf(m, "shrunk_bytes: %llu\n", (u64)tcslab_shrunk_pages() << PAGE_SHIFT);
	tcslab_guard_stats(&g);
	seq_printf(m, "guard_bytes: %lu\n", tcslab_guard_held_bytes());
	seq_printf(m, "guard_allocated: %lu\n", g.allocated);
	seq_printf(m, "guard_skipped: %lu\n", g.skipped);
	seq_printf(m, "guard_live: %u\n", g.live);
	seq_printf(m, "guard_slots: %u\n", g.slots);
	seq_printf(m, "guard_reports: %lu\n", g.reports);
	seq_printf(m, "guard_canaries_only: %d\n", g.mapped);
	seq_printf(m, "limit_refusals: %lu\n", tcslab_hard_limit_refusals());
	seq_printf(m, "limit_overruns: %lu\n", tcslab_hard_limit_overruns());
	seq_printf(m, "no_memory: %llu\n", t.no_memory);
	seq_printf(m, "uptime_ms: %llu\n", t.uptime_ms);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* -------------------------------------------------- tables, a row per cache */

static void *caches_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&tcslab_cache_mutex);
	return seq_list_start_head(&tcslab_cache_list, *pos);
}

static void *caches_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &tcslab_cache_list, pos);
}

static void caches_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&tcslab_cache_mutex);
}

static void show_name(struct seq_file *m, const struct tcslab_cache *cache)
{
	seq_escape(m, cache->name, " \t\n\\");
	seq_putc(m, '\n');
}

/* Bytes that the cache holds and nobody uses: free objects and tails. */
static u64 idle_bytes(const struct tcslab_cache_stats *s)
{
	return (u64)s->held_bytes - (u64)s->in_use * s->size;
}

static void show_counts(struct seq_file *m, const struct tcslab_cache_stats *s)
{
	seq_printf(m, "%10lu %8lu %8lu %8lu %8lu %8lu %10lu %12llu %14llu %10llu %10llu %10llu ",
		   s->in_use, s->cpu_cached, s->transfer_cached, s->central_free, s->spans,
		   s->held_bytes >> PAGE_SHIFT, s->tail_bytes, idle_bytes(s), s->entries,
		   s->refills, s->flushes, s->nested);
}

static void show_counts_header(struct seq_file *m)
{
	seq_puts(m, "    in_use      cpu transfer  central    spans     held tail_bytes   idle_bytes ");
	seq_puts(m, "       entries    refills    flushes     nested ");
}

static void show_life(struct seq_file *m, const struct tcslab_cache_stats *s)
{
	seq_printf(m, "%9lu %9lu %11llu ", s->no_memory, s->peak_held_bytes >> PAGE_SHIFT,
		   s->created_ms);
}

static void show_life_header(struct seq_file *m)
{
	seq_puts(m, "no_memory peak_held  created_ms ");
}

static int class_show(struct seq_file *m, void *v)
{
	struct tcslab_cache *cache = list_entry(v, struct tcslab_cache, list);
	struct tcslab_cache_stats s;

	if (v == &tcslab_cache_list) {
		seq_puts(m, "zone   class  size pages  objs tail ");
		show_counts_header(m);
		show_life_header(m);
		seq_puts(m, "name\n");
		return 0;
	}
	if (!cache->general)
		return SEQ_SKIP;
	tcslab_cache_stats_locked(cache, &s);
	seq_printf(m, "%-6s %5u %5zu %5zu %5u %4zu ", tcslab_zone_name(cache->zone),
		   tcslab_size_class(s.object_size), s.size, s.span_bytes >> PAGE_SHIFT,
		   s.span_objs, s.span_bytes - s.span_objs * s.size);
	show_counts(m, &s);
	show_life(m, &s);
	show_name(m, cache);
	return 0;
}

static int cache_show(struct seq_file *m, void *v)
{
	struct tcslab_cache *cache = list_entry(v, struct tcslab_cache, list);
	struct tcslab_cache_stats s;

	if (v == &tcslab_cache_list) {
		seq_puts(m, "zone   node object  size align pages  objs tail ");
		show_counts_header(m);
		seq_puts(m, "limit_bytes   refusals   overruns useroffset usersize ctor ");
		show_life_header(m);
		seq_puts(m, "name\n");
		return 0;
	}
	if (cache->general)
		return SEQ_SKIP;
	tcslab_cache_stats_locked(cache, &s);
	seq_printf(m, "%-6s %4d %6zu %5zu %5u %5zu %5u %4zu ", tcslab_zone_name(cache->zone),
		   cache->node, s.object_size, s.size, cache->align,
		   s.span_bytes >> PAGE_SHIFT, s.span_objs,
		   s.span_bytes - s.span_objs * s.size);
	show_counts(m, &s);
	seq_printf(m, "%11lu %10lu %10lu %10u %8u %4s ", s.limit_bytes, s.limit_refusals,
		   s.limit_overruns, cache->useroffset, cache->usersize,
		   cache->ctor ? "yes" : "no");
	show_life(m, &s);
	show_name(m, cache);
	return 0;
}

/*
 * For people, in KiB and at most 100 columns: who holds the memory.  Programs read the
 * other files.
 */
static int summary_show(struct seq_file *m, void *v)
{
	struct tcslab_cache *cache = list_entry(v, struct tcslab_cache, list);
	struct tcslab_cache_stats s;

	if (v == &tcslab_cache_list) {
		seq_puts(m, "  size     in_use   held_KiB   used_KiB   idle_KiB   peak_KiB  failed name\n");
		return 0;
	}
	tcslab_cache_stats_locked(cache, &s);
	if (!s.held_bytes)
		return SEQ_SKIP;
	seq_printf(m, "%6zu %10lu %10lu %10llu %10llu %10lu %7lu ", s.size, s.in_use,
		   s.held_bytes >> 10, (u64)s.in_use * s.size >> 10, idle_bytes(&s) >> 10,
		   s.peak_held_bytes >> 10, s.limit_refusals + s.no_memory);
	show_name(m, cache);
	return 0;
}

/* Only caches that have spans: the others are nothing but zeros. */
static int span_show(struct seq_file *m, void *v)
{
	struct tcslab_cache *cache = list_entry(v, struct tcslab_cache, list);
	unsigned long hist[TCSLAB_OCCUPANCY_STEPS], spans = 0;
	int i;

	if (v == &tcslab_cache_list) {
		seq_puts(m, "zone    size  objs    spans     full ");
		for (i = 1; i < TCSLAB_OCCUPANCY_LISTS; i++)
			seq_printf(m, "free>=%-5u ", 1U << (i - 1));
		seq_puts(m, "   empty name\n");
		return 0;
	}
	tcslab_central_occupancy(cache, hist);
	for (i = 0; i < TCSLAB_OCCUPANCY_STEPS; i++)
		spans += hist[i];
	if (!spans)
		return SEQ_SKIP;
	seq_printf(m, "%-6s %5u %5u %8lu ", tcslab_zone_name(cache->zone), cache->size,
		   cache->span_objs, spans);
	for (i = 0; i < TCSLAB_OCCUPANCY_STEPS; i++)
		seq_printf(m, "%*lu ", i && i < TCSLAB_OCCUPANCY_LISTS ? 11 : 8, hist[i]);
	show_name(m, cache);
	return 0;
}

#define CACHE_TABLE(_name, _show)						\
static const struct seq_operations _name##_sops = {				\
	.start = caches_start,							\
	.next = caches_next,							\
	.stop = caches_stop,							\
	.show = _show,								\
};										\
DEFINE_SEQ_ATTRIBUTE(_name)

CACHE_TABLE(classes, class_show);
CACHE_TABLE(caches, cache_show);
CACHE_TABLE(spans, span_show);
CACHE_TABLE(summary, summary_show);

/* ------------------------------------------------------------------ heaps */

static void *heaps_start(struct seq_file *m, loff_t *pos)
{
	tcslab_heap_lock();
	return seq_list_start_head(&tcslab_heap_list, *pos);
}

static void *heaps_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &tcslab_heap_list, pos);
}

static void heaps_stop(struct seq_file *m, void *v)
{
	tcslab_heap_unlock();
}

static int heaps_show(struct seq_file *m, void *v)
{
	struct tcslab_heap *heap = list_entry(v, struct tcslab_heap, list);
	struct tcslab_heap_stats s;

	if (v == &tcslab_heap_list) {
		seq_puts(m, "   objects in_use_bytes   held_bytes   peak_bytes   large classes ");
		seq_puts(m, " limit_bytes refusals overruns no_memory caches elsewhere name\n");
		return 0;
	}
	tcslab_heap_stats_locked(heap, &s);
	seq_printf(m, "%10lu %12lu %12lu %12lu %7lu %7u %12lu %8lu %8lu %9lu %6u %9lu ",
		   s.objects, s.in_use_bytes, s.held_bytes, s.peak_held_bytes, s.large_objects,
		   s.classes, s.limit_bytes, s.limit_refusals, s.limit_overruns, s.no_memory,
		   s.caches, s.elsewhere);
	seq_escape(m, heap->name, " \t\n\\");
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations heaps_sops = {
	.start = heaps_start,
	.next = heaps_next,
	.stop = heaps_stop,
	.show = heaps_show,
};
DEFINE_SEQ_ATTRIBUTE(heaps);

/* ------------------------------------------------------------- page heaps */

/* Free spans by length, as length:number, those with a number only. */
static void show_lengths(struct seq_file *m, const struct tcslab_page_heap_stats *s)
{
	const char *comma = "";
	int i;

	for (i = 1; i <= TCSLAB_SHORT_PAGES; i++) {
		if (s->short_spans[i]) {
			seq_printf(m, "%s%d:%lu", comma, i, s->short_spans[i]);
			comma = ",";
		}
	}
	if (s->short_spans[0])
		seq_printf(m, "%s>%d:%lu", comma, TCSLAB_SHORT_PAGES, s->short_spans[0]);
	else if (!*comma)
		seq_putc(m, '-');
	seq_putc(m, '\n');
}

static int page_heap_show(struct seq_file *m, void *v)
{
	struct tcslab_page_heap_stats s;
	int node, zone;

	seq_puts(m, "node zone   chunks free_chunks    held    free   small   large ");
	seq_puts(m, "small_spans large_spans free_spans longest_free frag% ");
	seq_puts(m, "peak_held peak_used    grown released free_lengths\n");
	for (node = 0; node < nr_node_ids; node++) {
		for (zone = 0; zone < TCSLAB_NR_ZONES; zone++) {
			tcslab_page_heap_stats(node, zone, &s);
			seq_printf(m, "%4d %-6s %6lu %11lu %7lu %7lu %7lu %7lu",
				   node, tcslab_zone_name(zone), s.chunks, s.free_chunks,
				   s.held_pages, s.free_pages, s.small_pages, s.large_pages);
			seq_printf(m, " %11lu %11lu %10lu %12lu %5lu %9lu %9lu %8lu %8lu ",
				   s.small_spans, s.large_spans, s.free_spans,
				   s.longest_free,
				   s.free_pages ? 100 - s.longest_free * 100 / s.free_pages : 0,
				   s.peak_held_pages, s.peak_used_pages, s.grown, s.released);
			show_lengths(m, &s);
		}
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(page_heap);

/* ------------------------------------------------------------------- CPUs */

/**
 * struct cpu_totals - the arrays of one CPU, all caches added up
 * @entries: times entered
 * @refills: batches fetched
 * @flushes: batches given back, or arrays widened instead
 * @nested: calls that found an array busy or closed
 * @objects: in the arrays now
 * @bytes: that they take
 */
struct cpu_totals {
	u64 entries;
	u64 refills;
	u64 flushes;
	u64 nested;
	u64 objects;
	u64 bytes;
};

static void add_up_cpu(int cpu, struct cpu_totals *t)
{
	struct tcslab_cache *cache;

	lockdep_assert_held(&tcslab_cache_mutex);
	*t = (struct cpu_totals){};
	tcslab_for_each_cache(cache) {
		struct tcslab_cache_stats stats = {};

		tcslab_cpu_cache_add_stats(cache, cpu, &stats);
		t->entries += stats.entries;
		t->refills += stats.refills;
		t->flushes += stats.flushes;
		t->nested += stats.nested;
		t->objects += stats.cpu_cached;
		t->bytes += (u64)stats.cpu_cached * cache->size;
	}
}

static int cpu_show(struct seq_file *m, void *v)
{
	struct cpu_totals t;
	int cpu;

	seq_puts(m, " cpu online        entries           hits    refills    flushes ");
	seq_puts(m, "    nested    objects        bytes       earned        limit\n");
	mutex_lock(&tcslab_cache_mutex);
	for_each_possible_cpu(cpu) {
		add_up_cpu(cpu, &t);
		seq_printf(m, "%4d %6d %14llu %14llu %10llu %10llu %10llu %10llu %12llu %12lu %12lu\n",
			   cpu, cpu_online(cpu), t.entries,
			   hits(t.entries, t.refills, t.flushes), t.refills, t.flushes,
			   t.nested, t.objects, t.bytes, tcslab_cpu_budget_used(cpu),
			   tcslab_cpu_budget_limit(cpu));
	}
	mutex_unlock(&tcslab_cache_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cpu);

/* ----------------------------------------------------------- trim, peaks */

static ssize_t trim_write(struct file *file, const char __user *buf, size_t count,
			  loff_t *ppos)
{
	tcslab_trim();
	return count;
}

static const struct file_operations trim_fops = {
	.owner = THIS_MODULE,
	.write = trim_write,
	.llseek = noop_llseek,
};

static ssize_t reset_peaks_write(struct file *file, const char __user *buf, size_t count,
				 loff_t *ppos)
{
	tcslab_reset_peaks();
	tcslab_heap_reset_peaks();
	return count;
}

static const struct file_operations reset_peaks_fops = {
	.owner = THIS_MODULE,
	.write = reset_peaks_write,
	.llseek = noop_llseek,
};

void tcslab_debugfs_set_parent(struct dentry *folder)
{
	parent = folder;
	unwanted = !folder;
}

/* debugfs may be missing or locked down: then there are no files, and no error. */
int __init tcslab_debugfs_init(void)
{
	if (unwanted)
		return 0;
	root = debugfs_create_dir("tcslab", parent);
	debugfs_create_file("stats", 0400, root, NULL, &stats_fops);
	debugfs_create_file("classes", 0400, root, NULL, &classes_fops);
	debugfs_create_file("caches", 0400, root, NULL, &caches_fops);
	debugfs_create_file("heaps", 0400, root, NULL, &heaps_fops);
	debugfs_create_file("page_heap", 0400, root, NULL, &page_heap_fops);
	debugfs_create_file("cpu", 0400, root, NULL, &cpu_fops);
	debugfs_create_file("spans", 0400, root, NULL, &spans_fops);
	debugfs_create_file("summary", 0400, root, NULL, &summary_fops);
	debugfs_create_file("trim", 0200, root, NULL, &trim_fops);
	debugfs_create_file("reset_peaks", 0200, root, NULL, &reset_peaks_fops);
	tcslab_debug_files_init(root);
	return 0;
}

void tcslab_debugfs_exit(void)
{
	tcslab_debug_files_exit();
	debugfs_remove_recursive(root);
}
