/* SPDX-License-Identifier: GPL-2.0 */
/* Objects that user space holds through /dev/tcslab, by handle. */
#ifndef TCSLAB_HANDLE_H
#define TCSLAB_HANDLE_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include <uapi/linux/tcslab.h>

/**
 * struct tcslab_handles - the objects of one open file
 * @lock: guards everything here; held for the length of a call, so that calls on
 *	one file come one after the other; outside of tcslab_cache_mutex
 * @objects: handle to object
 * @next: the next handle; only grows, so that a stale one is never found
 * @nr: objects in @objects
 * @bytes: what they take of the quota: their size in the allocator, rounding included
 * @quota: upper limit of @bytes
 */
struct tcslab_handles {
	struct mutex lock;	/* one call at a time */
	struct xarray objects;
	unsigned long next;
	u64 nr;
	u64 bytes;
	u64 quota;
};

void tcslab_handles_init(struct tcslab_handles *handles, u64 quota);

/* Frees all objects; nobody else may know of @handles any more. */
void tcslab_handles_exit(struct tcslab_handles *handles);

/*
 * The ioctl calls: 0 or an error of Documentation/abi.md.  Size and flags have been
 * checked, everything else is checked here.
 */
long tcslab_handles_alloc(struct tcslab_handles *handles, struct tcslab_ioc_alloc *arg);
long tcslab_handles_free(struct tcslab_handles *handles, struct tcslab_ioc_free *arg);
long tcslab_handles_write(struct tcslab_handles *handles, const struct tcslab_ioc_copy *arg);
long tcslab_handles_read(struct tcslab_handles *handles, const struct tcslab_ioc_copy *arg);
long tcslab_handles_fill(struct tcslab_handles *handles, struct tcslab_ioc_pattern *arg);
long tcslab_handles_verify(struct tcslab_handles *handles, struct tcslab_ioc_pattern *arg);

#endif /* TCSLAB_HANDLE_H */
