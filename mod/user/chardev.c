// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/tcslab: the device, the table of calls, statistics and tunables
 *
 * The ABI is in <uapi/linux/tcslab.h> and Documentation/abi.md.  A struct is copied
 * in, its size and flags are checked against the table, the call works on the copy,
 * and the copy goes back.  What the copy holds beyond the user's struct is zero.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <uapi/linux/tcslab.h>

#include "back/page_heap.h"
#include "base/bytes_param.h"
#include "base/compat.h"
#include "caches/list.h"
#include "caches/size_class.h"
#include "caches/totals.h"
#include "front/cpu_budget.h"
#include "policy/pressure.h"
#include "policy/scavenger.h"
#include "chardev.h"
#include "handle.h"

static unsigned long handle_quota_bytes = SZ_16M;
tcslab_bytes_param(handle_quota_bytes, handle_quota_bytes, 0,
		   "bytes that one open file of /dev/tcslab may hold, as it is at open (0: none)");

/* ------------------------------------------------------------ statistics */

static long get_version(struct tcslab_handles *handles, void *p)
{
	struct tcslab_ioc_version *arg = p;

	arg->abi = TCSLAB_IOC_ABI;
	arg->nr_classes = TCSLAB_NR_CLASSES - 1;
	arg->nr_zones = TCSLAB_NR_ZONES;
	arg->nr_nodes = nr_node_ids;
	arg->features = TCSLAB_FEATURE_STATS | TCSLAB_FEATURE_HANDLES | TCSLAB_FEATURE_TUNABLES;
	arg->page_size = PAGE_SIZE;
	arg->max_class_size = TCSLAB_MAX_CLASS_SIZE;
	arg->max_length = PAGE_SIZE << MAX_PAGE_ORDER;
	return 0;
}

static u64 to_bytes(unsigned long npages)
{
	return (u64)npages << PAGE_SHIFT;
}

static long get_stats(struct tcslab_handles *handles, void *p)
{
	struct tcslab_ioc_stats *arg = p;
	struct tcslab_totals totals;

	tcslab_totals(&totals);
	arg->held_bytes = totals.held;
	arg->peak_held_bytes = totals.peak_held;
	arg->in_use_bytes = totals.in_use;
	arg->large_bytes = totals.large;
	arg->cpu_cached_bytes = totals.cpu_cached;
	arg->transfer_cached_bytes = totals.transfer_cached;
	arg->central_free_bytes = totals.central_free;
	arg->tail_bytes = totals.tails;
	arg->heap_free_bytes = totals.heap_free;
	arg->metadata_bytes = totals.metadata;
	arg->releasable_bytes = to_bytes(tcslab_releasable_pages());
	arg->scavenged_bytes = to_bytes(tcslab_scavenged_pages());
	arg->shrunk_bytes = to_bytes(tcslab_shrunk_pages());
	arg->entries = totals.entries;
	arg->refills = totals.refills;
	arg->flushes = totals.flushes;
	arg->nested = totals.nested;
	arg->limit_refusals = tcslab_hard_limit_refusals();
	arg->no_memory = totals.no_memory;
	arg->uptime_ms = totals.uptime_ms;
	if (mutex_lock_interruptible(&handles->lock))
		return -EINTR;
	arg->file_handles = handles->nr;
	arg->file_bytes = handles->bytes;
	arg->file_quota = handles->quota;
	mutex_unlock(&handles->lock);
	return 0;
}

/* With tcslab_cache_mutex held. */
static void show_cache(struct tcslab_ioc_cache *arg, struct tcslab_cache *cache)
{
	struct tcslab_cache_stats stats;

	tcslab_cache_stats_locked(cache, &stats);
	arg->zone = cache->zone;
	arg->node = cache->node == NUMA_NO_NODE ? TCSLAB_IOC_ANY_NODE : cache->node;
	arg->span_objs = stats.span_objs;
	arg->object_size = stats.object_size;
	arg->slot_size = stats.size;
	arg->span_bytes = stats.span_bytes;
	arg->in_use = stats.in_use;
	arg->cpu_cached = stats.cpu_cached;
	arg->transfer_cached = stats.transfer_cached;
	arg->central_free = stats.central_free;
	arg->spans = stats.spans;
	arg->tail_bytes = stats.tail_bytes;
	arg->entries = stats.entries;
	arg->refills = stats.refills;
	arg->flushes = stats.flushes;
	arg->nested = stats.nested;
	arg->limit_bytes = stats.limit_bytes;
	arg->limit_refusals = stats.limit_refusals;
	strscpy_pad(arg->name, cache->name, sizeof(arg->name));
	arg->held_bytes = stats.held_bytes;
	arg->no_memory = stats.no_memory;
	arg->peak_held_bytes = stats.peak_held_bytes;
	arg->created_ms = stats.created_ms;
}

