// SPDX-License-Identifier: GPL-2.0
/* How many free pages of a heap are worth keeping; see heap_keep.h */
#include <linux/bitops.h>
#include <linux/jiffies.h>

#include "heap_keep.h"
#include "page_heap.h"

#define TIMES	8	/* missed so often, it will be missed again */

static void forget_missed(struct tcslab_keep *keep)
{
	keep->given = 0;
	keep->given_before = 0;
	keep->missed = 0;
	keep->most_missed = 0;
	keep->again = 0;
}

/*
 * No period ends while nothing is held.  Not time_after(): that may have been for half of all
 * jiffies.
 */
static void forget_what_is_old(struct tcslab_keep *keep, unsigned long now)
{
	if (now - keep->began > 2 * TCSLAB_KEEP_PERIOD) {
		forget_missed(keep);
		keep->began = now;
	}
}

void tcslab_keep_note_given(struct tcslab_keep *keep, unsigned long npages, unsigned long now)
{
	forget_what_is_old(keep, now);
	keep->given += npages;
	keep->missed -= min(keep->missed, npages);
}

/* What was given and not missed in time, less @npages. */
static void forget_given(struct tcslab_keep *keep, unsigned long npages)
{
	unsigned long latest = min(npages, keep->given);

	keep->given -= latest;
	keep->given_before -= min(keep->given_before, npages - latest);
}

static void rise(struct tcslab_keep *keep, unsigned long floor)
{
	if (!keep->most_missed)
		return;
	/* As much as the floor was kept, and it was too little. */
	keep->target = max(keep->target, floor) + keep->most_missed;
	/* What the target would have kept is not missed once more. */
	forget_given(keep, keep->most_missed);
	keep->missed = 0;
	keep->most_missed = 0;
	keep->again = 0;
}

void tcslab_keep_note_grown(struct tcslab_keep *keep, unsigned long npages,
			    unsigned long floor, unsigned long now)
{
	unsigned long before, most, missed;

	forget_what_is_old(keep, now);
	before = keep->missed;
	most = keep->most_missed;
	missed = min(npages, keep->given + keep->given_before);
	forget_given(keep, missed);
	keep->missed += missed;
	if (keep->missed > most) {
		if (fls_long(keep->missed) > fls_long(most))
			keep->again = 0;
		keep->most_missed = keep->missed;
	} else if (before < most / 2 && keep->missed >= most / 2 && ++keep->again == TIMES - 1) {
		rise(keep, floor);
	}
}

unsigned long tcslab_keep_next_period(struct tcslab_keep *keep, unsigned long free,
				      unsigned long floor, unsigned long now)
{
	unsigned long idle = keep->least_free;

	keep->target -= min(keep->target, idle);
	rise(keep, floor);
	keep->given_before = keep->given;
	keep->given = 0;
	keep->least_free = free;
	keep->began = now;
	return idle;
}

void tcslab_keep_forget(struct tcslab_keep *keep)
{
	forget_missed(keep);
	keep->target = 0;
}
