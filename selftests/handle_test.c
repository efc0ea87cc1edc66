// SPDX-License-Identifier: GPL-2.0
/*
 * Objects by handle through the ioctl device: allocate, free, read, write, fill and
 * verify, quota, named caches.  Signals, races and failures are in
 * handle_race_test.c.  BUILD_M32: also as a 32-bit program.
 *
 * A named cache refuses to be destroyed while we hold an object of it, with a report:
 * lab: timeout=90 expect="tcslab_cache_destroy\\+"
 */
#include <sys/mman.h>

#include "harness.h"
#include "ioctl_device.h"
#include "ioctl_file.h"

/* ------------------------------------------------------------- allocation */

/* The first object of a size in a low zone takes a page, which is charged and given back. */
TEST_F(file, first_of_a_zone)
{
	struct tcslab_ioc_alloc arg = request(72, 1);
	__u64 handle;

	arg.zone = TCSLAB_IOC_ZONE_DMA32;
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
	EXPECT_LE(72, arg.slot_size);
	ASSERT_EQ(0, free_objects(self->fd, arg.handle, 1));
	ASSERT_EQ(0, alloc_objects(self->fd, 72, 1000, &handle));
	EXPECT_EQ(0, free_objects(self->fd, handle, 1000));
}

TEST_F(file, bad_alloc_arguments)
{
	struct tcslab_ioc_alloc good = request(64, 1), named = named_request("nc-plain", 1);
	struct tcslab_ioc_alloc arg;

#define REFUSED(_base, ...) do {					\
	arg = (_base);							\
	__VA_ARGS__;							\
	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_ALLOC, &arg));	\
	EXPECT_EQ(0, arg.done);						\
	EXPECT_EQ(0, arg.handle);					\
} while (0)

	REFUSED(good, arg.count = 0);
	REFUSED(good, arg.length = 0);
	REFUSED(good, arg.length = self->version.max_length + 1);
	REFUSED(good, arg.length = ~0ULL);
	REFUSED(good, arg.length = 1ULL << 32);
	REFUSED(good, arg.zone = 3);
	REFUSED(good, arg.zone = ~0U);
	REFUSED(good, arg.node = -2);
	REFUSED(good, arg.node = self->version.nr_nodes);
	REFUSED(good, arg.node = 0x7fffffff);
	REFUSED(good, arg.flags = TCSLAB_ALLOC_THISNODE);
	REFUSED(good, arg.name[0] = 'x');
	REFUSED(good, arg.name[31] = 'x');
	REFUSED(named, arg.length = 100);
	REFUSED(named, arg.zone = TCSLAB_IOC_ZONE_DMA);
	REFUSED(named, arg.name[0] = 0);
	REFUSED(named, memset(arg.name, 'x', sizeof(arg.name)));
	arg = named_request("no such cache", 1);
	EXPECT_EQ(-ENOENT, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
	/* General caches are not to be had by name. */
	arg = named_request("normal-64", 1);
	EXPECT_EQ(-ENOENT, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
	arg = good;
	EXPECT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
}

static int is_zero(const unsigned char *bytes, size_t n)
{
	while (n && !*bytes) {
		bytes++;
		n--;
	}
	return !n;
}

/* Word by word what the header promises, computed here and not by the kernel. */
static int is_pattern(const unsigned char *bytes, size_t n, __u64 seed, __u64 handle)
{
	for (size_t i = 0; i < n; i++) {
		__u64 word = (seed ^ handle) + (i / 8 + 1) * 0x9e3779b97f4a7c15ULL;

		if (bytes[i] != (unsigned char)(word >> (i % 8 * 8)))
			return 0;
	}
	return 1;
}

/* Every class and some large sizes: zeroed although used before, filled, read back. */
TEST_F(file, every_size)
{
	static unsigned char bytes[300000];
	__u64 last = 0;

	for (__u64 length = 1; length < 300000; length = length * 17 / 16 + 1) {
		struct tcslab_ioc_alloc arg = request(length, 3);

		for (int again = 0; again < 2; again++) {
			ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
			EXPECT_EQ(3, arg.done);
			EXPECT_EQ(last + 1, arg.handle);
			last = arg.handle + 2;
			ASSERT_GE(arg.object_size, length);
			ASSERT_LE(arg.object_size, sizeof(bytes));
			EXPECT_GE(arg.slot_size, arg.object_size);
			memset(bytes, 1, arg.object_size);
			ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, last, 0,
						 arg.object_size, bytes));
			EXPECT_TRUE(is_zero(bytes, arg.object_size));
			ASSERT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, arg.handle, 3, length));
			ASSERT_EQ(0, pattern(self->fd, TCSLAB_IOC_VERIFY, arg.handle, 3, length));
			ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, last, 0,
						 arg.object_size, bytes));
			EXPECT_TRUE(is_pattern(bytes, arg.object_size, length, last));
			ASSERT_EQ(0, free_objects(self->fd, arg.handle, 3));
		}
	}
}