/* One that nobody has asked for yet, see caches/low_zone.c: as that of the normal zone would be. */
static void show_unmade(struct tcslab_ioc_cache *arg, enum tcslab_zone zone, unsigned int class)
{
	const struct tcslab_cache *like = tcslab_general[class];

	*arg = (struct tcslab_ioc_cache){
		.size = arg->size, .index = arg->index, .zone = zone, .node = TCSLAB_IOC_ANY_NODE,
		.object_size = like->object_size, .slot_size = like->size,
		.span_bytes = like->span_pages * PAGE_SIZE, .span_objs = like->span_objs,
	};
	snprintf(arg->name, sizeof(arg->name), "%s-%u", tcslab_zone_name(zone),
		 like->object_size);
}

static long get_class_stats(struct tcslab_handles *handles, void *p)
{
	struct tcslab_ioc_cache *arg = p;
	unsigned int zone = arg->index / (TCSLAB_NR_CLASSES - 1);
	unsigned int class = arg->index % (TCSLAB_NR_CLASSES - 1) + 1;
	struct tcslab_cache *cache;
	bool found = false;

	if (zone >= TCSLAB_NR_ZONES)
		return -ENOENT;
	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		found = cache->general && cache->zone == zone &&
			cache->object_size == tcslab_class_size(class);
		if (found) {
			show_cache(arg, cache);
			break;
		}
	}
	mutex_unlock(&tcslab_cache_mutex);
	if (!found)
		show_unmade(arg, zone, class);
	return 0;
}

static long get_cache_stats(struct tcslab_handles *handles, void *p)
{
	struct tcslab_ioc_cache *arg = p;
	struct tcslab_cache *cache;
	long err = -ENOENT;
	u32 n = 0;

	mutex_lock(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		if (!cache->general && n++ == arg->index) {
			show_cache(arg, cache);
			err = 0;
			break;
		}
	}
	mutex_unlock(&tcslab_cache_mutex);
	return err;
}

static long get_heap_stats(struct tcslab_handles *handles, void *p)
{
	u32 nr_heaps = nr_node_ids * TCSLAB_NR_ZONES, index;
	struct tcslab_page_heap_stats stats;
	struct tcslab_ioc_heap *arg = p;

	if (arg->pad)
		return -EINVAL;
	if (arg->index >= nr_heaps)
		return -ENOENT;
	index = array_index_nospec(arg->index, nr_heaps);
	arg->zone = index % TCSLAB_NR_ZONES;
	arg->node = index / TCSLAB_NR_ZONES;
	tcslab_page_heap_stats(arg->node, arg->zone, &stats);
	arg->held_bytes = to_bytes(stats.held_pages);
	arg->peak_held_bytes = to_bytes(stats.peak_held_pages);
	arg->peak_used_bytes = to_bytes(stats.peak_used_pages);
	arg->free_bytes = to_bytes(stats.free_pages);
	arg->small_bytes = to_bytes(stats.small_pages);
	arg->large_bytes = to_bytes(stats.large_pages);
	arg->longest_free_bytes = to_bytes(stats.longest_free);
	arg->chunks = stats.chunks;
	arg->free_chunks = stats.free_chunks;
	arg->free_spans = stats.free_spans;
	arg->small_spans = stats.small_spans;
	arg->large_spans = stats.large_spans;
	arg->grown = stats.grown;
	arg->released = stats.released;
	return 0;
}

static long do_trim(struct tcslab_handles *handles, void *p)
{
	struct tcslab_ioc_trim *arg = p;

	arg->released_bytes = to_bytes(tcslab_trim());
	return 0;
}

/* -------------------------------------------------------------- tunables */

