/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows between the steps of load and unload, which tests hold open
 *
 * In a module that is built without the tests there is nothing of this.
 */
#ifndef TCSLAB_WINDOW_H
#define TCSLAB_WINDOW_H

#include <linux/types.h>

#ifdef TCSLAB_WINDOWS
/* Sleep for a while if this is the one that the parameter "window" names. */
void tcslab_window(const char *name);

/* Is the load to fail after this step, as the parameter "fail" says? */
bool tcslab_window_fails(const char *name);
#else
static inline void tcslab_window(const char *name) { }
static inline bool tcslab_window_fails(const char *name) { return false; }
#endif

#endif /* TCSLAB_WINDOW_H */
