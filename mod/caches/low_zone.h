/* SPDX-License-Identifier: GPL-2.0 */
/* General caches of the DMA and DMA32 zones, which are made when somebody asks for them. */
#ifndef TCSLAB_LOW_ZONE_H
#define TCSLAB_LOW_ZONE_H

#include <linux/tcslab.h>

/*
 * The cache of a class in a zone that is not the normal one; made if need be and if @gfp allows
 * it.  NULL when it is not there: then it is being made, if there is memory.  Any context.
 */
struct tcslab_cache *tcslab_low_zone_cache(enum tcslab_zone zone, unsigned int class, gfp_t gfp);

/* Nobody asks any more: no cache is being made after it.  Task context. */
void tcslab_low_zone_exit(void);

#endif /* TCSLAB_LOW_ZONE_H */
