/* SPDX-License-Identifier: GPL-2.0 */
/* The fixture of tests with an open file of /dev/tcslab; after harness.h. */
#ifndef IOCTL_FILE_H
#define IOCTL_FILE_H

#include "ioctl_device.h"

FIXTURE(file)
{
	int fd;
	int other;	/* opened before a test gives up its rights */
	struct tcslab_ioc_version version;
	__u64 in_use;
};

FIXTURE_SETUP(file)
{
	self->other = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->other, 0);
	self->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->version = (struct tcslab_ioc_version){ .size = sizeof(self->version) };
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_VERSION, &self->version));
	self->in_use = in_use_bytes(self->fd);
}

/* Whatever the test did: nothing is left after the close. */
FIXTURE_TEARDOWN(file)
{
	close(self->fd);
	EXPECT_EQ(self->in_use, in_use_bytes(self->other));
	close(self->other);
}

#endif /* IOCTL_FILE_H */
