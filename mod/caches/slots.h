/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of caches: the slots of a reserve
 *
 * Each slot is on one of two stacks, the full ones or the empty ones, but while somebody moves it.
 * So each step takes as long with many slots as with few.  The head of a stack is one word: the
 * first slot, and a number that is another one after each change, so that who was interrupted
 * between reading and writing it notices, whatever came and went meanwhile.  It would have
 * to come round to the same number, 2^32 changes later; preemption is off in between.
 *
 * A slot is filled before it is among the full ones, and emptied before it is among the empty
 * ones.
 *
 * 64 bits have to be written at once without a lock, which the machines that have NMIs can.
 */
#ifndef TCSLAB_SLOTS_H
#define TCSLAB_SLOTS_H

#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/swait.h>

#include <linux/tcslab.h>

#define TCSLAB_NO_SLOT	U32_MAX

/**
 * struct tcslab_slot - room for one object
 * @obj: of who has the slot, or, on the stack of full ones, the object
 * @next: on a stack: the next one's number, or TCSLAB_NO_SLOT
 */
struct tcslab_slot {
	void *obj;
	u32 next;
};

/**
 * struct tcslab_reserve - objects promised to one user
 * @cache: whose objects
 * @n: slots, constant
 * @left: full slots, for who wants to know how many; it follows @full
 * @full: stack of slots with an object
 * @vacant: stack of slots without
 * @waiting: who sleeps until one is filled
 * @wake: wakes some of them; a free may come from where nobody can be woken
 * @slots: all of them
 */
struct tcslab_reserve {
	struct tcslab_cache *cache;
	unsigned int n;
	atomic_t left;
	atomic64_t full;
	atomic64_t vacant;
	struct swait_queue_head waiting;
	struct irq_work wake;
	struct tcslab_slot slots[];
};

/* All of them empty. */
void tcslab_slots_init(struct tcslab_reserve *reserve, struct tcslab_cache *cache, unsigned int n);

/* After the last call of the others: no interrupt of it comes any more.  Task context. */
void tcslab_slots_exit(struct tcslab_reserve *reserve);

/* The object of a full slot, or NULL.  Any context. */
void *tcslab_slots_take(struct tcslab_reserve *reserve);

/* Put @obj into an empty slot, and wake who waits for it; false if there is none.  Any context. */
bool tcslab_slots_fill(struct tcslab_reserve *reserve, void *obj);

/* Has @stack, one of the two, a slot?  A glance. */
static inline bool tcslab_slots_any(const atomic64_t *stack)
{
	return lower_32_bits(atomic64_read(stack)) != TCSLAB_NO_SLOT;
}

#endif /* TCSLAB_SLOTS_H */
