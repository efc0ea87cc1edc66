/* SPDX-License-Identifier: GPL-2.0 */
/* The fixture of tests that hold objects by an open file of /dev/tcslab; after harness.h. */
#ifndef IOCTL_FILE_H
#define IOCTL_FILE_H

#include "ioctl_device.h"

FIXTURE(file)
{
	int fd;
	struct tcslab_ioc_version version;
	__u64 in_use;
};

FIXTURE_SETUP(file)
{
	self->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->version = (struct tcslab_ioc_version){ .size = sizeof(self->version) };
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_VERSION, &self->version));
	self->in_use = in_use_bytes(self->fd);
}

/* Whatever the test did: nothing is left after the close. */
FIXTURE_TEARDOWN(file)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	close(self->fd);
	EXPECT_EQ(self->in_use, in_use_bytes(fd));
	close(fd);
}

#endif /* IOCTL_FILE_H */
