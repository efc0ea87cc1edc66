/* SPDX-License-Identifier: GPL-2.0 */
/* Behind a report of KASAN's: whose object it is about, and who used it last. */
#ifndef TCSLAB_DEBUG_KASAN_REPORT_H
#define TCSLAB_DEBUG_KASAN_REPORT_H

#include <linux/tcslab.h>

#if TCSLAB_HAS_SHADOW
int tcslab_kasan_report_init(void);
void tcslab_kasan_report_exit(void);
#else
static inline int tcslab_kasan_report_init(void)
{
	return 0;
}

static inline void tcslab_kasan_report_exit(void)
{
}
#endif

#endif /* TCSLAB_DEBUG_KASAN_REPORT_H */
