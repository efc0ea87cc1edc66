// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl device: struct sizes, flags, padding, addresses, statistics, tunables,
 * rights.  What concerns objects is in handle_test.c.  BUILD_M32: also as a 32-bit
 * program.
 */
#include <assert.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "harness.h"
#include "ioctl_device.h"

static_assert(sizeof(struct tcslab_ioc_version) == 56, "version");
static_assert(sizeof(struct tcslab_ioc_stats) == 192, "stats");
static_assert(sizeof(struct tcslab_ioc_cache) == 208, "cache");
static_assert(sizeof(struct tcslab_ioc_heap) == 136, "heap");
static_assert(sizeof(struct tcslab_ioc_trim) == 16, "trim");
static_assert(sizeof(struct tcslab_ioc_alloc) == 96, "alloc");
static_assert(sizeof(struct tcslab_ioc_free) == 32, "free");
static_assert(sizeof(struct tcslab_ioc_copy) == 40, "copy");
static_assert(sizeof(struct tcslab_ioc_pattern) == 48, "pattern");
static_assert(sizeof(struct tcslab_ioc_tunable) == 24, "tunable");

/*
 * Every call, with the size of its struct, what it says to one full of zeros, and the
 * size of its first version if it has grown.
 */
static const struct {
	unsigned int nr;
	unsigned int size;
	__u32 flags;
	int zeros;
	unsigned int first;
} calls[] = {
	{ TCSLAB_IOC_VERSION, sizeof(struct tcslab_ioc_version), 0, 0 },
	{ TCSLAB_IOC_STATS, sizeof(struct tcslab_ioc_stats), 0, 0, 168 },
	{ TCSLAB_IOC_CLASS_STATS, sizeof(struct tcslab_ioc_cache), 0, 0, 176 },
	{ TCSLAB_IOC_CACHE_STATS, sizeof(struct tcslab_ioc_cache), 0, 0, 176 },
	{ TCSLAB_IOC_HEAP_STATS, sizeof(struct tcslab_ioc_heap), 0, 0 },
	{ TCSLAB_IOC_TRIM, sizeof(struct tcslab_ioc_trim), 0, 0 },
	{ TCSLAB_IOC_ALLOC, sizeof(struct tcslab_ioc_alloc),
	  TCSLAB_ALLOC_NAMED | TCSLAB_ALLOC_THISNODE, -EINVAL },
	{ TCSLAB_IOC_FREE, sizeof(struct tcslab_ioc_free), 0, -EINVAL },
	{ TCSLAB_IOC_WRITE, sizeof(struct tcslab_ioc_copy), 0, -ENOENT },
	{ TCSLAB_IOC_READ, sizeof(struct tcslab_ioc_copy), 0, -ENOENT },
	{ TCSLAB_IOC_FILL, sizeof(struct tcslab_ioc_pattern), 0, -EINVAL },
	{ TCSLAB_IOC_VERIFY, sizeof(struct tcslab_ioc_pattern), 0, -EINVAL },
	{ TCSLAB_IOC_GET_TUNABLE, sizeof(struct tcslab_ioc_tunable), 0, 0 },
};

#define NR_CALLS	ARRAY_SIZE(calls)

/* A struct of any call with room to be too long. */
union any {
	struct {
		__u32 size;
		__u32 flags;
	};
	unsigned char bytes[8192];
};

FIXTURE(device)
{
	int fd;
	union any any;
	struct tcslab_ioc_version version;
};

FIXTURE_SETUP(device)
{
	self->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	memset(&self->any, 0, sizeof(self->any));
	self->version = (struct tcslab_ioc_version){ .size = sizeof(self->version) };
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_VERSION, &self->version));
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
}

/* ------------------------------------------------------------ the structs */

TEST_F(device, version)
{
	EXPECT_EQ(TCSLAB_IOC_ABI, self->version.abi);
	EXPECT_EQ(TCSLAB_FEATURE_STATS | TCSLAB_FEATURE_HANDLES | TCSLAB_FEATURE_TUNABLES,
		  self->version.features);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), self->version.page_size);
	EXPECT_EQ(3, self->version.nr_zones);
	EXPECT_GE(self->version.nr_nodes, 1);
	EXPECT_GT(self->version.nr_classes, 40);
	EXPECT_GE(self->version.max_length, self->version.max_class_size);
	EXPECT_EQ(sizeof(self->version), self->version.size);
}