static __u64 zone_in_use(int fd, __u32 zone)
{
	struct tcslab_ioc_heap heap = { .size = sizeof(heap) };
	__u64 bytes = 0;

	for (heap.index = zone; !call(fd, TCSLAB_IOC_HEAP_STATS, &heap); heap.index += 3)
		bytes += heap.small_bytes + heap.large_bytes;
	return bytes;
}

/* Enough of them that the zone's heap must grow by it, small and large. */
TEST_F(file, zones)
{
	static const __u64 lengths[] = { 4096, 131072 };

	for (__u32 zone = 0; zone < self->version.nr_zones; zone++) {
		for (int i = 0; i < 2; i++) {
			struct tcslab_ioc_alloc arg = request(lengths[i], 262144 / lengths[i]);
			__u64 before = zone_in_use(self->fd, zone);

			arg.zone = zone;
			ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
			EXPECT_GE(zone_in_use(self->fd, zone), before + 262144 / 2) {
				TH_LOG("zone %u length %llu", zone, (unsigned long long)lengths[i]);
			}
			EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, arg.handle, arg.done, 5));
		}
	}
}

TEST_F(file, nodes)
{
	for (__u32 node = 0; node < self->version.nr_nodes; node++) {
		struct tcslab_ioc_heap heap = { .size = sizeof(heap), .index = node * 3 };
		struct tcslab_ioc_alloc arg = request(131072, 2);
		__u64 before;

		ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_HEAP_STATS, &heap));
		before = heap.large_bytes;
		arg.node = node;
		arg.flags = TCSLAB_ALLOC_THISNODE;
		ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
		ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_HEAP_STATS, &heap));
		EXPECT_EQ(before + 2 * 131072, heap.large_bytes);
	}
}

/* ------------------------------------------------------------------ handles */

TEST_F(file, free)
{
	struct tcslab_ioc_free arg = { .size = sizeof(arg) };
	__u64 handle, again;

	ASSERT_EQ(0, alloc_objects(self->fd, 100, 10, &handle));
	arg.handle = handle;
	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_FREE, &arg));	/* no count */
	EXPECT_EQ(0, free_objects(self->fd, handle + 6, 1));
	arg.count = 10;
	EXPECT_EQ(-ENOENT, call(self->fd, TCSLAB_IOC_FREE, &arg));
	EXPECT_EQ(6, arg.done);
	EXPECT_EQ(-ENOENT, free_objects(self->fd, handle, 1));
	EXPECT_EQ(-ENOENT, free_objects(self->fd, 0, 1));
	EXPECT_EQ(-ENOENT, free_objects(self->fd, ~0ULL, ~0ULL));
	EXPECT_EQ(-ENOENT, free_objects(self->fd, (1ULL << 32) + handle + 7, 1));
	EXPECT_EQ(0, free_objects(self->fd, handle + 7, 3));
	/* A handle that was free is never used again. */
	ASSERT_EQ(0, alloc_objects(self->fd, 100, 10, &again));
	EXPECT_EQ(handle + 10, again);
	EXPECT_EQ(-ENOENT, pattern(self->fd, TCSLAB_IOC_FILL, handle, 1, 0));
}

TEST_F(file, handles_belong_to_one_file)
{
	int other = open(DEVICE, O_RDWR);
	__u64 handle;
	char byte = 0;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, alloc_objects(self->fd, 100, 10, &handle));
	EXPECT_EQ(-ENOENT, copy_object(other, TCSLAB_IOC_WRITE, handle, 0, 1, &byte));
	EXPECT_EQ(-ENOENT, copy_object(other, TCSLAB_IOC_READ, handle, 0, 1, &byte));
	EXPECT_EQ(-ENOENT, pattern(other, TCSLAB_IOC_FILL, handle, 1, 0));
	EXPECT_EQ(-ENOENT, pattern(other, TCSLAB_IOC_VERIFY, handle, 1, 0));
	EXPECT_EQ(-ENOENT, free_objects(other, handle, 1));
	close(other);
}

