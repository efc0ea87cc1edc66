/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parameter debug=: which caches are debugged, and how, as the kernel's slub_debug= says it
 *
 *	debug=FZPU		all caches
 *	debug=FZ,foo*,bar	those whose name begins with foo, and bar
 *	debug=U;FZPU,foo;-,bar	foo all, bar nothing, the others U
 *
 * No letters are all of them.  The first block that names a cache comes before the last one for
 * all.  Who changes it does so for caches that are made from then on.
 */
#ifndef TCSLAB_PATTERN_H
#define TCSLAB_PATTERN_H

#include <linux/types.h>

#define TCSLAB_PATTERN_BYTES	512

/* TCSLAB_DEBUG_... for a cache of this name, or 0.  Task context. */
unsigned int tcslab_pattern_flags(const char *name);

/* Take another one, or refuse it with a sentence: -EINVAL, -E2BIG.  Task context. */
int tcslab_pattern_set(const char *text);

/* The pattern and a newline into @text, which has room; bytes without the 0 at the end. */
size_t tcslab_pattern_get(char text[TCSLAB_PATTERN_BYTES + 1]);

#endif /* TCSLAB_PATTERN_H */
