// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl device: what its statistics say.  BUILD_M32: also as a 32-bit program.
 */
#include "harness.h"
#include "ioctl_device.h"
#include "ioctl_file.h"

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

TEST_F(file, stats_add_up)
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

TEST_F(file, classes)
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

TEST_F(file, class_counts_objects)
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

TEST_F(file, named_caches)
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

TEST_F(file, heaps)
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

TEST_F(file, trim)
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

int main(int argc, char **argv)
{
	load_modules();
	return test_harness_run(argc, argv);
}
