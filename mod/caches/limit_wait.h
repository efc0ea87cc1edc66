/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting at a cache's limit: until somebody frees an object (TCSLAB_LIMIT_WAIT), or for what has
 * been freed and is not there yet.
 */
#ifndef TCSLAB_LIMIT_WAIT_H
#define TCSLAB_LIMIT_WAIT_H

#include <linux/tcslab.h>

/* For caches with a limit. */
int tcslab_limit_wait_init(struct tcslab_cache *cache);
void tcslab_limit_wait_exit(struct tcslab_cache *cache);

/* True while somebody waits: then no array keeps an object that is freed. */
bool tcslab_limit_is_waited_for(const struct tcslab_cache *cache);

/* Objects or pages have come back to a cache with a limit: wake who waits.  Any context. */
void tcslab_limit_wake(struct tcslab_cache *cache);

/*
 * What @fetch returns as soon as it is not -EDQUOT; that if a fatal signal comes.  Sleeps,
 * and so may @fetch.
 */
void *tcslab_limit_wait(struct tcslab_cache *cache, gfp_t gfp, int node,
			void *(*fetch)(struct tcslab_cache *cache, gfp_t gfp, int node));

/*
 * The same for who is to be refused: while something is on its way back, LOOK_AT_MOST at the
 * longest.
 */
void *tcslab_limit_look(struct tcslab_cache *cache, gfp_t gfp, int node,
			void *(*fetch)(struct tcslab_cache *cache, gfp_t gfp, int node));

#endif /* TCSLAB_LIMIT_WAIT_H */
