// SPDX-License-Identifier: GPL-2.0
/* The two allocators; see tcslab_memory.h */
#include <linux/delay.h>
#include <linux/slab.h>

#include <linux/tcslab.h>
#include "base/compat.h"
#include "context_test.h"
#include "slub_pages.h"
#include "tcslab_memory.h"

static long base;

/* ----------------------------------------------------------------- tcslab */

static int ours_open(void)
{
	tcslab_trim();
	base = tcslab_held_pages();
	return 0;
}

static void ours_close(void)
{
	tcslab_trim();
}

static void *ours_alloc(size_t size)
{
	return tcslab_alloc(size, GFP_KERNEL);
}

static void ours_free(void *obj, size_t size)
{
	tcslab_free(obj);
}

static long ours_pages(void)
{
	return tcslab_held_pages() - base;
}

static void ours_shrink(void)
{
	tcslab_trim();
}

/* ------------------------------------------------------------------- SLUB */

/*
 * kmalloc()'s sizes as caches of our own: its real ones are everybody's, cannot be shrunk
 * from here, and have free room that would be used without being counted.
 */
#define NR_TWINS	16
static struct kmem_cache *twins[NR_TWINS];
static u8 twin_of[MAX_SIDE_SIZE / 8 + 1];	/* by size in steps of 8 bytes */

static void theirs_close(void)
{
	int i;

	for (i = 0; i < NR_TWINS; i++) {
		kmem_cache_destroy(twins[i]);
		twins[i] = NULL;
	}
}

static int theirs_open(void)
{
	unsigned int step, bytes, n = 0, last = 0;
	char name[32];

	for (step = 1; step <= MAX_SIDE_SIZE / 8; step++) {
		bytes = kmalloc_size_roundup(step * 8);
		if (bytes != last) {
			snprintf(name, sizeof(name), "twin-kmalloc-%u", bytes);
			twins[n] = kmem_cache_create(name, bytes, bytes & -bytes,
						     SLAB_NO_MERGE, NULL);
			if (!twins[n]) {
				theirs_close();
				return -ENOMEM;
			}
			last = bytes;
			n++;
		}
		twin_of[step] = n - 1;
	}
	/* The caches' own structures are made and old ones gone. */
	rcu_barrier();
	msleep(200);
	base = slub_pages();
	return 0;
}

static struct kmem_cache *twin(size_t size)
{
	return twins[twin_of[DIV_ROUND_UP(size, 8)]];
}

static void *theirs_alloc(size_t size)
{
	return kmem_cache_alloc(twin(size), GFP_KERNEL);
}

static void theirs_free(void *obj, size_t size)
{
	kmem_cache_free(twin(size), obj);
}

static long theirs_pages(void)
{
	return slub_pages() - base;
}

static void theirs_shrink(void)
{
	int i;

	for (i = 0; i < NR_TWINS && twins[i]; i++)
		kmem_cache_shrink(twins[i]);
}

const struct side memory_sides[NR_SIDES] = {
	{
		.name = "tcslab", .open = ours_open, .close = ours_close,
		.alloc = ours_alloc, .free = ours_free,
		.pages = ours_pages, .shrink = ours_shrink,
	}, {
		.name = "slub", .open = theirs_open, .close = theirs_close,
		.alloc = theirs_alloc, .free = theirs_free,
		.pages = theirs_pages, .shrink = theirs_shrink,
	},
};

void memory_row(const char *name, const long values[NR_SIDES])
{
	pr_notice(CONTEXT_PREFIX "# %s: tcslab %ld slub %ld\n", name, values[0], values[1]);
}
