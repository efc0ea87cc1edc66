// SPDX-License-Identifier: GPL-2.0
/*
 * General caches of the low zones, made when first used
 *
 * Few drivers ask for DMA or DMA32 memory, and those for few sizes.  Who asks first, and as hard
 * as GFP_KERNEL, makes the cache.  For others a worker does, and until
 * it has done so each of their objects has pages of its own, as a large object, which every free
 * knows.
 *
 * A pointer of the table is written once, under the mutex, and read by anybody.  The caches live
 * until unload.
 */
#include <linux/bitmap.h>
#include <linux/mutex.h>

#include "base/soon.h"
#include "cache.h"
#include "low_zone.h"

#define NR_LOW_ZONES	(TCSLAB_NR_ZONES - 1)

static struct tcslab_cache *caches[NR_LOW_ZONES][TCSLAB_NR_CLASSES];
static unsigned long wanted[NR_LOW_ZONES][BITS_TO_LONGS(TCSLAB_NR_CLASSES)];
static DEFINE_MUTEX(making);

static struct tcslab_cache *make(unsigned int low, unsigned int class, gfp_t gfp)
{
	struct tcslab_cache *cache;

	mutex_lock(&making);
	cache = caches[low][class];
	if (!cache) {
		cache = tcslab_cache_make_general(low + 1, class, gfp);
		smp_store_release(&caches[low][class], cache);	/* all of it, for who looks */
	}
	mutex_unlock(&making);
	return cache;
}

/* Objects are to be had without: nobody is killed for it, nor told that there was no memory. */
static void make_wanted(struct work_struct *work)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	unsigned int low, class;

	for (low = 0; low < NR_LOW_ZONES; low++)
		for_each_set_bit(class, wanted[low], TCSLAB_NR_CLASSES)
			if (test_and_clear_bit(class, wanted[low]))
				make(low, class, gfp);
}

static DEFINE_TCSLAB_SOON(make_soon, make_wanted);

struct tcslab_cache *tcslab_low_zone_cache(enum tcslab_zone zone, unsigned int class, gfp_t gfp)
{
	unsigned int low = zone - 1;
	struct tcslab_cache *cache = smp_load_acquire(&caches[low][class]);	/* see make() */

	if (likely(cache))
		return cache;
	if (tcslab_cache_may_make(gfp))
		return make(low, class, GFP_KERNEL);
	set_bit(class, wanted[low]);
	tcslab_soon(&make_soon);
	return NULL;
}

void tcslab_low_zone_exit(void)
{
	tcslab_soon_cancel(&make_soon);
}