TEST_F(file, read_and_write)
{
	char out[100], in[100];
	__u64 handle, size;
	struct tcslab_ioc_alloc arg = request(1000, 2);

	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
	handle = arg.handle;
	size = arg.object_size;
	memset(out, 'o', sizeof(out));
	ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_WRITE, handle, size - 100, 100, out));
	ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, handle, size - 100, 100, in));
	EXPECT_EQ(0, memcmp(out, in, 100));
	/* The bytes before it and the neighbour are as they were. */
	ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, handle, size - 200, 100, in));
	EXPECT_TRUE(is_zero((unsigned char *)in, 100));
	ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, handle + 1, 0, 100, in));
	EXPECT_TRUE(is_zero((unsigned char *)in, 100));
	EXPECT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, handle, size, 0, NULL));

	for (int i = 0; i < 2; i++) {
		unsigned int nr = i ? TCSLAB_IOC_READ : TCSLAB_IOC_WRITE;
		void *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		EXPECT_EQ(-ERANGE, copy_object(self->fd, nr, handle, size - 99, 100, in));
		EXPECT_EQ(-ERANGE, copy_object(self->fd, nr, handle, size + 1, 0, in));
		EXPECT_EQ(-ERANGE, copy_object(self->fd, nr, handle, 0, size + 1, in));
		EXPECT_EQ(-ERANGE, copy_object(self->fd, nr, handle, 1, ~0ULL, in));
		EXPECT_EQ(-ERANGE, copy_object(self->fd, nr, handle, ~0ULL, 1, in));
		EXPECT_EQ(-ENOENT, copy_object(self->fd, nr, handle + 2, 0, 1, in));
		EXPECT_EQ(-ENOENT, copy_object(self->fd, nr, 0, 0, 1, in));
		EXPECT_EQ(-EFAULT, copy_object(self->fd, nr, handle, 0, 1, NULL));
		EXPECT_EQ(-EFAULT, copy_object(self->fd, nr, handle, 0, 1, none));
		munmap(none, 4096);
	}
}

TEST_F(file, verify_finds_one_byte)
{
	struct tcslab_ioc_pattern arg;
	unsigned char byte;
	__u64 handle;

	ASSERT_EQ(0, alloc_objects(self->fd, 500, 5, &handle));
	arg = pattern_request(handle, 5, 42);
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_FILL, &arg));
	EXPECT_EQ(5, arg.done);
	EXPECT_EQ(0, call(self->fd, TCSLAB_IOC_VERIFY, &arg));
	EXPECT_EQ(5, arg.done);
	for (unsigned int at = 0; at < 512; at += 73) {
		ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, handle + 3, at, 1, &byte));
		byte ^= 0x10;
		ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_WRITE, handle + 3, at, 1, &byte));
		EXPECT_EQ(-EILSEQ, call(self->fd, TCSLAB_IOC_VERIFY, &arg));
		EXPECT_EQ(3, arg.done);
		EXPECT_EQ(at, arg.offset);
		byte ^= 0x10;
		ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_WRITE, handle + 3, at, 1, &byte));
	}
	arg.seed = 43;
	EXPECT_EQ(-EILSEQ, call(self->fd, TCSLAB_IOC_VERIFY, &arg));
	arg = pattern_request(handle + 1, 5, 42);
	EXPECT_EQ(-ENOENT, call(self->fd, TCSLAB_IOC_VERIFY, &arg));
	EXPECT_EQ(4, arg.done);
	EXPECT_EQ(-ENOENT, call(self->fd, TCSLAB_IOC_FILL, &arg));
	EXPECT_EQ(4, arg.done);
	arg.count = 0;
	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_FILL, &arg));
	EXPECT_EQ(-EINVAL, call(self->fd, TCSLAB_IOC_VERIFY, &arg));
}

/* -------------------------------------------------------------------- quota */

TEST_F(file, quota)
{
	__u64 quota = read_number(PARAMETERS "handle_quota_bytes"), other;
	struct tcslab_ioc_alloc arg = request(65536, ~0ULL);
	struct tcslab_ioc_stats s;

	EXPECT_EQ(-EDQUOT, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
	EXPECT_EQ(quota / 65536, arg.done);
	EXPECT_EQ(65536, arg.slot_size);
	ASSERT_EQ(0, stats(self->fd, &s));
	EXPECT_EQ(quota, s.file_quota);
	EXPECT_EQ(arg.done * 65536, s.file_bytes);
	EXPECT_EQ(arg.done, s.file_handles);
	EXPECT_EQ(-EDQUOT, alloc_objects(self->fd, 65536, 1, &other));
	EXPECT_EQ(0, free_objects(self->fd, arg.handle, 1));
	EXPECT_EQ(0, alloc_objects(self->fd, 65536, 1, &other));
	EXPECT_EQ(-EDQUOT, alloc_objects(self->fd, 65536, 1, &other));
	/* Raised by 100: room for one object of 96, not for two. */
	ASSERT_EQ(0, set_quota(self->fd, s.file_bytes + 100));
	EXPECT_EQ(0, alloc_objects(self->fd, 90, 1, &other));
	EXPECT_EQ(-EDQUOT, alloc_objects(self->fd, 8, 1, &other));
	/* Below what is held: nothing is taken away, nothing is added. */
	ASSERT_EQ(0, set_quota(self->fd, 1));
	EXPECT_EQ(-EDQUOT, alloc_objects(self->fd, 8, 1, &other));
	EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, arg.handle + 1, arg.done - 1, 3));
}

