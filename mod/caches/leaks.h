/* SPDX-License-Identifier: GPL-2.0 */
/* Objects that are in use when nobody should use them any more. */
#ifndef TCSLAB_LEAKS_H
#define TCSLAB_LEAKS_H

#include <linux/tcslab.h>

#define TCSLAB_LEAKS_SHOWN	8

/* Who can tell the place that allocated an object, or 0. */
void tcslab_leaks_set_caller(unsigned long (*caller)(const void *obj));

/* Log the addresses of up to @max objects of a cache in use, and who allocated them if known. */
unsigned int tcslab_report_objects(struct tcslab_cache *cache, unsigned int max);

/* At unload, when all caches have been emptied: log what is in use in all of them, if any. */
void tcslab_report_leaks(void);

#endif /* TCSLAB_LEAKS_H */