TEST_F(device, unknown_call)
{
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(TCSLAB_IOC_TYPE, 14), &self->any));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(TCSLAB_IOC_TYPE, 255), &self->any));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(TCSLAB_IOC_TYPE + 1, 0), &self->any));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IOWR(TCSLAB_IOC_TYPE, 0, __u64), &self->any));
}

TEST_F(device, zeros)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		memset(&self->any, 0, sizeof(self->any));
		self->any.size = calls[i].size;
		if (calls[i].nr == TCSLAB_IOC_CACHE_STATS && !have_named_caches())
			continue;
		EXPECT_EQ(calls[i].zeros, call(self->fd, calls[i].nr, &self->any)) {
			TH_LOG("call %u", i);
		}
		EXPECT_EQ(calls[i].size, self->any.size);
	}
}

TEST_F(device, short_struct)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		const unsigned int first = calls[i].first ?: calls[i].size;
		const unsigned int sizes[] = { 0, 1, 4, 8, first - 1 };

		for (unsigned int j = 0; j < ARRAY_SIZE(sizes); j++) {
			self->any.size = sizes[j];
			EXPECT_EQ(-EINVAL, call(self->fd, calls[i].nr, &self->any)) {
				TH_LOG("call %u size %u", i, sizes[j]);
			}
		}
	}
}

/* A program that knows the first version only. */
TEST_F(device, first_struct)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		if (!calls[i].first || (calls[i].nr == TCSLAB_IOC_CACHE_STATS &&
					!have_named_caches()))
			continue;
		memset(&self->any, 0, sizeof(self->any));
		self->any.size = calls[i].first;
		self->any.bytes[calls[i].first] = 0x5a;
		EXPECT_EQ(0, call(self->fd, calls[i].nr, &self->any));
		EXPECT_EQ(calls[i].first, self->any.size);
		EXPECT_EQ(0x5a, self->any.bytes[calls[i].first]);
	}
}

/* A longer struct is one of the future: fine as long as it asks for nothing new. */
TEST_F(device, long_struct)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		if (calls[i].zeros)
			continue;
		memset(&self->any, 0, sizeof(self->any));
		self->any.size = calls[i].size + 8;
		if (calls[i].nr == TCSLAB_IOC_CACHE_STATS && !have_named_caches())
			continue;
		EXPECT_EQ(0, call(self->fd, calls[i].nr, &self->any));
		EXPECT_EQ(calls[i].size + 8, self->any.size);
		self->any.bytes[calls[i].size + 7] = 1;
		EXPECT_EQ(-E2BIG, call(self->fd, calls[i].nr, &self->any)) {
			TH_LOG("call %u", i);
		}
		self->any.bytes[calls[i].size + 7] = 0;
		self->any.size = self->version.page_size + 1;
		EXPECT_EQ(-E2BIG, call(self->fd, calls[i].nr, &self->any));
	}
}

TEST_F(device, unknown_flags)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		for (int bit = 0; bit < 32; bit++) {
			if (calls[i].flags & (1U << bit))
				continue;
			self->any.size = calls[i].size;
			self->any.flags = 1U << bit;
			EXPECT_EQ(-EINVAL, call(self->fd, calls[i].nr, &self->any)) {
				TH_LOG("call %u bit %d", i, bit);
			}
		}
	}
}

TEST_F(device, padding)
{
	struct tcslab_ioc_heap heap = { .size = sizeof(heap), .pad = 1 };
	struct tcslab_ioc_tunable tunable = { .size = sizeof(tunable), .pad = 1 };

	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_HEAP_STATS, &heap));
	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_GET_TUNABLE, &tunable));
	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_SET_TUNABLE, &tunable));
}

TEST_F(device, bad_address)
{
	long page = self->version.page_size;
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct tcslab_ioc_version *version;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + page, page));
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		__u32 *end = (__u32 *)(map + page) - 1;

		*end = calls[i].size;
		EXPECT_EQ(-EFAULT, call(self->fd, calls[i].nr, NULL));
		EXPECT_EQ(-EFAULT, call(self->fd, calls[i].nr, map + page));
		/* The size can be read, the rest cannot. */
		EXPECT_EQ(-EFAULT, call(self->fd, calls[i].nr, end));
	}
	version = (struct tcslab_ioc_version *)map;
	version->size = sizeof(*version);
	ASSERT_EQ(0, mprotect(map, page, PROT_READ));
	EXPECT_EQ(-EFAULT, call(self->fd, TCSLAB_IOC_VERSION, version));
	munmap(map, page);
}

