// SPDX-License-Identifier: GPL-2.0
/*
 * Objects by handle when something comes in between: signals, threads, kills, closes,
 * failing allocations.  BUILD_M32: also as a 32-bit program.
 *
 * lab: timeout=120
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
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

/* ------------------------------------------------------------------ signals */

static void on_alarm(int signal)
{
}

/* Again and again, because the first may come before the call has begun. */
static void start_alarms(void)
{
	const struct itimerval often = {
		.it_value.tv_usec = 1000, .it_interval.tv_usec = 1000,
	};
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void stop_alarms(void)
{
	const struct itimerval never = {};

	setitimer(ITIMER_REAL, &never, NULL);
}

/* A call that is too long for an alarm not to come; until one comes in its middle. */
static int interrupted(int fd, unsigned int nr, void *arg, const __u64 *done)
{
	int err;

	start_alarms();
	do {
		err = call(fd, nr, arg);
	} while (err == -EINTR && !*done);
	stop_alarms();
	return err;
}

TEST_F_TIMEOUT(file, signals_end_long_calls, 120)
{
	struct tcslab_ioc_alloc alloc = request(8, 1ULL << 40);
	struct tcslab_ioc_free free = { .size = sizeof(free) };
	struct tcslab_ioc_pattern fill, verify;

	EXPECT_EQ(-EINTR, interrupted(self->fd, TCSLAB_IOC_ALLOC, &alloc, &alloc.done));
	EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, alloc.handle, alloc.done, 1));
	EXPECT_EQ(-ENOENT, pattern(self->fd, TCSLAB_IOC_FILL, alloc.handle + alloc.done, 1, 1));

	alloc = request(8, 400000);
	ASSERT_EQ(0, call(self->fd, TCSLAB_IOC_ALLOC, &alloc));
	fill = pattern_request(alloc.handle, alloc.done, 1);
	EXPECT_EQ(-EINTR, interrupted(self->fd, TCSLAB_IOC_FILL, &fill, &fill.done));
	EXPECT_LT(fill.done, alloc.done);
	verify = pattern_request(alloc.handle, alloc.done, 1);
	EXPECT_EQ(-EILSEQ, call(self->fd, TCSLAB_IOC_VERIFY, &verify));
	EXPECT_EQ(fill.done, verify.done);
	ASSERT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, alloc.handle, alloc.done, 1));
	EXPECT_EQ(-EINTR, interrupted(self->fd, TCSLAB_IOC_VERIFY, &verify, &verify.done));

	free.handle = alloc.handle;
	free.count = alloc.done;
	EXPECT_EQ(-EINTR, interrupted(self->fd, TCSLAB_IOC_FREE, &free, &free.done));
	EXPECT_LT(free.done, alloc.done);
	EXPECT_EQ(0, free_objects(self->fd, alloc.handle + free.done, alloc.done - free.done));
}

struct worker {
	pthread_t thread;
	int fd;
	__u64 seed;
	int error;
};

static void *work(void *p)
{
	struct worker *worker = p;
	__u64 handle;

	for (int i = 0; i < 200 && !worker->error; i++) {
		__u64 length = 1 + (worker->seed * 7919 + i * 131) % 3000;

		worker->error = alloc_objects(worker->fd, length, 20, &handle) ?:
			pattern(worker->fd, TCSLAB_IOC_FILL, handle, 20, worker->seed) ?:
			pattern(worker->fd, TCSLAB_IOC_VERIFY, handle, 20, worker->seed) ?:
			free_objects(worker->fd, handle, 20);
	}
	return NULL;
}

/* Two on this file, two on another. */
TEST_F(file, threads)
{
	struct worker workers[4] = {};
	int other = open(DEVICE, O_RDWR);
	struct tcslab_ioc_stats s;

	for (int i = 0; i < 4; i++) {
		workers[i].fd = i < 2 ? self->fd : other;
		workers[i].seed = i + 1;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(0, workers[i].error);
	}
	ASSERT_EQ(0, stats(self->fd, &s));
	EXPECT_EQ(0, s.file_handles);
	EXPECT_EQ(0, s.file_bytes);
	close(other);
}

static void *free_backwards(void *p)
{
	struct worker *worker = p;

	/* seed is the first handle, error counts those that we freed */
	for (int i = 4999; i >= 0; i--)
		worker->error += !free_objects(worker->fd, worker->seed + i, 1);
	return NULL;
}

/* Two threads free the same handles: each one is freed once. */
TEST_F(file, race_for_the_same_handles)
{
	struct worker workers[2] = {};
	struct tcslab_ioc_stats s;
	__u64 handle;

	ASSERT_EQ(0, alloc_objects(self->fd, 64, 5000, &handle));
	for (int i = 0; i < 2; i++) {
		workers[i].fd = self->fd;
		workers[i].seed = handle;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, free_backwards, &workers[i]));
	}
	for (int i = 0; i < 2; i++)
		pthread_join(workers[i].thread, NULL);
	EXPECT_EQ(5000, workers[0].error + workers[1].error);
	ASSERT_EQ(0, stats(self->fd, &s));
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
	for (i = 0; i < 1000 && in_use_bytes(self->fd) < self->in_use + 4000000; i++)
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

#define FAIL_NTH	"/proc/self/fail-nth"

/* Kernels with fault injection: let the @nth allocation of this thread fail. */
static int fail_nth(int nth)
{
	char text[12];

	snprintf(text, sizeof(text), "%d", nth);
	return write_file(FAIL_NTH, text);
}

static int fault_injection(void)
{
	if (access(FAIL_NTH, F_OK))
		return 0;
	write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/failslab/verbose", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	return 1;
}

/*
 * The first allocation fails, then the second, and so on until nothing is left to
 * fail: each time the open either works or says ENOMEM, and so does each call.
 */
TEST_F_TIMEOUT(file, every_allocation_fails_once, 120)
{
	struct tcslab_ioc_trim trim = { .size = sizeof(trim) };
	int nth, left, fd, err, failures = 0;

	if (!fault_injection())
		SKIP(return, "no fault injection in this kernel");
	for (nth = 1, left = 0; !left; nth++) {
		ASSERT_EQ(0, fail_nth(nth));
		fd = open(DEVICE, O_RDWR | O_CLOEXEC);
		err = fd < 0 ? errno : 0;
		left = read_number(FAIL_NTH);
		fail_nth(0);
		EXPECT_TRUE(!err || err == ENOMEM);
		failures += !!err;
		if (fd >= 0)
			close(fd);
	}
	EXPECT_GT(failures, 0);
	for (nth = 1, left = 0, failures = 0; !left; nth++) {
		struct tcslab_ioc_alloc arg = request(5000, 100);

		call(self->fd, TCSLAB_IOC_TRIM, &trim);
		ASSERT_EQ(0, fail_nth(nth));
		err = call(self->fd, TCSLAB_IOC_ALLOC, &arg);
		left = read_number(FAIL_NTH);
		fail_nth(0);
		EXPECT_TRUE(!err || err == -ENOMEM);
		EXPECT_EQ(!err, arg.done == 100);
		failures += !!err;
		if (arg.done) {
			EXPECT_EQ(0, pattern(self->fd, TCSLAB_IOC_FILL, arg.handle, arg.done, 1));
			EXPECT_EQ(0, free_objects(self->fd, arg.handle, arg.done));
		}
		EXPECT_EQ(self->in_use, in_use_bytes(self->fd));
	}
	EXPECT_GT(failures, 0);
	TH_LOG("%d failures in %d rounds", failures, nth - 1);
}

int main(int argc, char **argv)
{
	load_modules();
	return test_harness_run(argc, argv);
}
