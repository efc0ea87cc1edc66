/* SPDX-License-Identifier: GPL-2.0 */
/* Giving back when the kernel asks: shrinker, OOM, memory hot-remove. */
#ifndef TCSLAB_PRESSURE_H
#define TCSLAB_PRESSURE_H

int tcslab_pressure_init(void);
void tcslab_pressure_exit(void);

/* Pages given back on demand so far. */
unsigned long tcslab_shrunk_pages(void);

#endif /* TCSLAB_PRESSURE_H */
