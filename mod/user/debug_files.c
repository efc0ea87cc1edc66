// SPDX-License-Identifier: GPL-2.0
/*
 * Caches with debug= under /sys/kernel/debug/tcslab/debug/
 *
 * A folder for each, with alloc_traces and free_traces, as the kernel's slab/<cache>/ has them, and
 * validate.  A cache's files go before it does, and debugfs waits for who is in one of them.
 *
 * Lock order: files_mutex, then debugfs' own or tcslab_cache_mutex, never both.
 */
#include <linux/debugfs.h>
#include <linux/jhash.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>

#include "caches/cache.h"
#include "caches/list.h"
#include "debug/objects.h"
#include "debug/pattern.h"
#include "middle/central.h"
#include "debug_files.h"

#define PLACES		1024	/* that are told apart */
#define NAME_TRIES	100

static DEFINE_MUTEX(files_mutex);	/* the folder, and those of caches */
static struct dentry *folder;

/* -------------------------------------------------------------------- traces */

/**
 * struct place - where objects were allocated or freed
 * @count: how many
 * @hash: of the stack
 * @nr: frames in @entries; 0 for those of whom nobody knows
 * @entries: the stack
 * @least_ms: ages
 * @most_ms: of them
 * @sum_ms: of all
 * @first_pid: the lowest
 * @last_pid: the highest
 */
struct place {
	unsigned long count;
	u32 hash;
	unsigned int nr;
	unsigned long entries[TCSLAB_TRACK_FRAMES];
	u64 least_ms;
	u64 most_ms;
	u64 sum_ms;
	pid_t first_pid;
	pid_t last_pid;
};

/**
 * struct places - of one cache
 * @freed: rather than allocated
 * @now: when it was begun
 * @others: objects for which there was no room
 * @places: found by hash from there on, then sorted
 */
struct places {
	bool freed;
	u64 now;
	unsigned long others;
	struct place places[PLACES];
};

static struct place *find_place(struct places *all, u32 hash, unsigned int nr,
				const unsigned long *entries)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		struct place *place = all->places + (hash + i) % PLACES;

		if (!place->count) {
			place->hash = hash;
			place->nr = nr;
			memcpy(place->entries, entries, nr * sizeof(*entries));
			place->least_ms = U64_MAX;
			place->first_pid = INT_MAX;
			return place;
		}
		if (place->hash == hash && place->nr == nr &&
		    !memcmp(place->entries, entries, nr * sizeof(*entries)))
			return place;
	}
	return NULL;
}

/* Under the lock of the middle tier. */
static void add(struct tcslab_cache *cache, void *obj, bool is_free, void *arg)
{
	const struct tcslab_track *track;
	struct places *all = arg;
	struct tcslab_track copy;
	struct place *place;
	u64 ms;

	/* As with SLUB: of those in use, who freed them before, too. */
	if (is_free || !tcslab_objects_is_live(cache, obj))
		return;
	track = all->freed ? tcslab_objects_freed_by(cache, obj) :
			     tcslab_objects_alloced_by(cache, obj);
	if (track)
		copy = *track;	/* it may change */
	else
		copy = (struct tcslab_track){ .when = all->now };
	copy.nr = min_t(unsigned int, copy.nr, TCSLAB_TRACK_FRAMES);
	place = find_place(all, jhash(copy.entries, copy.nr * sizeof(copy.entries[0]), 0), copy.nr,
			   copy.entries);
	if (!place) {
		all->others++;
		return;
	}
	ms = copy.when < all->now ? div_u64(all->now - copy.when, NSEC_PER_MSEC) : 0;
	place->count++;
	place->least_ms = min(place->least_ms, ms);
	place->most_ms = max(place->most_ms, ms);
	place->sum_ms += ms;
	place->first_pid = min(place->first_pid, copy.pid);
	place->last_pid = max(place->last_pid, copy.pid);
}

static int more_objects(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	if (left->count == right->count)
		return 0;
	return left->count > right->count ? -1 : 1;
}

static void show_place(struct seq_file *m, const struct place *place)
{
	unsigned int i;

	seq_printf(m, "%7lu ", place->count);
	if (!place->nr) {
		seq_puts(m, "<not-available>\n");
		return;
	}
	seq_printf(m, "%pS age_ms=%llu/%llu/%llu pid=%d", (void *)place->entries[0],
		   place->least_ms, div64_u64(place->sum_ms, place->count), place->most_ms,
		   place->first_pid);
	if (place->last_pid != place->first_pid)
		seq_printf(m, "-%d", place->last_pid);
	seq_putc(m, '\n');
	for (i = 0; i < place->nr; i++)
		seq_printf(m, "        %pS\n", (void *)place->entries[i]);
}

