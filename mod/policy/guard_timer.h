/* SPDX-License-Identifier: GPL-2.0 */
/* When an allocation is guarded; see guard_timer.c */
#ifndef TCSLAB_GUARD_TIMER_H
#define TCSLAB_GUARD_TIMER_H

/* A guarded allocation was made: the next one is due after the interval.  Any context. */
void tcslab_guard_timer_consumed(void);

/* What the parameter says, in milliseconds. */
unsigned int tcslab_guard_timer_interval(void);

/* At load, if the parameter asks for it. */
int tcslab_guard_timer_init(void);

/* No array is hidden after this, and no allocation guarded.  Task context. */
void tcslab_guard_timer_exit(void);

#endif /* TCSLAB_GUARD_TIMER_H */
