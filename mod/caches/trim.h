/* SPDX-License-Identifier: GPL-2.0 */
/* Giving back what nobody uses: the steps of tcslab_trim(). */
#ifndef TCSLAB_TRIM_H
#define TCSLAB_TRIM_H

/*
 * Empty the arrays and transfer caches of all caches.  One visit to each CPU for all of
 * them, none to isolated ones.  With tcslab_cache_mutex held.
 */
void tcslab_cache_drain_all(void);

#endif /* TCSLAB_TRIM_H */