static int show_places(struct seq_file *m, bool freed)
{
	static const struct tcslab_visitor visitor = { .look = add };
	struct places *all = kvzalloc(sizeof(*all), GFP_KERNEL);
	unsigned int i;

	if (!all)
		return -ENOMEM;
	all->freed = freed;
	all->now = local_clock();
	tcslab_central_visit(m->private, &visitor, all);
	sort(all->places, PLACES, sizeof(all->places[0]), more_objects, NULL);
	for (i = 0; i < PLACES && all->places[i].count; i++)
		show_place(m, all->places + i);
	if (all->others)
		seq_printf(m, "%7lu <other places>\n", all->others);
	if (!i)
		seq_puts(m, "No data\n");
	kvfree(all);
	return 0;
}

static int alloc_traces_show(struct seq_file *m, void *v)
{
	return show_places(m, false);
}
DEFINE_SHOW_ATTRIBUTE(alloc_traces);

static int free_traces_show(struct seq_file *m, void *v)
{
	return show_places(m, true);
}
DEFINE_SHOW_ATTRIBUTE(free_traces);

/* ------------------------------------------------------------------ validate */

static ssize_t validate_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct tcslab_cache *cache = file_inode(file)->i_private;
	struct tcslab_validated sums;
	bool yes;
	int err = kstrtobool_from_user(buf, count, &yes);

	if (err || !yes)
		return err ?: -EINVAL;
	tcslab_cache_validate(cache, &sums);
	pr_info("tcslab: validate: cache %s: %lu objects in use, %lu free, %lu broken\n",
		cache->name, sums.in_use, sums.free, sums.broken);
	return count;
}

static const struct file_operations validate_fops = {
	.owner = THIS_MODULE,
	.write = validate_write,
	.llseek = noop_llseek,
};

/* ------------------------------------------------------------------- pattern */

static int pattern_show(struct seq_file *m, void *v)
{
	char text[TCSLAB_PATTERN_BYTES + 1];

	tcslab_pattern_get(text);
	seq_puts(m, text);
	return 0;
}

static int pattern_open(struct inode *inode, struct file *file)
{
	return single_open(file, pattern_show, NULL);
}

static ssize_t pattern_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	char *text;
	int err;

	if (count > TCSLAB_PATTERN_BYTES)
		return -E2BIG;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = tcslab_pattern_set(text);
	kfree(text);
	return err ?: count;
}

static const struct file_operations pattern_fops = {
	.owner = THIS_MODULE,
	.open = pattern_open,
	.read = seq_read,
	.write = pattern_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* ------------------------------------------------------------------- folders */

/* A name that the folder does not have yet: of caches there may be several of one. */
static bool new_name(const struct tcslab_cache *cache, char *name, size_t bytes)
{
	struct dentry *there;
	unsigned int i;

	for (i = 1; i < NAME_TRIES; i++) {
		if (i == 1)
			strscpy(name, cache->name, bytes);
		else
			scnprintf(name, bytes, "%s-%u", cache->name, i);
		strreplace(name, '/', '!');
		there = debugfs_lookup(name, folder);
		if (IS_ERR_OR_NULL(there))
			return true;
		dput(there);
	}
	return false;
}

/* Without debugfs there is no folder, and no error. */
static void make_files(struct tcslab_cache *cache)
{
	char name[sizeof(cache->name) + 8];
	struct dentry *of_cache;

	lockdep_assert_held(&files_mutex);
	if (cache->debug->folder || !new_name(cache, name, sizeof(name)))
		return;
	of_cache = debugfs_create_dir(name, folder);
	if (IS_ERR(of_cache))
		return;
	debugfs_create_file("alloc_traces", 0400, of_cache, cache, &alloc_traces_fops);
	debugfs_create_file("free_traces", 0400, of_cache, cache, &free_traces_fops);
	debugfs_create_file("validate", 0200, of_cache, cache, &validate_fops);
	cache->debug->folder = of_cache;
}

void tcslab_debug_files_made(struct tcslab_cache *cache)
{
	mutex_lock(&files_mutex);
	if (!IS_ERR_OR_NULL(folder))
		make_files(cache);
	mutex_unlock(&files_mutex);
}

void tcslab_debug_files_goes(struct tcslab_cache *cache)
{
	mutex_lock(&files_mutex);
	if (folder)
		debugfs_remove_recursive(cache->debug->folder);
	mutex_unlock(&files_mutex);
}

/* The next general cache with debug= and without files: those are not destroyed. */
static struct tcslab_cache *without_files(void)
{
	struct tcslab_cache *cache, *found = NULL;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		if (cache->general && cache->debug && !cache->debug->folder) {
			found = cache;
			break;
		}
	}
	mutex_unlock(&tcslab_cache_mutex);
	return found;
}

void __init tcslab_debug_files_init(struct dentry *root)
{
	struct tcslab_cache *cache;

	mutex_lock(&files_mutex);
	folder = debugfs_create_dir("debug", root);
	if (!IS_ERR(folder)) {
		debugfs_create_file("pattern", 0600, folder, NULL, &pattern_fops);
		while ((cache = without_files())) {
			make_files(cache);
			if (!cache->debug->folder)
				break;
		}
	}
	mutex_unlock(&files_mutex);
}

void tcslab_debug_files_exit(void)
{
	mutex_lock(&files_mutex);
	folder = NULL;
	mutex_unlock(&files_mutex);
}
