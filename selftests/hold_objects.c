// SPDX-License-Identifier: GPL-2.0
/*
 * For shell tests: hold objects until standard input ends
 *
 *   hold_objects LENGTH:COUNT|NAME:COUNT ...
 *
 * Prints the bytes that they take, as the quota counts them.
 */
#include <ctype.h>

#include "ioctl_device.h"

static int hold(int fd, char *word)
{
	char *count = strrchr(word, ':');
	struct tcslab_ioc_alloc arg;
	int err;

	if (!count)
		return -EINVAL;
	*count++ = 0;
	if (isdigit(*word))
		arg = request(strtoull(word, NULL, 0), strtoull(count, NULL, 0));
	else
		arg = named_request(word, strtoull(count, NULL, 0));
	err = call(fd, TCSLAB_IOC_ALLOC, &arg);
	if (err)
		fprintf(stderr, "%s: %s\n", word, strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	int fd = open(DEVICE, O_RDWR), i;
	struct tcslab_ioc_stats s;
	char byte;

	if (fd < 0) {
		perror(DEVICE);
		return 1;
	}
	for (i = 1; i < argc; i++)
		if (hold(fd, argv[i]))
			return 1;
	if (stats(fd, &s))
		return 1;
	printf("%llu\n", (unsigned long long)s.file_bytes);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
