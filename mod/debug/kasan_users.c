// SPDX-License-Identifier: GPL-2.0
/*
 * Under KASAN: who used an object last
 *
 * That is kept in a table of fixed size, where an object has one place that others have as well, as
 * direct-mapped caches do it: the objects keep their size and place, with which tests of this
 * kernel find what users of others have.
 *
 * A place is written and read under its lock, which nobody waits for: then somebody is forgotten.
 */
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "kasan_users.h"
#include "objects_state.h"

bool tcslab_kasan_full;
module_param_named(kasan_full, tcslab_kasan_full, bool, 0400);
MODULE_PARM_DESC(kasan_full, "KASAN: zones behind objects that fill their slots, and who used them (slow)");

#define PLACES_SHIFT	14
#define LOCKS_SHIFT	6

/**
 * struct place - what is known of one object
 * @obj: the object
 * @used: who did, since it was noted first
 */
struct place {
	const void *obj;
	struct tcslab_tracks used;
};

static struct place *places;
static raw_spinlock_t locks[1 << LOCKS_SHIFT];

static raw_spinlock_t *lock_of(const struct place *place)
{
	return &locks[(place - places) & (ARRAY_SIZE(locks) - 1)];
}

void tcslab_kasan_note(const void *obj, bool allocated)
{
	struct place *place = places + hash_ptr(obj, PLACES_SHIFT);
	unsigned long flags;

	/* Without kasan_full=1 there is no table. */
	if (!places || !raw_spin_trylock_irqsave(lock_of(place), flags))
		return;
	if (place->obj != obj) {
		place->obj = obj;
		place->used = (struct tcslab_tracks){};
	}
	if (allocated)
		place->used.freed.nr = 0;
	tcslab_track_note_user(allocated ? &place->used.alloced : &place->used.freed);
	raw_spin_unlock_irqrestore(lock_of(place), flags);
}

void tcslab_kasan_tell_users(const void *obj)
{
	struct place *place = places + hash_ptr(obj, PLACES_SHIFT);
	unsigned long flags;

	if (!places || !raw_spin_trylock_irqsave(lock_of(place), flags))
		return;
	if (place->obj == obj) {
		tcslab_track_tell("allocated", &place->used.alloced);
		tcslab_track_tell("freed", &place->used.freed);
	}
	raw_spin_unlock_irqrestore(lock_of(place), flags);
}

int __init tcslab_kasan_users_init(void)
{
	unsigned int i;

	if (!tcslab_kasan_full)
		return 0;
	places = vzalloc(sizeof(*places) << PLACES_SHIFT);
	if (!places)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(locks); i++)
		raw_spin_lock_init(&locks[i]);
	return 0;
}

void tcslab_kasan_users_exit(void)
{
	vfree(places);
}