/* Those that are also module parameters. */
static unsigned long *global_tunable(u32 id)
{
	switch (id) {
	case TCSLAB_TUNABLE_RELEASE_RATE:
		return &tcslab_release_rate;
	case TCSLAB_TUNABLE_KEEP_BYTES:
		return &tcslab_keep_bytes;
	case TCSLAB_TUNABLE_CPU_BUDGET:
		return &tcslab_cpu_budget_bytes;
	case TCSLAB_TUNABLE_SOFT_LIMIT:
		return &tcslab_soft_limit_bytes;
	case TCSLAB_TUNABLE_HARD_LIMIT:
		return &tcslab_hard_limit_bytes;
	default:
		return NULL;
	}
}

static long check_tunable(const struct tcslab_ioc_tunable *arg)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (arg->pad)
		return -EINVAL;
	return arg->id == TCSLAB_TUNABLE_FILE_QUOTA || global_tunable(arg->id) ? 0 : -ENOENT;
}

static long get_tunable(struct tcslab_handles *handles, void *p)
{
	struct tcslab_ioc_tunable *arg = p;
	long err = check_tunable(arg);

	if (err)
		return err;
	if (arg->id != TCSLAB_TUNABLE_FILE_QUOTA) {
		arg->value = READ_ONCE(*global_tunable(arg->id));
		return 0;
	}
	if (mutex_lock_interruptible(&handles->lock))
		return -EINTR;
	arg->value = handles->quota;
	mutex_unlock(&handles->lock);
	return 0;
}

static long set_tunable(struct tcslab_handles *handles, void *p)
{
	struct tcslab_ioc_tunable *arg = p;
	long err = check_tunable(arg);

	if (err)
		return err;
	if (arg->id != TCSLAB_TUNABLE_FILE_QUOTA) {
		if (arg->value > ULONG_MAX)
			return -ERANGE;
		WRITE_ONCE(*global_tunable(arg->id), arg->value);
		return 0;
	}
	if (mutex_lock_interruptible(&handles->lock))
		return -EINTR;
	handles->quota = arg->value;
	mutex_unlock(&handles->lock);
	return 0;
}

/* -------------------------------------------------------- objects by handle */

static long do_alloc(struct tcslab_handles *handles, void *arg)
{
	return tcslab_handles_alloc(handles, arg);
}

static long do_free(struct tcslab_handles *handles, void *arg)
{
	return tcslab_handles_free(handles, arg);
}

static long do_write(struct tcslab_handles *handles, void *arg)
{
	return tcslab_handles_write(handles, arg);
}

static long do_read(struct tcslab_handles *handles, void *arg)
{
	return tcslab_handles_read(handles, arg);
}

static long do_fill(struct tcslab_handles *handles, void *arg)
{
	return tcslab_handles_fill(handles, arg);
}

static long do_verify(struct tcslab_handles *handles, void *arg)
{
	return tcslab_handles_verify(handles, arg);
}

/* ------------------------------------------------------------ the dispatch */

/**
 * struct call - one ioctl
 * @size: of its struct as this kernel knows it
 * @min_size: of its first published version
 * @flags: those that are known
 * @run: the call
 */
struct call {
	u32 size;
	u32 min_size;
	u32 flags;
	long (*run)(struct tcslab_handles *handles, void *arg);
};

/* Room for any struct; all begin with size and flags. */
union argument {
	struct {
		u32 size;
		u32 flags;
	};
	struct tcslab_ioc_version version;
	struct tcslab_ioc_stats stats;
	struct tcslab_ioc_cache cache;
	struct tcslab_ioc_heap heap;
	struct tcslab_ioc_trim trim;
	struct tcslab_ioc_alloc alloc;
	struct tcslab_ioc_free free;
	struct tcslab_ioc_copy copy;
	struct tcslab_ioc_pattern pattern;
	struct tcslab_ioc_tunable tunable;
};

/* @_min is a number on purpose: it stays when the struct grows. */
#define CALL(_nr, _type, _min, _flags, _run)				\
	[_IOC_NR(_nr)] = {						\
		.size = sizeof(struct _type) +				\
			BUILD_BUG_ON_ZERO(sizeof(struct _type) > sizeof(union argument)), \
		.min_size = (_min),					\
		.flags = (_flags),					\
		.run = (_run),						\
	}

