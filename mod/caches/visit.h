/* SPDX-License-Identifier: GPL-2.0 */
/* Visits to CPUs, for all caches at once; with tcslab_cache_mutex held, in task context. */
#ifndef TCSLAB_VISIT_H
#define TCSLAB_VISIT_H

/*
 * Once in a period: empty the arrays that nobody entered in it, cut those that had more than
 * they needed, and let the CPUs that had too little have what others do not use.  Interrupts
 * a CPU once, if it has something to give, and one that is isolated never.
 */
void tcslab_visit_scavenge(void);

/*
 * Empty the arrays of all caches.  Visits each CPU that has something at most once, as the
 * scavenger does, and isolated ones not at all.  Sleeps for no memory.
 */
void tcslab_visit_drain(void);

#endif /* TCSLAB_VISIT_H */
