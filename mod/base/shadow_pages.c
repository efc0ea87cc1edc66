// SPDX-License-Identifier: GPL-2.0
/* Pages in KASAN's shadow; see shadow_pages.h */
#include <linux/kasan.h>
#include <linux/string.h>

#include "shadow_pages.h"

/* Not memset(), which KASAN looks at. */
void tcslab_shadow_open_pages(const void *start, size_t bytes)
{
	__memset(kasan_mem_to_shadow(start), 0, bytes >> KASAN_SHADOW_SCALE_SHIFT);
}
