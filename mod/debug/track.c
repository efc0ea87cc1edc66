// SPDX-License-Identifier: GPL-2.0
/* Who did something to an object; see track.h */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "track.h"

#define SKIPPED_FRAMES	2	/* our own */

/* Linked into a driver all of his frames would be. */
#ifdef TCSLAB_EMBEDDED
#define is_own(entry)	((void)(entry), false)
#else
#define is_own(entry)	within_module(entry, THIS_MODULE)
#endif

/* Inline, so that as many frames are skipped for both. */
static __always_inline void note(struct tcslab_track *track)
{
	track->when = local_clock();
	strscpy(track->comm, current->comm, sizeof(track->comm));
	track->pid = task_pid_nr(current);
	track->cpu = raw_smp_processor_id();
	track->nr = stack_trace_save(track->entries, TCSLAB_TRACK_FRAMES, SKIPPED_FRAMES);
}

void tcslab_track_note(struct tcslab_track *track)
{
	note(track);
}

void tcslab_track_note_user(struct tcslab_track *track)
{
	unsigned int own = 0;

	note(track);
	while (own < track->nr && is_own(track->entries[own]))
		own++;
	if (own == track->nr)
		return;
	track->nr -= own;
	memmove(track->entries, track->entries + own, track->nr * sizeof(track->entries[0]));
}

void tcslab_track_tell(const char *what, const struct tcslab_track *track)
{
	if (!track->nr)
		return;
	pr_err("tcslab: %s by %.*s/%d on CPU %u %llu ms ago:\n", what, TASK_COMM_LEN, track->comm,
	       track->pid, track->cpu, div_u64(local_clock() - track->when, NSEC_PER_MSEC));
	stack_trace_print((unsigned long *)track->entries,
			  min_t(unsigned int, track->nr, TCSLAB_TRACK_FRAMES), 1);
}
