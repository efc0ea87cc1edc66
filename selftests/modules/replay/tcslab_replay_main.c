// SPDX-License-Identifier: GPL-2.0
/*
 * Replay of a recorded trace: /sys/kernel/debug/tcslab_replay/
 *
 *   trace   write a trace (uncompressed) into it
 *   run     write what to do: verify [events], verify-spoiled [events],
 *           time [rounds], longest [rounds], pages; returns when it is done, -EINTR on a signal
 *   result  what the last run found, a name and a number a line
 *   curve   pages held over the trace, after `pages`
 *
 * See Documentation/replay.md.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "tcslab_replay.h"

#define MAX_TRACE_BYTES	(256UL << 20)
#define MAX_RESULTS	64
#define RESULT_BYTES	48

struct line {
	char name[RESULT_BYTES];
	u64 value;
};

/* Guards everything below; held while a trace is played. */
static DEFINE_MUTEX(lock);
static struct dentry *root;
static struct replay_trace trace;
static bool decoded;
static u8 *raw;
static size_t raw_bytes, raw_room;
static struct line results[MAX_RESULTS];
static unsigned int nr_results;

void replay_result(const char *name, u64 value)
{
	lockdep_assert_held(&lock);
	if (WARN_ON_ONCE(nr_results == MAX_RESULTS))
		return;
	strscpy(results[nr_results].name, name, RESULT_BYTES);
	results[nr_results++].value = value;
}

/* -------------------------------------------------------------------- trace */

static void drop_trace(void)
{
	if (decoded)
		replay_trace_drop(&trace);
	decoded = false;
}

static int trace_open(struct inode *inode, struct file *file)
{
	if (mutex_lock_interruptible(&lock))
		return -EINTR;
	drop_trace();
	raw_bytes = 0;
	mutex_unlock(&lock);
	return 0;
}

static int make_room(size_t bytes)
{
	size_t room = max(raw_room * 2, bytes);
	u8 *bigger;

	if (bytes <= raw_room)
		return 0;
	bigger = kvmalloc(room, GFP_KERNEL);
	if (!bigger)
		return -ENOMEM;
	if (raw_bytes)
		memcpy(bigger, raw, raw_bytes);
	kvfree(raw);
	raw = bigger;
	raw_room = room;
	return 0;
}

static ssize_t trace_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	ssize_t err;

	if (mutex_lock_interruptible(&lock))
		return -EINTR;
	err = -EFBIG;
	if (count > MAX_TRACE_BYTES - raw_bytes)
		goto out;
	err = make_room(raw_bytes + count);
	if (err)
		goto out;
	err = -EFAULT;
	if (copy_from_user(raw + raw_bytes, buf, count))
		goto out;
	raw_bytes += count;
	*ppos += count;
	err = count;
out:
	mutex_unlock(&lock);
	return err;
}

static const struct file_operations trace_fops = {
	.owner = THIS_MODULE,
	.open = trace_open,
	.write = trace_write,
	.llseek = noop_llseek,
};

/* ---------------------------------------------------------------------- run */

/* Its first @events, and what they left freed; 0 for all. */
static struct replay_trace beginning(unsigned int events)
{
	struct replay_trace part = trace;
	u32 i;

	if (!events || events >= trace.nr_events)
		return part;
	part.nr_events = events;
	part.nr_objs = 0;
	for (i = 0; i < events; i++)
		part.nr_objs += !trace.events[i].free;
	return part;
}

static int run(const char *what, unsigned int number)
{
	bool verify = str_has_prefix(what, "verify");
	struct replay_trace part;
	int err;

	if (!decoded) {
		err = replay_trace_decode(&trace, raw, raw_bytes);
		if (err)
			return err;
		decoded = true;
	}
	part = beginning(verify ? number : 0);
	nr_results = 0;
	replay_result("events", part.nr_events);
	replay_result("objects", part.nr_objs);
	replay_result("cpus", part.cpus);
	replay_result("caches", part.nr_caches);
	replay_result("cross_cpu_frees", part.cross_cpu);
	replay_result("lost_events", part.lost);
	replay_result("inferred_frees", part.inferred);
	if (!strcmp(what, "verify"))
		return replay_verify(&part, false);
	if (!strcmp(what, "verify-spoiled"))
		return replay_verify(&part, true);
	if (!strcmp(what, "time"))
		return replay_time(&trace, number ?: 5);
	if (!strcmp(what, "longest"))
		return replay_longest(&trace, number ?: 3);
	if (!strcmp(what, "pages"))
		return replay_pages(&trace);
	return -EINVAL;
}

static ssize_t run_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	char text[32], what[16];
	unsigned int number = 0;
	int err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	if (sscanf(text, "%15s %u", what, &number) < 1)
		return -EINVAL;
	if (mutex_lock_interruptible(&lock))
		return -EINTR;
	err = run(what, number);
	mutex_unlock(&lock);
	return err ?: count;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.write = run_write,
	.llseek = noop_llseek,
};

/* ------------------------------------------------------------------ results */

static int result_show(struct seq_file *m, void *v)
{
	unsigned int i;

	if (mutex_lock_interruptible(&lock))
		return -EINTR;
	for (i = 0; i < nr_results; i++)
		seq_printf(m, "%s %llu\n", results[i].name, results[i].value);
	mutex_unlock(&lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

static int curve_show(struct seq_file *m, void *v)
{
	unsigned int part, i;

	if (mutex_lock_interruptible(&lock))
		return -EINTR;
	seq_puts(m, "part window live_bytes tcslab_pages slub_pages\n");
	for (part = 0; part < REPLAY_NR_PARTS; part++) {
		for (i = 0; i < REPLAY_WINDOWS; i++) {
			const struct replay_curve *c = &replay_curves[part][i];

			seq_printf(m, "%s %u %llu %llu %llu\n", replay_parts[part], i,
				   c->live_bytes, c->pages[REPLAY_TCSLAB], c->pages[REPLAY_SLUB]);
		}
	}
	mutex_unlock(&lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(curve);

static int __init replay_init(void)
{
	root = debugfs_create_dir("tcslab_replay", NULL);
	if (IS_ERR(root))
		return PTR_ERR(root);
	debugfs_create_file("trace", 0200, root, NULL, &trace_fops);
	debugfs_create_file("run", 0200, root, NULL, &run_fops);
	debugfs_create_file("result", 0400, root, NULL, &result_fops);
	debugfs_create_file("curve", 0400, root, NULL, &curve_fops);
	return 0;
}

static void __exit replay_exit(void)
{
	debugfs_remove_recursive(root);
	drop_trace();
	kvfree(raw);
}

module_init(replay_init);
module_exit(replay_exit);

MODULE_DESCRIPTION("tcslab: replays a recorded trace of allocations");
MODULE_LICENSE("GPL");
