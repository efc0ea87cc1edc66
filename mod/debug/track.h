/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who did something to an object: task, CPU, time and stack
 *
 * The stack is kept as it is, not in the kernel's stack depot: on 6.1 that takes a lock that no NMI
 * may wait for, and what it has once got it keeps for good.
 */
#ifndef TCSLAB_TRACK_H
#define TCSLAB_TRACK_H

#include <linux/sched.h>
#include <linux/types.h>

#define TCSLAB_TRACK_FRAMES	16

/**
 * struct tcslab_track - who did it
 * @when: by local_clock()
 * @comm: name of the task that ran
 * @pid: its number
 * @cpu: where
 * @nr: frames in @entries; 0 if nobody has
 * @entries: his stack
 */
struct tcslab_track {
	u64 when;
	char comm[TASK_COMM_LEN];
	pid_t pid;
	unsigned int cpu;
	unsigned int nr;
	unsigned long entries[TCSLAB_TRACK_FRAMES];
};

/* Note who calls the caller.  Any context. */
void tcslab_track_note(struct tcslab_track *track);

/* The same without the frames that are tcslab's own, if others are left. */
void tcslab_track_note_user(struct tcslab_track *track);

/* Print it, if there is one: @what was done.  It may have been overwritten. */
void tcslab_track_tell(const char *what, const struct tcslab_track *track);

#endif /* TCSLAB_TRACK_H */
