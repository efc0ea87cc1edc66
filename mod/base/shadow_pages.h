/* SPDX-License-Identifier: GPL-2.0 */
/* Pages in KASAN's shadow; debug/shadow.h has what it is, and objects. */
#ifndef TCSLAB_SHADOW_PAGES_H
#define TCSLAB_SHADOW_PAGES_H

#include <linux/tcslab.h>

#if TCSLAB_HAS_SHADOW

/* All of the memory may be touched, as when it came from the page allocator. */
void tcslab_shadow_open_pages(const void *start, size_t bytes);

#else

static inline void tcslab_shadow_open_pages(const void *start, size_t bytes)
{
}

#endif

#endif /* TCSLAB_SHADOW_PAGES_H */
