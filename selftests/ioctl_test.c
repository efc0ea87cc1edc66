// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl device: struct sizes, flags, padding, addresses, tunables, rights.  Statistics
 * are in ioctl_stats_test.c, what concerns objects is in handle_test.c.  BUILD_M32: also as
 * a 32-bit program.
 */
#include <assert.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "harness.h"
#include "ioctl_device.h"
#include "ioctl_file.h"

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

static union any any;	/* each test is a process of its own: all zeros */

/* ------------------------------------------------------------ the structs */

TEST_F(file, version)
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

TEST_F(file, unknown_call)
{
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(TCSLAB_IOC_TYPE, 14), &any));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(TCSLAB_IOC_TYPE, 255), &any));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(TCSLAB_IOC_TYPE + 1, 0), &any));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IOWR(TCSLAB_IOC_TYPE, 0, __u64), &any));
}

TEST_F(file, zeros)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		memset(&any, 0, sizeof(any));
		any.size = calls[i].size;
		if (calls[i].nr == TCSLAB_IOC_CACHE_STATS && !have_named_caches())
			continue;
		EXPECT_EQ(calls[i].zeros, call(self->fd, calls[i].nr, &any)) {
			TH_LOG("call %u", i);
		}
		EXPECT_EQ(calls[i].size, any.size);
	}
}

TEST_F(file, short_struct)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		const unsigned int first = calls[i].first ?: calls[i].size;
		const unsigned int sizes[] = { 0, 1, 4, 8, first - 1 };

		for (unsigned int j = 0; j < ARRAY_SIZE(sizes); j++) {
			any.size = sizes[j];
			EXPECT_EQ(-EINVAL, call(self->fd, calls[i].nr, &any)) {
				TH_LOG("call %u size %u", i, sizes[j]);
			}
		}
	}
}

/* A program that knows the first version only. */
TEST_F(file, first_struct)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		if (!calls[i].first || (calls[i].nr == TCSLAB_IOC_CACHE_STATS &&
					!have_named_caches()))
			continue;
		memset(&any, 0, sizeof(any));
		any.size = calls[i].first;
		any.bytes[calls[i].first] = 0x5a;
		EXPECT_EQ(0, call(self->fd, calls[i].nr, &any));
		EXPECT_EQ(calls[i].first, any.size);
		EXPECT_EQ(0x5a, any.bytes[calls[i].first]);
	}
}

/* A longer struct is one of the future: fine as long as it asks for nothing new. */
TEST_F(file, long_struct)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		if (calls[i].zeros)
			continue;
		memset(&any, 0, sizeof(any));
		any.size = calls[i].size + 8;
		if (calls[i].nr == TCSLAB_IOC_CACHE_STATS && !have_named_caches())
			continue;
		EXPECT_EQ(0, call(self->fd, calls[i].nr, &any));
		EXPECT_EQ(calls[i].size + 8, any.size);
		any.bytes[calls[i].size + 7] = 1;
		EXPECT_EQ(-E2BIG, call(self->fd, calls[i].nr, &any)) {
			TH_LOG("call %u", i);
		}
		any.bytes[calls[i].size + 7] = 0;
		any.size = self->version.page_size + 1;
		EXPECT_EQ(-E2BIG, call(self->fd, calls[i].nr, &any));
	}
}

TEST_F(file, unknown_flags)
{
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		for (int bit = 0; bit < 32; bit++) {
			if (calls[i].flags & (1U << bit))
				continue;
			any.size = calls[i].size;
			any.flags = 1U << bit;
			EXPECT_EQ(-EINVAL, call(self->fd, calls[i].nr, &any)) {
				TH_LOG("call %u bit %d", i, bit);
			}
		}
	}
}

TEST_F(file, padding)
{
	struct tcslab_ioc_heap heap = { .size = sizeof(heap), .pad = 1 };
	struct tcslab_ioc_tunable tunable = { .size = sizeof(tunable), .pad = 1 };

	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_HEAP_STATS, &heap));
	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_GET_TUNABLE, &tunable));
	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_SET_TUNABLE, &tunable));
}

TEST_F(file, bad_address)
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

/* ------------------------------------------------------- tunables and rights */

static int tunable(int fd, unsigned int nr, __u32 id, __u64 *value)
{
	struct tcslab_ioc_tunable arg = { .size = sizeof(arg), .id = id, .value = *value };
	int err = call(fd, nr, &arg);

	*value = arg.value;
	return err;
}

TEST_F(file, tunables)
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
TEST_F(file, quota_of_this_file)
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

TEST_F(file, tunables_without_cap_sys_admin)
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

TEST_F(file, other_users)
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

TEST_F(file, module_stays_while_open)
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
