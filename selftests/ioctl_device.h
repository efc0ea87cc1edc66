/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of /dev/tcslab share: loading, calling, and looking at statistics. */
#ifndef IOCTL_DEVICE_H
#define IOCTL_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/tcslab.h>

#define DEVICE		"/dev/tcslab"
#define PARAMETERS	"/sys/module/tcslab/parameters/"

/* 0 or a negative error, as in the kernel. */
static inline int call(int fd, unsigned int nr, void *arg)
{
	return ioctl(fd, nr, arg) ? -errno : 0;
}

static inline struct tcslab_ioc_alloc request(__u64 length, __u64 count)
{
	return (struct tcslab_ioc_alloc){
		.size = sizeof(struct tcslab_ioc_alloc), .node = TCSLAB_IOC_ANY_NODE,
		.length = length, .count = count,
	};
}

static inline struct tcslab_ioc_alloc named_request(const char *name, __u64 count)
{
	struct tcslab_ioc_alloc arg = request(0, count);

	arg.flags = TCSLAB_ALLOC_NAMED;
	snprintf(arg.name, sizeof(arg.name), "%s", name);
	return arg;
}

static inline struct tcslab_ioc_pattern pattern_request(__u64 handle, __u64 count, __u64 seed)
{
	return (struct tcslab_ioc_pattern){
		.size = sizeof(struct tcslab_ioc_pattern), .handle = handle, .count = count,
		.seed = seed,
	};
}

static inline int set_quota(int fd, __u64 bytes)
{
	struct tcslab_ioc_tunable arg = {
		.size = sizeof(arg), .id = TCSLAB_TUNABLE_FILE_QUOTA, .value = bytes,
	};

	return call(fd, TCSLAB_IOC_SET_TUNABLE, &arg);
}

static inline int alloc_objects(int fd, __u64 length, __u64 count, __u64 *handle)
{
	struct tcslab_ioc_alloc arg = request(length, count);
	int err = call(fd, TCSLAB_IOC_ALLOC, &arg);

	*handle = arg.handle;
	return err;
}

static inline int free_objects(int fd, __u64 handle, __u64 count)
{
	struct tcslab_ioc_free arg = { .size = sizeof(arg), .handle = handle, .count = count };

	return call(fd, TCSLAB_IOC_FREE, &arg);
}

static inline int copy_object(int fd, unsigned int nr, __u64 handle, __u64 offset, __u64 length,
			      const void *buffer)
{
	struct tcslab_ioc_copy arg = {
		.size = sizeof(arg), .handle = handle, .offset = offset, .length = length,
		.buffer = (unsigned long)buffer,
	};

	return call(fd, nr, &arg);
}

static inline int pattern(int fd, unsigned int nr, __u64 handle, __u64 count, __u64 seed)
{
	struct tcslab_ioc_pattern arg = pattern_request(handle, count, seed);

	return call(fd, nr, &arg);
}

static inline int stats(int fd, struct tcslab_ioc_stats *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	return call(fd, TCSLAB_IOC_STATS, arg);
}

/* Bytes in use, or ~0 when the call fails. */
static inline __u64 in_use_bytes(int fd)
{
	struct tcslab_ioc_stats arg;

	return stats(fd, &arg) ? ~0ULL : arg.in_use_bytes;
}

static inline int named_cache(int fd, const char *name, struct tcslab_ioc_cache *arg)
{
	__u32 index;

	for (index = 0;; index++) {
		int err;

		memset(arg, 0, sizeof(*arg));
		arg->size = sizeof(*arg);
		arg->index = index;
		err = call(fd, TCSLAB_IOC_CACHE_STATS, arg);
		if (err || !strcmp(arg->name, name))
			return err;
	}
}

static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static inline unsigned long long read_number(const char *path)
{
	unsigned long long value = 0;
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%llu", &value) != 1)
		fprintf(stderr, "# cannot read %s\n", path);
	if (file)
		fclose(file);
	return value;
}

static inline int read_letter(const char *path)
{
	FILE *file = fopen(path, "r");
	int letter = file ? fgetc(file) : EOF;

	if (file)
		fclose(file);
	return letter;
}

static pid_t loader;
static int loaded_core, loaded_caches;

static inline int have_named_caches(void)
{
	return !access("/sys/module/named_caches", F_OK);
}

static void leave_as_found(void)
{
	if (getpid() != loader)
		return;
	if (loaded_caches && system("rmmod named_caches"))
		fprintf(stderr, "# named_caches does not unload\n");
	if (loaded_core && system("rmmod tcslab"))
		fprintf(stderr, "# tcslab does not unload\n");
}

/* Load what is not there, and leave the machine as it was. */
static inline void load_modules(void)
{
	loader = getpid();
	atexit(leave_as_found);
	if (access("/sys/module/tcslab", F_OK))
		loaded_core = !system("insmod /lib/tcslab/tcslab.ko");
	/* Without it, as where only the device is to be tried, its tests are skipped. */
	if (!have_named_caches() && !access("/lib/tcslab/named_caches.ko", F_OK)) {
		loaded_caches = !system("insmod /lib/tcslab/named_caches.ko");
		if (!loaded_caches)
			exit(1);
	}
}

#endif /* IOCTL_DEVICE_H */
