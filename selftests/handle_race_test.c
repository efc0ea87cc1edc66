// SPDX-License-Identifier: GPL-2.0
/*
 * Objects by handle when something comes in between: signals, others, kills, closes,
 * failing allocations.  BUILD_M32: also as a 32-bit program.
 *
 * lab: timeout=120
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "harness.h"
#include "ioctl_device.h"
#include "ioctl_file.h"

/* ------------------------------------------------------------------ signals */

static void on_alarm(int signal)
{
}

/* One alarm after so long. */
static void set_alarm(unsigned int usec)
{
	const struct itimerval once = { .it_value.tv_usec = usec };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &once, NULL);
}

/*
 * A call in whose middle an alarm comes.  How long the call takes, and how late it
 * begins, nobody knows: try early and late ones until one hits.  @again prepares the
 * next try after one that the alarm missed.
 */
static int interrupted(int fd, unsigned int nr, void *arg, const __u64 *done,
		       void (*again)(int fd, void *arg))
{
	int err = 0;

	for (int i = 0; i < 5000; i++) {
		set_alarm(20 << rand() % 12);
		err = call(fd, nr, arg);
		set_alarm(0);
		if (err == -EINTR && *done)
			break;
		if (err && err != -EINTR && err != -EDQUOT)
			break;
		if (err != -EINTR && again)
			again(fd, arg);
	}
	return err;
}

/* What an allocation that came to its end has taken. */
static void free_again(int fd, void *arg)
{
	struct tcslab_ioc_alloc *alloc = arg;

	free_objects(fd, alloc->handle, alloc->done);
}

/* The same objects for another try at freeing them. */
static void alloc_again(int fd, void *arg)
{
	struct tcslab_ioc_free *free = arg;

	alloc_objects(fd, 8, free->count, &free->handle);
}

/* Something else in the objects that a whole try has filled. */
static void fill_again(int fd, void *arg)
{
	struct tcslab_ioc_pattern *fill = arg;

	pattern(fd, TCSLAB_IOC_FILL, fill->handle, fill->count, fill->seed + 1);
}

TEST_F(file, signals_end_long_calls)
{
	/* Not so small that kmemleak's notes on a whole quota of them fill the machine. */
	struct tcslab_ioc_alloc alloc = request(64, 1ULL << 40);
	struct tcslab_ioc_free free = { .size = sizeof(free) };
	struct tcslab_ioc_pattern fill, verify;

	EXPECT_EQ(-EINTR, interrupted(self->fd, TCSLAB_IOC_ALLOC, &alloc, &alloc.done, free_again));
	EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, alloc.handle, alloc.done, 1));
	EXPECT_EQ(-ENOENT, pattern(self->fd, TCSLAB_IOC_FILL, alloc.handle + alloc.done, 1, 1));

	alloc = request(8, 150000);
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &alloc));
	fill = pattern_request(alloc.handle, alloc.done, 1);
	EXPECT_EQ(-EINTR, interrupted(self->fd, TCSLAB_IOC_FILL, &fill, &fill.done,
				      fill_again));
	EXPECT_LT(fill.done, alloc.done);
	verify = pattern_request(alloc.handle, alloc.done, 1);
	EXPECT_EQ(-EILSEQ, call(self->fd, TCSLAB_IOC_VERIFY, &verify));
	EXPECT_EQ(fill.done, verify.done);
	ASSERT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, alloc.handle, alloc.done, 1));
	EXPECT_EQ(-EINTR, interrupted(self->fd, TCSLAB_IOC_VERIFY, &verify, &verify.done, NULL));

	free.handle = alloc.handle;
	free.count = alloc.done;
	EXPECT_EQ(-EINTR, interrupted(self->fd, TCSLAB_IOC_FREE, &free, &free.done, alloc_again));
	EXPECT_LT(free.done, alloc.done);
	EXPECT_EQ(0, free_objects(self->fd, free.handle + free.done, alloc.done - free.done));
}

/* ---------------------------------------------------- several callers, one file */

/*
 * The callers are processes that share the open file: that is what the device sees of
 * threads too.  What each has to say is in shared memory.
 */
struct result {
	int error;
	int freed;
};

static struct result *results(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void work(int fd, __u64 seed, struct result *result)
{
	__u64 handle;

	for (int i = 0; i < 200 && !result->error; i++) {
		__u64 length = 1 + (seed * 7919 + i * 131) % 3000;

		result->error = alloc_objects(fd, length, 20, &handle) ?:
			pattern(fd, TCSLAB_IOC_FILL, handle, 20, seed) ?:
			pattern(fd, TCSLAB_IOC_VERIFY, handle, 20, seed) ?:
			free_objects(fd, handle, 20);
		result->freed += 20;
	}
}

/* Two on this file, two on another. */
TEST_F(file, callers_side_by_side)
{
	struct result *result = results();
	int other = open(DEVICE, O_RDWR);
	struct tcslab_ioc_stats s;
	pid_t children[4];

	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		if (!children[i]) {
			work(i < 2 ? self->fd : other, i + 1, &result[i]);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		waitpid(children[i], NULL, 0);
		EXPECT_EQ(0, result[i].error);
		EXPECT_EQ(4000, result[i].freed);
	}
	ASSERT_EQ(0, stats(self->fd, &s));
	EXPECT_EQ(0, s.file_handles);
	EXPECT_EQ(0, s.file_bytes);
	close(other);
}

/* Two free the same handles: each one is freed once. */
TEST_F(file, race_for_the_same_handles)
{
	struct result *result = results();
	struct tcslab_ioc_stats s;
	pid_t children[2];
	__u64 handle;

	ASSERT_EQ(0, alloc_objects(self->fd, 64, 5000, &handle));
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (!children[i]) {
			for (int j = 4999; j >= 0; j--)
				result[i].freed += !free_objects(self->fd, handle + j, 1);
			_exit(0);
		}
	}
	for (int i = 0; i < 2; i++)
		waitpid(children[i], NULL, 0);
	EXPECT_EQ(5000, result[0].freed + result[1].freed);
	ASSERT_EQ(0, stats(self->fd, &s));
	EXPECT_EQ(0, s.file_handles);
	EXPECT_EQ(0, s.file_bytes);
}

