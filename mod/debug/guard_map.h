/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of debug: pages of the direct map that are there, or not */
#ifndef TCSLAB_GUARD_MAP_H
#define TCSLAB_GUARD_MAP_H

#include <linux/types.h>

/*
 * Make the mappings of @npages at @addr such that each page has one of its own.  False where that
 * cannot be done; then nothing has changed.  Task context.
 */
bool tcslab_guard_map_split(unsigned long addr, unsigned int npages);

/*
 * Let the page at @addr be there, or not.  This CPU knows at once; others may reach a page that
 * went for as long as they remember where it was, since nobody can be interrupted from here.
 * After tcslab_guard_map_split().  Any context.
 */
void tcslab_guard_map_set(unsigned long addr, bool present);

/* What the processor said of a fault: was it a write? */
bool tcslab_guard_map_was_write(long error);

#endif /* TCSLAB_GUARD_MAP_H */
