/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of debug: what the pool remembers of a slot, and how it is told */
#ifndef TCSLAB_GUARD_SLOT_H
#define TCSLAB_GUARD_SLOT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>

#include <linux/tcslab.h>

#include "track.h"

/**
 * enum tcslab_guard_state - of a slot
 * @TCSLAB_GUARD_FREE: never used, or in the quarantine; its page is not there
 * @TCSLAB_GUARD_LIVE: somebody has the object
 * @TCSLAB_GUARD_LEAVING: it has been freed, and one frees the slot
 */
enum tcslab_guard_state {
	TCSLAB_GUARD_FREE,
	TCSLAB_GUARD_LIVE,
	TCSLAB_GUARD_LEAVING,
};

/**
 * struct tcslab_guard_slot - a page for an object
 * @state: enum tcslab_guard_state
 * @free: FREE: in the quarantine, under the pool's lock
 * @late: LEAVING: among those that an interrupt frees
 * @page: its address
 * @obj: the object, or the last one
 * @size: bytes that were asked for
 * @cache: LIVE: whose it is
 * @standin: LIVE: what is kept aside for it
 * @name: of the cache, which may be gone when somebody uses the object
 * @site: hash of the stack of the allocation
 * @alloced: the allocation
 * @freed: the free, if the last object was freed
 *
 * FREE: the pool's.  Else it is constant, and LEAVING belongs to who made it so.
 */
struct tcslab_guard_slot {
	atomic_t state;
	struct list_head free;
	struct llist_node late;
	void *page;
	void *obj;
	size_t size;
	struct tcslab_cache *cache;
	void *standin;
	char name[sizeof_field(struct tcslab_cache, name)];
	u32 site;
	struct tcslab_track alloced;
	struct tcslab_track freed;
};

/**
 * enum tcslab_guard_mistake - what was done
 * @TCSLAB_GUARD_BEYOND: an access beside the object
 * @TCSLAB_GUARD_AFTER_FREE: an access after the free
 * @TCSLAB_GUARD_CANARY: bytes beside the object were written to, found at the free
 * @TCSLAB_GUARD_POISON: bytes of a free slot were written to, found when it was used again
 * @TCSLAB_GUARD_DOUBLE: a free of what is free
 * @TCSLAB_GUARD_INVALID: a free of an address that is not the object's
 */
enum tcslab_guard_mistake {
	TCSLAB_GUARD_BEYOND,
	TCSLAB_GUARD_AFTER_FREE,
	TCSLAB_GUARD_CANARY,
	TCSLAB_GUARD_POISON,
	TCSLAB_GUARD_DOUBLE,
	TCSLAB_GUARD_INVALID,
};

/* Print what happened at @addr, and what is known of the slot.  @write for what is an access. */
void tcslab_guard_tell(const struct tcslab_guard_slot *slot, enum tcslab_guard_mistake mistake,
		       const void *addr, bool write);

/* The same as a WARN(), within the limit of reports, for what is no fault; @caller did it. */
void tcslab_guard_warn(const struct tcslab_guard_slot *slot, enum tcslab_guard_mistake mistake,
		       const void *addr, unsigned long caller);

/* Mistakes since the load, told or not. */
unsigned long tcslab_guard_reports(void);

/* Look at faults that kill.  After the pool is made, until tcslab_guard_unwatch(). */
int tcslab_guard_watch(void);
void tcslab_guard_unwatch(void);

/*
 * The slot that an access at @addr is about: the one that it is in, or of those beside it the one
 * whose object is nearest.  NULL if nobody has had either.
 */
struct tcslab_guard_slot *tcslab_guard_blame(unsigned long addr);

#endif /* TCSLAB_GUARD_SLOT_H */