/* The teardown of every test checks the close; here the process is killed. */
TEST_F(file, kill_frees)
{
	__u64 handle;
	pid_t child;
	int i;

	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		int fd = open(DEVICE, O_RDWR);

		alloc_objects(fd, 3000, 1000, &handle);
		alloc_objects(fd, 100000, 10, &handle);
		pause();
	}
	for (i = 0; i < 1000 && in_use_bytes(self->fd) < self->in_use + 1500000; i++)
		usleep(10000);
	EXPECT_LT(i, 1000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (i = 0; i < 1000 && in_use_bytes(self->fd) != self->in_use; i++)
		usleep(10000);
	EXPECT_EQ(self->in_use, in_use_bytes(self->fd));
}

/* A file that was inherited or duplicated lives until the last descriptor is closed. */
TEST_F(file, last_close_frees)
{
	int fd = open(DEVICE, O_RDWR), copy = dup(fd);
	__u64 handle;

	ASSERT_EQ(0, alloc_objects(fd, 1000, 10, &handle));
	close(fd);
	EXPECT_EQ(0, pattern(copy, TCSLAB_IOC_FILL, handle, 10, 1));
	EXPECT_EQ(self->in_use + 10 * 1024, in_use_bytes(self->fd));
	close(copy);
	EXPECT_EQ(self->in_use, in_use_bytes(self->fd));
}

/* ------------------------------------------------------- failing allocations */

#define FAULTS	"/sys/kernel/debug/"

/* For kernels with fault injection: everything may fail that this task allocates. */
static void prepare_faults(const char *probability, const char *interval)
{
	static const char * const kinds[] = { "failslab", "fail_page_alloc" };
	const char * const settings[][2] = {
		{ "ignore-gfp-wait", "N" }, { "min-order", "0" }, { "verbose", "0" },
		{ "task-filter", "Y" }, { "times", "-1" }, { "interval", interval },
		{ "probability", probability },
	};
	char path[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(settings); j++) {
			snprintf(path, sizeof(path), FAULTS "%s/%s", kinds[i], settings[j][0]);
			write_file(path, settings[j][1]);
		}
	}
}

/* These files are opened before, because opening allocates, too. */
static void set_number(int fd, int value)
{
	char text[12];

	snprintf(text, sizeof(text), "%d", value);
	if (pwrite(fd, text, strlen(text), 0) < 0)
		perror("fault injection");
}

static int get_number(int fd)
{
	char text[12] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : -1;
}

/* One allocation of an open fails, each in turn: it works or says ENOMEM. */
TEST_F(file, open_without_memory)
{
	int fail_nth = open("/proc/self/fail-nth", O_RDWR), failures = 0, left = 0;

	if (fail_nth < 0)
		SKIP(return, "no fault injection in this kernel");
	prepare_faults("0", "1");
	for (int nth = 1; !left; nth++) {
		int fd, err;

		set_number(fail_nth, nth);
		fd = open(DEVICE, O_RDWR | O_CLOEXEC);
		err = fd < 0 ? errno : 0;
		left = get_number(fail_nth);
		set_number(fail_nth, 0);
		EXPECT_TRUE(!err || err == ENOMEM);
		failures += !!err;
		close(fd);
	}
	EXPECT_GT(failures, 0);
	close(fail_nth);
}

/*
 * Every allocation fails, then every second one, and so on: the call says ENOMEM and
 * what it has done by then, or it works, and nothing is lost.
 */
TEST_F(file, alloc_without_memory)
{
	int make_it_fail = open("/proc/self/make-it-fail", O_RDWR), failures = 0, partial = 0;
	struct tcslab_ioc_trim trim = { .size = sizeof(trim) };

	if (make_it_fail < 0)
		SKIP(return, "no fault injection in this kernel");
	for (int i = 1; i <= 30; i++) {
		struct tcslab_ioc_alloc arg = request(i % 3 ? 500 : 50000, 200);
		char interval[12];
		int err;

		snprintf(interval, sizeof(interval), "%d", i);
		prepare_faults("100", interval);
		call(self->fd, TCSLAB_IOC_TRIM, &trim);
		set_number(make_it_fail, 1);
		err = call(self->fd, TCSLAB_IOC_ALLOC, &arg);
		set_number(make_it_fail, 0);
		EXPECT_TRUE(!err || err == -ENOMEM);
		EXPECT_EQ(!err, arg.done == 200);
		failures += !!err;
		partial += err && arg.done;
		if (!arg.done)
			continue;
		EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, arg.handle, arg.done, 1));
		EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_VERIFY, arg.handle, arg.done, 1));
		EXPECT_EQ(0, free_objects(self->fd, arg.handle, arg.done));
		EXPECT_EQ(self->in_use, in_use_bytes(self->fd));
	}
	prepare_faults("0", "1");
	TH_LOG("%d of 30 calls failed, %d of them halfway", failures, partial);
	EXPECT_GT(failures, 0);
	close(make_it_fail);
}

int main(int argc, char **argv)
{
	load_modules();
	return test_harness_run(argc, argv);
}
