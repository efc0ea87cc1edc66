/* SPDX-License-Identifier: GPL-2.0 */
/* Giving memory back in the background. */
#ifndef TCSLAB_SCAVENGER_H
#define TCSLAB_SCAVENGER_H

#include <linux/types.h>

/*
 * Tunables, also module parameters: how many bytes per second the background
 * release gives back, beyond what the heaps keep, and how many bytes may be held before it
 * gives back all that is free, at once.
 */
extern unsigned long tcslab_release_rate;
extern unsigned long tcslab_soft_limit_bytes;

void tcslab_scavenger_exit(void);

/*
 * The page heap got a chunk, or has more than it keeps: the background release has work.  Any
 * context in which pages may be allocated.
 */
void tcslab_scavenger_wake(void);

/* Pages given back by the background release so far. */
unsigned long tcslab_scavenged_pages(void);

/* Pages' worth of objects in arrays and transfer caches when it last looked. */
unsigned long tcslab_cached_pages(void);

/* None until it looks again: somebody has just emptied them all. */
void tcslab_cached_is_drained(void);

#endif /* TCSLAB_SCAVENGER_H */
