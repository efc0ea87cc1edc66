/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the back tier: how many free pages of a heap are worth keeping
 *
 * What is free costs whoever else wants it; what was given back and is wanted again costs
 * two calls of the page allocator.  Which of both it will be nobody knows before; so the heap
 * learns from what it missed lately.
 *
 * Up: a page is missed when the heap gave it back, in this period or the one before, and has
 * to ask for one again.  Had it given nothing, it would have had that.  The target rises by the
 * most that was missed without giving anything in between, so it is never above what would
 * have been free at one time had all been kept (or by the floor at most, which the background
 * leaves in all heaps together).  A heap that grows for the first time misses nothing.
 *
 * When: at the end of the period, or as soon as about as much was missed for the eighth time.
 * Not at once: a kernel that boots takes and frees a large buffer a few times within a
 * millisecond, and then never again, and then a larger one.  What was kept for those showed in
 * the recorded boot (1192 pages held instead of 1072).
 *
 * Down: the least that was free at any moment of a period was wanted by nobody in it, and
 * the target falls by that much.  A load that goes up and down within a period takes
 * all that is kept each time, and the least is 0; of one that has gone away nothing is kept
 * after the first whole period without it.
 *
 * Nothing here takes a lock, or looks at a clock: the heap's lock guards it, and the
 * caller says what time it is.
 */
#ifndef TCSLAB_HEAP_KEEP_H
#define TCSLAB_HEAP_KEEP_H

#include <linux/minmax.h>
#include <linux/types.h>

/**
 * struct tcslab_keep - what is worth keeping, in pages
 * @target: so much
 * @given: given back in this period, and not missed
 * @given_before: in the period before
 * @missed: in this period, less what was given since
 * @most_missed: the most that @missed was since the target rose
 * @again: so often it was half of that again, while that has not doubled
 * @least_free: at any moment of this period
 * @began: jiffies when it began
 */
struct tcslab_keep {
	unsigned long target;
	unsigned long given;
	unsigned long given_before;
	unsigned long missed;
	unsigned long most_missed;
	unsigned int again;
	unsigned long least_free;
	unsigned long began;
};

/*
 * How much of @free is to go now.  @floor is kept whatever was missed; it is no part of the
 * target, since it can be changed at any time.
 */
static inline unsigned long tcslab_keep_excess(const struct tcslab_keep *keep,
					       unsigned long free, unsigned long floor)
{
	return free - min(free, max(keep->target, floor));
}

/* So much is free from here on. */
static inline void tcslab_keep_note_free(struct tcslab_keep *keep, unsigned long free)
{
	keep->least_free = min(keep->least_free, free);
}

/* @npages went because they were in excess. */
void tcslab_keep_note_given(struct tcslab_keep *keep, unsigned long npages, unsigned long now);

/* The heap had to ask for @npages, with @floor kept whatever was missed. */
void tcslab_keep_note_grown(struct tcslab_keep *keep, unsigned long npages,
			    unsigned long floor, unsigned long now);

/* A period is over, with so much @free.  How much nobody wanted in all of it. */
unsigned long tcslab_keep_next_period(struct tcslab_keep *keep, unsigned long free,
				      unsigned long floor, unsigned long now);

/* All has been asked back: what is kept from here on has to be missed again. */
void tcslab_keep_forget(struct tcslab_keep *keep);

#endif /* TCSLAB_HEAP_KEEP_H */
