/* SPDX-License-Identifier: GPL-2.0 */
/* Giving memory back: in the background, under pressure, and on request. */
#ifndef TCSLAB_SCAVENGER_H
#define TCSLAB_SCAVENGER_H

#include <linux/types.h>

/*
 * Tunables, also module parameters: how many bytes per second the background
 * release gives back, and how many free bytes it leaves alone.
 */
extern unsigned long tcslab_release_rate;
extern unsigned long tcslab_keep_bytes;

int tcslab_scavenger_init(void);
void tcslab_scavenger_exit(void);

/*
 * The page heap got a chunk: the background release has work.  Any context in
 * which pages may be allocated.
 */
void tcslab_scavenger_wake(void);

/* Pages given back by the background release and by the shrinker so far. */
unsigned long tcslab_scavenged_pages(void);
unsigned long tcslab_shrunk_pages(void);

#endif /* TCSLAB_SCAVENGER_H */
