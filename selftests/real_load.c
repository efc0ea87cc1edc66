// SPDX-License-Identifier: GPL-2.0
/*
 * A mixed load that knows what it wrote
 *
 *	real_load tree DIR SEED OPERATIONS PROCESSES	files and directories below DIR
 *	real_load block DEVICE SEED OPERATIONS PROCESSES	sectors of a device
 *	real_load sctp ASSOCIATIONS MESSAGES		over the loopback interface
 *
 * Each process works in a part of its own and remembers what it should find there;
 * it reads back and compares all the time, and everything in the end.  What a block
 * holds follows from a number, so nothing needs to be stored.  Exit status 0 means that
 * every byte was right.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FILES		48	/* names per process */
#define MAX_BYTES	(96 << 10)
#define BLOCK		4096
#define MESSAGE		1200

static unsigned long long state;

static unsigned int rnd(unsigned int below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(state >> 33) % below;
}

static void die(const char *what)
{
	fprintf(stderr, "real_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wrong(const char *what, long where)
{
	fprintf(stderr, "real_load: %s at %ld is not what was written\n", what, where);
	exit(1);
}

/* What is at @offset of the thing whose number is @number. */
static unsigned char byte_at(unsigned int number, size_t offset)
{
	unsigned int x = number * 2654435761u ^ (unsigned int)(offset / 4) * 40503u;

	return x >> (offset % 4 * 8);
}

static void fill(unsigned char *buf, unsigned int number, size_t offset, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		buf[i] = byte_at(number, offset + i);
}

static int right(const unsigned char *buf, unsigned int number, size_t offset, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (buf[i] != byte_at(number, offset + i))
			return 0;
	return 1;
}

/* ------------------------------------------------------------- files */

struct file {
	unsigned int number;	/* 0: does not exist */
	size_t size;
	int link;		/* a symbolic link with the number as its text */
	int moved;		/* in the directory rather than beside it */
};

static void path_of(char *path, const struct file *files, int i)
{
	snprintf(path, NAME_MAX, "%sfile-%d-with-a-name", files[i].moved ? "sub/" : "", i);
}

static void write_file(const char *path, struct file *file, int append)
{
	static unsigned char buf[MAX_BYTES];
	size_t from = append ? file->size : 0;
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		die(path);
	fill(buf, file->number, from, MAX_BYTES - from);
	file->size = from + rnd(MAX_BYTES - from) / (1 + rnd(8));
	if (ftruncate(fd, from) ||
	    pwrite(fd, buf, file->size - from, from) != (ssize_t)(file->size - from))
		die(path);
	if (!rnd(16) && fsync(fd))
		die(path);
	close(fd);
}

static void check_file(const char *path, const struct file *file)
{
	static unsigned char buf[MAX_BYTES + 1];
	char text[32], want[32];
	ssize_t n;
	int fd;

	snprintf(want, sizeof(want), "%u", file->number);
	if (file->link) {
		n = readlink(path, text, sizeof(text));
		if (n != (ssize_t)strlen(want) || memcmp(text, want, n))
			wrong(path, n);
		return;
	}
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die(path);
	n = read(fd, buf, sizeof(buf));
	if (n != (ssize_t)file->size || !right(buf, file->number, 0, n))
		wrong(path, n);
	n = fgetxattr(fd, "user.number", text, sizeof(text));
	if (n >= 0 && (n != (ssize_t)strlen(want) || memcmp(text, want, n)))
		wrong("user.number", n);
	close(fd);
}

static void one_operation(struct file *files)
{
	char path[NAME_MAX], to[NAME_MAX], text[32];
	int i = rnd(FILES);
	struct file *file = &files[i];

	path_of(path, files, i);
	if (!file->number) {
		file->number = rnd(1 << 30) + 1;
		file->link = !rnd(8);
		snprintf(text, sizeof(text), "%u", file->number);
		if (!file->link)
			write_file(path, file, 0);
		else if (symlink(text, path))
			die(path);
		/* Not every file system has them. */
		if (!file->link && !rnd(3))
			setxattr(path, "user.number", text, strlen(text), 0);
		return;
	}
	switch (rnd(6)) {
	case 0:
		if (unlink(path))
			die(path);
		*file = (struct file){ 0 };
		break;
	case 1:
		file->moved = !file->moved;
		path_of(to, files, i);
		if (rename(path, to))
			die(path);
		break;
	case 2:
		if (file->link)
			break;
		file->size = rnd(file->size + 1);
		if (truncate(path, file->size))
			die(path);
		break;
	case 3:
		if (!file->link)
			write_file(path, file, 1);
		break;
	default:
		check_file(path, file);
	}
}

static void tree(const char *dir, unsigned int operations, int process)
{
	static struct file files[FILES];
	char name[PATH_MAX];
	unsigned int n;
	int i;

	snprintf(name, sizeof(name), "%s/process-%d", dir, process);
	if (mkdir(name, 0755) || chdir(name) || mkdir("sub", 0755))
		die(name);
	for (n = 0; n < operations; n++)
		one_operation(files);
	for (i = 0; i < FILES; i++) {
		path_of(name, files, i);
		if (files[i].number)
			check_file(name, &files[i]);
		else if (!access(name, F_OK))
			wrong(name, 0);
	}
}

/* ------------------------------------------------------------- blocks */

static void block(const char *device, unsigned int operations, int process, int processes)
{
	static unsigned char buf[8 * BLOCK];
	int fd = open(device, O_RDWR);
	unsigned int n, i, k, blocks, *numbers;
	off_t base, end;

	if (fd < 0)
		die(device);
	end = lseek(fd, 0, SEEK_END);
	blocks = end / BLOCK / processes;
	if (blocks > 2048)
		blocks = 2048;
	if (blocks < 16)
		die("device is too small");
	base = (off_t)blocks * process * BLOCK;
	numbers = calloc(blocks, sizeof(*numbers));
	for (n = 0; n < operations; n++) {
		k = 1 + rnd(8);
		i = rnd(blocks - k);
		if (rnd(2)) {
			for (unsigned int j = 0; j < k; j++) {
				numbers[i + j] = rnd(1 << 30) + 1;
				fill(buf + j * BLOCK, numbers[i + j], 0, BLOCK);
			}
			if (pwrite(fd, buf, k * BLOCK, base + i * BLOCK) != k * BLOCK)
				die(device);
		} else {
			if (pread(fd, buf, k * BLOCK, base + i * BLOCK) != k * BLOCK)
				die(device);
			for (unsigned int j = 0; j < k; j++)
				if (numbers[i + j] &&
				    !right(buf + j * BLOCK, numbers[i + j], 0, BLOCK))
					wrong(device, i + j);
		}
		if (!rnd(64) && fdatasync(fd))
			die(device);
	}
	if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die(device);
	for (i = 0; i < blocks; i++) {
		if (pread(fd, buf, BLOCK, base + i * BLOCK) != BLOCK)
			die(device);
		if (numbers[i] && !right(buf, numbers[i], 0, BLOCK))
			wrong(device, i);
	}
	close(fd);
}

/* --------------------------------------------------------------- sctp */

static void receive(int fd, int messages)
{
	unsigned char buf[MESSAGE];
	ssize_t n, got;
	int i;

	for (i = 0; i < messages; i++) {
		for (got = 0; got < MESSAGE; got += n) {
			n = recv(fd, buf + got, MESSAGE - got, 0);
			if (n <= 0)
				die("recv");
		}
		if (!right(buf, i + 1, 0, MESSAGE))
			wrong("message", i);
	}
	if (recv(fd, buf, MESSAGE, 0) > 0)
		wrong("message", messages);
}

static void associate(struct sockaddr_in *to, int messages)
{
	unsigned char buf[MESSAGE];
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), i;

	if (fd < 0 || connect(fd, (struct sockaddr *)to, sizeof(*to)))
		die("connect");
	for (i = 0; i < messages; i++) {
		fill(buf, i + 1, 0, MESSAGE);
		if (send(fd, buf, MESSAGE, 0) != MESSAGE)
			die("send");
	}
	close(fd);
	exit(0);
}

static void sctp(int associations, int messages)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), fd, i, status;
	socklen_t len = sizeof(addr);

	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, len) ||
	    getsockname(listener, (struct sockaddr *)&addr, &len) || listen(listener, 64))
		die("listen");
	for (i = 0; i < associations; i++)
		if (!fork())
			associate(&addr, messages);
	for (i = 0; i < associations; i++) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			die("accept");
		receive(fd, messages);
		close(fd);
	}
	close(listener);
	while (wait(&status) > 0)
		if (status)
			wrong("a sender's status", status);
}

int main(int argc, char **argv)
{
	int processes, process, status, bad = 0;
	unsigned int operations;

	if (argc == 4 && !strcmp(argv[1], "sctp")) {
		sctp(atoi(argv[2]), atoi(argv[3]));
		return 0;
	}
	if (argc != 6) {
		fprintf(stderr, "usage: real_load tree|block PATH SEED OPERATIONS PROCESSES\n"
				"       real_load sctp ASSOCIATIONS MESSAGES\n");
		return 2;
	}
	operations = atoi(argv[4]);
	processes = atoi(argv[5]);
	for (process = 0; process < processes; process++) {
		if (fork())
			continue;
		state = atoi(argv[3]) * 1000 + process;
		if (!strcmp(argv[1], "tree"))
			tree(argv[2], operations, process);
		else
			block(argv[2], operations, process, processes);
		exit(0);
	}
	while (wait(&status) > 0)
		bad |= status;
	return !!bad;
}
