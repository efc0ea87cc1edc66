/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of debug, under KASAN: who used an object last. */
#ifndef TCSLAB_DEBUG_KASAN_USERS_H
#define TCSLAB_DEBUG_KASAN_USERS_H

#include <linux/types.h>

/*
 * @obj was allocated, or freed, by who calls.  What is known of an object is forgotten for the sake
 * of others, so of the latest most is known.  Any context.
 */
void tcslab_kasan_note(const void *obj, bool allocated);

/* Print who did, if it is known. */
void tcslab_kasan_tell_users(const void *obj);

/* kasan_full=1: zones behind objects, and stacks.  It takes memory, and several times as long. */
extern bool tcslab_kasan_full;

int tcslab_kasan_users_init(void);
void tcslab_kasan_users_exit(void);

#endif /* TCSLAB_DEBUG_KASAN_USERS_H */