TEST_F(file, quota_parameter)
{
	unsigned long long old = read_number(PARAMETERS "handle_quota_bytes");
	char text[24];
	__u64 handle;
	int fd;

	ASSERT_EQ(0, write_file(PARAMETERS "handle_quota_bytes", "8192"));
	fd = open(DEVICE, O_RDWR);
	snprintf(text, sizeof(text), "%llu", old);
	ASSERT_EQ(0, write_file(PARAMETERS "handle_quota_bytes", text));
	EXPECT_EQ(0, alloc_objects(fd, 4096, 2, &handle));
	EXPECT_EQ(-EDQUOT, alloc_objects(fd, 8, 1, &handle));
	/* Files that were open keep theirs. */
	EXPECT_EQ(0, alloc_objects(self->fd, 16384, 1, &handle));
	close(fd);
}

/* -------------------------------------------------------------- named caches */

TEST_F(file, named_cache)
{
	struct tcslab_ioc_alloc arg = named_request("nc-plain", 200);
	struct tcslab_ioc_cache before, after;
	unsigned char bytes[100];

	if (!have_named_caches())
		SKIP(return, "no module named_caches");
	ASSERT_EQ(0, named_cache(self->fd, "nc-plain", &before));
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
	EXPECT_EQ(100, arg.object_size);
	EXPECT_EQ(104, arg.slot_size);
	ASSERT_EQ(0, named_cache(self->fd, "nc-plain", &after));
	EXPECT_EQ(before.in_use + 200, after.in_use);
	memset(bytes, 1, sizeof(bytes));
	ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, arg.handle, 0, 100, bytes));
	EXPECT_TRUE(is_zero(bytes, 100));
	ASSERT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, arg.handle, 200, 9));
	EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_VERIFY, arg.handle, 200, 9));
	ASSERT_EQ(0, copy_object(self->fd, TCSLAB_IOC_READ, arg.handle + 7, 0, 100, bytes));
	EXPECT_TRUE(is_pattern(bytes, 100, 9, arg.handle + 7));
	/* The slot's last 4 bytes are nobody's. */
	EXPECT_EQ(-ERANGE, copy_object(self->fd, TCSLAB_IOC_READ, arg.handle, 100, 1, bytes));
	EXPECT_EQ(0, free_objects(self->fd, arg.handle, 200));
	ASSERT_EQ(0, named_cache(self->fd, "nc-plain", &after));
	EXPECT_EQ(before.in_use, after.in_use);
	arg = named_request("nc two", 1);
	EXPECT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
}

/* What the owner relies on after a free is neither shown nor changed. */
TEST_F(file, lasting_contents_are_refused)
{
	static const char * const names[] = { "nc-ctor", "nc-rcu" };
	struct tcslab_ioc_cache cache;

	if (!have_named_caches())
		SKIP(return, "no module named_caches");
	for (int i = 0; i < 2; i++) {
		struct tcslab_ioc_alloc arg = named_request(names[i], 3);

		EXPECT_EQ(-EOPNOTSUPP, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
		EXPECT_EQ(0, arg.done);
		/* Not even a span was made. */
		ASSERT_EQ(0, named_cache(self->fd, names[i], &cache));
		EXPECT_EQ(0, cache.spans);
	}
}

TEST_F(file, limit_of_a_cache)
{
	struct tcslab_ioc_alloc arg = named_request("nc-tight", 1000);
	struct tcslab_ioc_cache before, after;

	if (!have_named_caches())
		SKIP(return, "no module named_caches");
	ASSERT_EQ(0, named_cache(self->fd, "nc-tight", &before));
	/* And no waiting for others, who could not free anything meanwhile. */
	EXPECT_EQ(-ENOMEM, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
	EXPECT_EQ(65536 / 1024, arg.done);
	ASSERT_EQ(0, named_cache(self->fd, "nc-tight", &after));
	EXPECT_GT(after.limit_refusals, before.limit_refusals);
	EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, arg.handle, arg.done, 3));
	EXPECT_EQ(0, free_objects(self->fd, arg.handle, arg.done));
}

TEST_F(file, cache_outlives_its_handles)
{
	static const char destroy[] = "/sys/module/named_caches/parameters/destroy";
	struct tcslab_ioc_alloc arg = named_request("nc-plain", 1);

	if (!have_named_caches())
		SKIP(return, "no module named_caches");
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &arg));
	EXPECT_EQ(-EBUSY, write_file(destroy, "1"));
	EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, arg.handle, 1, 3));
	EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_VERIFY, arg.handle, 1, 3));
	EXPECT_EQ(0, free_objects(self->fd, arg.handle, 1));
	EXPECT_EQ(0, write_file(destroy, "1"));
}

int main(int argc, char **argv)
{
	load_modules();
	return test_harness_run(argc, argv);
}