/* --------------------------------------------------------------- statistics */

static __u64 sum_of_tiers(const struct tcslab_ioc_stats *s)
{
	return s->in_use_bytes + s->cpu_cached_bytes + s->transfer_cached_bytes +
	       s->central_free_bytes + s->tail_bytes + s->heap_free_bytes;
}

/* The background release may be in the middle of a sum: then it is not rest. */
static int at_rest(int fd, struct tcslab_ioc_stats *s)
{
	for (int i = 0; i < 20; i++) {
		if (stats(fd, s))
			return 0;
		if (s->held_bytes == sum_of_tiers(s))
			return 1;
		usleep(10000);
	}
	return 0;
}

TEST_F(device, stats_add_up)
{
	static const unsigned int lengths[] = { 8, 24, 100, 1000, 5000, 32768, 100000 };
	struct tcslab_ioc_stats before, held, after;
	__u64 handles[7], expected = 0;

	ASSERT_TRUE(at_rest(self->fd, &before));
	for (int i = 0; i < 7; i++)
		ASSERT_EQ(0, alloc_objects(self->fd, lengths[i], 50, &handles[i]));
	EXPECT_TRUE(at_rest(self->fd, &held));
	/* What the quota counts is what the allocator says is in use. */
	expected = before.in_use_bytes + held.file_bytes;
	EXPECT_EQ(expected, held.in_use_bytes);
	EXPECT_EQ(7 * 50, held.file_handles);
	EXPECT_GE(held.peak_held_bytes, held.held_bytes);
	EXPECT_EQ(before.large_bytes + 50 * 102400, held.large_bytes);
	for (int i = 0; i < 7; i++)
		ASSERT_EQ(0, free_objects(self->fd, handles[i], 50));
	EXPECT_TRUE(at_rest(self->fd, &after));
	EXPECT_EQ(before.in_use_bytes, after.in_use_bytes);
	EXPECT_EQ(0, after.file_handles);
	EXPECT_EQ(0, after.file_bytes);
}

TEST_F(device, classes)
{
	struct tcslab_ioc_cache class = { .size = sizeof(class) }, last;
	__u32 n = self->version.nr_classes * self->version.nr_zones;

	for (__u32 i = 0; i < n; i++) {
		last = class;
		class.index = i;
		ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_CLASS_STATS, &class));
		EXPECT_EQ(i / self->version.nr_classes, class.zone);
		EXPECT_EQ(TCSLAB_IOC_ANY_NODE, class.node);
		EXPECT_EQ(class.object_size, class.slot_size);
		if (i % self->version.nr_classes)
			EXPECT_GT(class.object_size, last.object_size);
		EXPECT_EQ(class.span_objs, class.span_bytes / class.slot_size);
		EXPECT_NE(0, class.name[0]);
		/* Nothing that looks like a kernel address. */
		EXPECT_LT(class.entries, 1ULL << 48);
	}
	EXPECT_EQ(self->version.max_class_size, class.object_size);
	for (__u32 i = 0; i < 3; i++) {
		class.index = i ? i * 0x7fffffffU + 1 : n;
		EXPECT_EQ(-ENOENT, call(self->fd, TCSLAB_IOC_CLASS_STATS, &class));
	}
}

TEST_F(device, class_counts_objects)
{
	struct tcslab_ioc_cache before = { .size = sizeof(before), .index = 7 }, after = before;
	__u64 handle;

	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_CLASS_STATS, &before));
	ASSERT_EQ(0, alloc_objects(self->fd, before.object_size, 777, &handle));
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_CLASS_STATS, &after));
	EXPECT_EQ(before.in_use + 777, after.in_use);
	EXPECT_EQ(after.held_bytes - after.tail_bytes,
		  after.slot_size * (after.in_use + after.cpu_cached + after.transfer_cached +
				     after.central_free));
	/* With checks=1 all arrays are closed. */
	if (read_letter(PARAMETERS "checks") == 'Y') {
		EXPECT_GT(after.nested, before.nested);
		return;
	}
	EXPECT_GT(after.entries, before.entries);
	EXPECT_GT(after.refills, before.refills);
}