#define ALLOC_FLAGS	(TCSLAB_ALLOC_NAMED | TCSLAB_ALLOC_THISNODE)

static const struct call calls[] = {
	CALL(TCSLAB_IOC_VERSION, tcslab_ioc_version, 56, 0, get_version),
	CALL(TCSLAB_IOC_STATS, tcslab_ioc_stats, 168, 0, get_stats),
	CALL(TCSLAB_IOC_CLASS_STATS, tcslab_ioc_cache, 176, 0, get_class_stats),
	CALL(TCSLAB_IOC_CACHE_STATS, tcslab_ioc_cache, 176, 0, get_cache_stats),
	CALL(TCSLAB_IOC_HEAP_STATS, tcslab_ioc_heap, 136, 0, get_heap_stats),
	CALL(TCSLAB_IOC_TRIM, tcslab_ioc_trim, 16, 0, do_trim),
	CALL(TCSLAB_IOC_ALLOC, tcslab_ioc_alloc, 96, ALLOC_FLAGS, do_alloc),
	CALL(TCSLAB_IOC_FREE, tcslab_ioc_free, 32, 0, do_free),
	CALL(TCSLAB_IOC_WRITE, tcslab_ioc_copy, 40, 0, do_write),
	CALL(TCSLAB_IOC_READ, tcslab_ioc_copy, 40, 0, do_read),
	CALL(TCSLAB_IOC_FILL, tcslab_ioc_pattern, 48, 0, do_fill),
	CALL(TCSLAB_IOC_VERIFY, tcslab_ioc_pattern, 48, 0, do_verify),
	CALL(TCSLAB_IOC_GET_TUNABLE, tcslab_ioc_tunable, 24, 0, get_tunable),
	CALL(TCSLAB_IOC_SET_TUNABLE, tcslab_ioc_tunable, 24, 0, set_tunable),
};

static const struct call *find_call(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (cmd != _IO(TCSLAB_IOC_TYPE, nr) || nr >= ARRAY_SIZE(calls))
		return NULL;
	return &calls[array_index_nospec(nr, ARRAY_SIZE(calls))];
}

static long tcslab_ioctl(struct file *file, unsigned int cmd, unsigned long addr)
{
	const struct call *call = find_call(cmd);
	void __user *user = (void __user *)addr;
	union argument arg;
	long err, result;
	u32 size;

	if (!call)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < call->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&arg, call->size, user, size);
	if (err)
		return err;
	arg.size = size;	/* it may have changed between the two looks */
	if (arg.flags & ~call->flags)
		return -EINVAL;
	result = call->run(file->private_data, &arg);
	if (copy_to_user(user, &arg, min(size, call->size)))
		return -EFAULT;
	return result;
}

static int tcslab_open(struct inode *inode, struct file *file)
{
	struct tcslab_handles *handles = kzalloc(sizeof(*handles), GFP_KERNEL_ACCOUNT);

	if (!handles)
		return -ENOMEM;
	tcslab_handles_init(handles, READ_ONCE(handle_quota_bytes));
	file->private_data = handles;
	return stream_open(inode, file);
}

static int tcslab_release(struct inode *inode, struct file *file)
{
	struct tcslab_handles *handles = file->private_data;

	tcslab_handles_exit(handles);
	kfree(handles);
	return 0;
}

static const struct file_operations tcslab_fops = {
	.owner = THIS_MODULE,
	.open = tcslab_open,
	.release = tcslab_release,
	.unlocked_ioctl = tcslab_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice tcslab_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tcslab",
	.fops = &tcslab_fops,
	.mode = 0600,
};

int __init tcslab_chardev_init(void)
{
	BUILD_BUG_ON(TCSLAB_IOC_ZONE_NORMAL != TCSLAB_ZONE_NORMAL);
	BUILD_BUG_ON(TCSLAB_IOC_ZONE_DMA32 != TCSLAB_ZONE_DMA32);
	BUILD_BUG_ON(TCSLAB_IOC_ZONE_DMA != TCSLAB_ZONE_DMA);
	BUILD_BUG_ON(sizeof_field(struct tcslab_cache, name) != TCSLAB_IOC_NAME_LEN);
	return misc_register(&tcslab_device);
}

void tcslab_chardev_exit(void)
{
	misc_deregister(&tcslab_device);
}
