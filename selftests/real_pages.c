// SPDX-License-Identifier: GPL-2.0
/*
 * The pages that allocators hold, again and again until it is killed
 *
 *	real_pages MILLISECONDS
 *
 * Every so many milliseconds of the monotonic clock one number: pages above those of the start, of
 * slabs (tcslab's too: in SUnreclaim, and in KReclaimable when they are free) and per CPU.  A
 * program of its own, so that the moments are the same whatever is measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Counters of CPUs are folded before: half a MiB can be in them. */
static long pages(int refresh, int meminfo)
{
	static const char * const names[] = { "SUnreclaim:", "KReclaimable:", "Percpu:", NULL };
	static char text[8192];
	long kib = 0;
	ssize_t n;
	size_t i;

	/* It fails, too, where it finds a counter below 0, and has folded them. */
	if (write(refresh, "1", 1) < 0 && errno != EINVAL)
		return -1;
	n = pread(meminfo, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	for (i = 0; names[i]; i++) {
		char *line = strstr(text, names[i]);

		if (line)
			kib += atol(line + strlen(names[i]));
	}
	return kib * 1024 / sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
	int refresh = open("/proc/sys/vm/stat_refresh", O_WRONLY);
	int meminfo = open("/proc/meminfo", O_RDONLY);
	long base = pages(refresh, meminfo), step;
	struct timespec next;

	if (argc != 2 || base < 0)
		return 1;
	step = atol(argv[1]) * 1000000;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		printf("%ld\n", pages(refresh, meminfo) - base);
		fflush(stdout);
		next.tv_nsec += step;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}