TEST_F(device, named_caches)
{
	struct tcslab_ioc_cache cache;

	if (!have_named_caches())
		SKIP(return, "no module named_caches");
	ASSERT_EQ(0, named_cache(self->fd, "nc-plain", &cache));
	EXPECT_EQ(100, cache.object_size);
	EXPECT_EQ(104, cache.slot_size);
	EXPECT_EQ(0, cache.limit_bytes);
	ASSERT_EQ(0, named_cache(self->fd, "nc-tight", &cache));
	EXPECT_EQ(65536, cache.limit_bytes);
	ASSERT_EQ(0, named_cache(self->fd, "nc-low", &cache));
	EXPECT_EQ(TCSLAB_IOC_ZONE_DMA32, cache.zone);
	EXPECT_EQ(-ENOENT, named_cache(self->fd, "no such cache", &cache));
	/* A class is no named cache. */
	EXPECT_EQ(-ENOENT, named_cache(self->fd, "normal-64", &cache));
}

TEST_F(device, heaps)
{
	__u32 n = self->version.nr_nodes * self->version.nr_zones;
	struct tcslab_ioc_heap heap = { .size = sizeof(heap) };
	__u64 held = 0, large = 0, free = 0;
	struct tcslab_ioc_stats all;
	__u64 handle;

	ASSERT_EQ(0, alloc_objects(self->fd, 100000, 2, &handle));
	ASSERT_TRUE(at_rest(self->fd, &all));
	for (heap.index = 0; heap.index < n; heap.index++) {
		ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_HEAP_STATS, &heap));
		EXPECT_EQ(heap.index % self->version.nr_zones, heap.zone);
		EXPECT_EQ(heap.index / self->version.nr_zones, heap.node);
		EXPECT_EQ(heap.held_bytes, heap.free_bytes + heap.small_bytes + heap.large_bytes);
		EXPECT_GE(heap.peak_held_bytes, heap.held_bytes);
		EXPECT_EQ(heap.chunks, heap.grown - heap.released);
		held += heap.held_bytes;
		large += heap.large_bytes;
		free += heap.free_bytes;
	}
	EXPECT_EQ(all.held_bytes, held);
	EXPECT_EQ(all.large_bytes, large);
	EXPECT_EQ(all.heap_free_bytes, free);
	EXPECT_EQ(-ENOENT, call(self->fd, TCSLAB_IOC_HEAP_STATS, &heap));
	heap.index = ~0U;
	EXPECT_EQ(-ENOENT, call(self->fd, TCSLAB_IOC_HEAP_STATS, &heap));
}

TEST_F(device, trim)
{
	struct tcslab_ioc_trim trim = { .size = sizeof(trim) };
	struct tcslab_ioc_stats before, after;
	__u64 handle, held;

	ASSERT_EQ(0, alloc_objects(self->fd, 4096, 1000, &handle));
	ASSERT_EQ(0, free_objects(self->fd, handle, 1000));
	ASSERT_EQ(0, stats(self->fd, &before));
	/* On PREEMPT_RT the stock is filled in the background. */
	do {
		held = before.held_bytes;
		usleep(200000);
		ASSERT_EQ(0, stats(self->fd, &before));
	} while (before.held_bytes != held);
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_TRIM, &trim));
	ASSERT_EQ(0, stats(self->fd, &after));
	EXPECT_GT(trim.released_bytes, 0);
	EXPECT_EQ(before.held_bytes - trim.released_bytes, after.held_bytes);
	EXPECT_EQ(0, after.releasable_bytes);
	EXPECT_EQ(0, after.cpu_cached_bytes);
	EXPECT_EQ(0, after.transfer_cached_bytes);
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_TRIM, &trim));
	EXPECT_EQ(0, trim.released_bytes);
}

/* ------------------------------------------------------- tunables and rights */

static int tunable(int fd, unsigned int nr, __u32 id, __u64 *value)
{
	struct tcslab_ioc_tunable arg = { .size = sizeof(arg), .id = id, .value = *value };
	int err = call(fd, nr, &arg);

	*value = arg.value;
	return err;
}

