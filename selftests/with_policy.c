// SPDX-License-Identifier: GPL-2.0
/*
 * For shell tests: run a command under a memory policy
 *
 *   with_policy bind|prefer|interleave NODE[,NODE...] COMMAND ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/mempolicy.h> */
static const char * const modes[] = { "default", "prefer", "bind", "interleave" };

int main(int argc, char **argv)
{
	unsigned long nodes = 0;
	unsigned int mode;
	char *node;

	if (argc < 4)
		return 2;
	for (mode = 0; mode < 4; mode++)
		if (!strcmp(argv[1], modes[mode]))
			break;
	for (node = strtok(argv[2], ","); node; node = strtok(NULL, ","))
		nodes |= 1UL << atoi(node);
	if (syscall(SYS_set_mempolicy, mode, &nodes, 8 * sizeof(nodes))) {
		perror("set_mempolicy");
		return 1;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 1;
}