TEST_F(device, tunables)
{
	static const char * const files[] = {
		[TCSLAB_TUNABLE_RELEASE_RATE] = PARAMETERS "release_rate",
		[TCSLAB_TUNABLE_KEEP_BYTES] = PARAMETERS "keep_bytes",
		[TCSLAB_TUNABLE_CPU_BUDGET] = PARAMETERS "cpu_budget_bytes",
		[TCSLAB_TUNABLE_SOFT_LIMIT] = PARAMETERS "soft_limit_bytes",
		[TCSLAB_TUNABLE_HARD_LIMIT] = PARAMETERS "hard_limit_bytes",
	};
	__u64 old, value;

	for (__u32 id = 0; id < ARRAY_SIZE(files); id++) {
		if (!files[id])
			continue;
		ASSERT_EQ(0, tunable(self->fd, TCSLAB_IOC_GET_TUNABLE, id, &old));
		EXPECT_EQ(read_number(files[id]), old);
		value = old + 4096;
		EXPECT_EQ(0, tunable(self->fd, TCSLAB_IOC_SET_TUNABLE, id, &value));
		EXPECT_EQ(old + 4096, read_number(files[id]));
		EXPECT_EQ(0, tunable(self->fd, TCSLAB_IOC_SET_TUNABLE, id, &old));
		EXPECT_EQ(old, read_number(files[id]));
	}
	EXPECT_EQ(-ENOENT, tunable(self->fd, TCSLAB_IOC_GET_TUNABLE, 6, &value));
	EXPECT_EQ(-ENOENT, tunable(self->fd, TCSLAB_IOC_SET_TUNABLE, ~0U, &value));
}

/* The quota is the file's: another one keeps the module's. */
TEST_F(device, quota_of_this_file)
{
	__u64 value = 12345, other;
	int fd = open(DEVICE, O_RDWR);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, tunable(self->fd, TCSLAB_IOC_SET_TUNABLE, TCSLAB_TUNABLE_FILE_QUOTA, &value));
	value = 0;
	EXPECT_EQ(0, tunable(self->fd, TCSLAB_IOC_GET_TUNABLE, TCSLAB_TUNABLE_FILE_QUOTA, &value));
	EXPECT_EQ(12345, value);
	other = 0;
	EXPECT_EQ(0, tunable(fd, TCSLAB_IOC_GET_TUNABLE, TCSLAB_TUNABLE_FILE_QUOTA, &other));
	EXPECT_EQ(read_number(PARAMETERS "handle_quota_bytes"), other);
	close(fd);
}

static int drop_sys_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

TEST_F(device, tunables_without_cap_sys_admin)
{
	__u64 value = 0, handle;

	ASSERT_EQ(0, drop_sys_admin());
	for (__u32 id = 0; id < 4; id++) {
		EXPECT_EQ(-EPERM, tunable(self->fd, TCSLAB_IOC_GET_TUNABLE, id, &value));
		EXPECT_EQ(-EPERM, tunable(self->fd, TCSLAB_IOC_SET_TUNABLE, id, &value));
	}
	/* The rest needs nothing but the open file. */
	EXPECT_EQ(0, alloc_objects(self->fd, 64, 1, &handle));
	EXPECT_NE(~0ULL, in_use_bytes(self->fd));
}

TEST_F(device, other_users)
{
	__u64 value = 0, handle;
	struct stat st;

	ASSERT_EQ(0, stat(DEVICE, &st));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	ASSERT_EQ(0, setuid(65534));
	EXPECT_EQ(-1, open(DEVICE, O_RDWR));
	EXPECT_EQ(EACCES, errno);
	/* Whoever is given an open file may use it, but not change the module. */
	EXPECT_EQ(0, alloc_objects(self->fd, 64, 1, &handle));
	EXPECT_EQ(-EPERM, tunable(self->fd, TCSLAB_IOC_SET_TUNABLE, 0, &value));
}

TEST_F(device, module_stays_while_open)
{
	const char *refcnt = "/sys/module/tcslab/refcnt";
	unsigned long long refs = read_number(refcnt);

	EXPECT_EQ(-1, syscall(SYS_delete_module, "tcslab", O_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
	close(self->fd);
	EXPECT_EQ(refs - 1, read_number(refcnt));
	self->fd = open(DEVICE, O_RDWR);
	EXPECT_EQ(refs, read_number(refcnt));
}

int main(int argc, char **argv)
{
	load_modules();
	return test_harness_run(argc, argv);
}
