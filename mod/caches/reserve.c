// SPDX-License-Identifier: GPL-2.0
/*
 * Reserves: objects that are promised
 *
 * One mechanism with two doors.  Whoever makes a tcslab_reserve asks it for objects by name,
 * and fills it; a cache's minimum (reserve.h) is one that the cache asks when it finds nothing,
 * and that every free of the cache fills.  Both doors share all of it: the slots, who is
 * woken, and what is in effort.c.
 *
 * What mempool does, but in any context, NMI included, and without a lock that
 * somebody could be holding.  The objects are in slots, and each slot is on one of two stacks,
 * the full ones or the empty ones, but while somebody moves it.  So each step takes as long with
 * many slots as with few.  The head of a stack is one word: the first slot, and a number that is
 * another one after each change, so that who was interrupted between reading and
 * writing it notices, whatever came and went meanwhile.  It would have to come round
 * to the same number, 2^32 changes later; preemption is off in between.
 *
 * A slot is filled before it is among the full ones, and emptied before it is among the empty
 * ones.
 *
 * 64 bits have to be written at once without a lock, which the machines that have NMIs can.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/swait.h>

#include "base/lock.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "effort.h"
#include "reserve.h"

#define WAKE_AT_ONCE	16U	/* in one interrupt */

/* As mempool: memory may come from elsewhere without anybody telling us. */
#define WAIT_AT_MOST	HZ

#define NO_SLOT		U32_MAX

/**
 * struct slot - room for one object
 * @obj: of who has the slot, or, on the stack of full ones, the object
 * @next: on a stack: the next one's number, or NO_SLOT
 */
struct slot {
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
	struct slot slots[];
};

/* The head of a stack: the first slot below, the number of changes above. */
static u32 first_of(s64 head)
{
	return lower_32_bits(head);
}

static s64 changed(s64 head, u32 first)
{
	return (s64)((u64)(upper_32_bits(head) + 1) << 32 | first);
}

static bool has_slot(const atomic64_t *stack)
{
	return first_of(atomic64_read(stack)) != NO_SLOT;
}

static struct slot *pop(struct tcslab_reserve *reserve, atomic64_t *stack)
{
	struct slot *slot = NULL;
	s64 head;

	preempt_disable();
	head = atomic64_read(stack);
	do {
		if (first_of(head) == NO_SLOT) {
			slot = NULL;
			break;
		}
		/* It may be somebody else's by now; then @head is another one, too. */
		slot = &reserve->slots[first_of(head)];
	} while (!atomic64_try_cmpxchg(stack, &head, changed(head, READ_ONCE(slot->next))));
	preempt_enable();
	return slot;
}

static void push(struct tcslab_reserve *reserve, atomic64_t *stack, struct slot *slot)
{
	s64 head;

	preempt_disable();
	head = atomic64_read(stack);
	do {
		WRITE_ONCE(slot->next, first_of(head));
	} while (!atomic64_try_cmpxchg(stack, &head, changed(head, slot - reserve->slots)));
	preempt_enable();
}

static void *take_slot(struct tcslab_reserve *reserve)
{
	struct slot *slot = pop(reserve, &reserve->full);
	void *obj;

	if (!slot)
		return NULL;
	obj = slot->obj;
	atomic_dec(&reserve->left);
	push(reserve, &reserve->vacant, slot);
	return obj;
}

static bool fill_slot(struct tcslab_reserve *reserve, void *obj)
{
	struct slot *slot = pop(reserve, &reserve->vacant);

	if (!slot)
		return false;
	slot->obj = obj;
	/* First, so that it is never less than nothing. */
	atomic_inc(&reserve->left);
	push(reserve, &reserve->full, slot);
	/* The barrier in swq_has_sleeper() pairs with the one in prepare_to_swait_event(). */
	if (swq_has_sleeper(&reserve->waiting))
		tcslab_irq_work_queue(&reserve->wake);
	return true;
}

static void init_slots(struct tcslab_reserve *reserve)
{
	u32 i;

	for (i = 0; i < reserve->n; i++)
		reserve->slots[i].next = i + 1 < reserve->n ? i + 1 : NO_SLOT;
	atomic64_set(&reserve->full, NO_SLOT);
	atomic64_set(&reserve->vacant, 0);
}

/* As many as there are objects: the work is queued once for several that come together. */
static void wake_some(struct irq_work *work)
{
	struct tcslab_reserve *reserve = container_of(work, struct tcslab_reserve, wake);
	unsigned int left = atomic_read(&reserve->left), n;

	for (n = min(left, WAKE_AT_ONCE); n && swq_has_sleeper(&reserve->waiting); n--)
		swake_up_one(&reserve->waiting);
	if (left > WAKE_AT_ONCE && swq_has_sleeper(&reserve->waiting))
		tcslab_irq_work_queue(work);
}

/**
 * tcslab_reserve_create() - set objects aside
 * @cache: a named cache; must outlive the reserve
 * @n: number of objects, at least 1
 * @gfp: how hard to try now; as for tcslab_reserve_refill()
 *
 * The objects count as in use.
 *
 * Context: task, may sleep.
 * Return: the reserve with all @n objects, ERR_PTR(-EINVAL) or ERR_PTR(-ENOMEM).
 */
struct tcslab_reserve *tcslab_reserve_create(struct tcslab_cache *cache, unsigned int n,
					     gfp_t gfp)
{
	struct tcslab_reserve *reserve;

	if (!cache || !n || n > INT_MAX)
		return ERR_PTR(-EINVAL);
	reserve = kvzalloc(struct_size(reserve, slots, n), GFP_KERNEL);
	if (!reserve)
		return ERR_PTR(-ENOMEM);
	reserve->cache = cache;
	reserve->n = n;
	init_slots(reserve);
	init_swait_queue_head(&reserve->waiting);
	reserve->wake = IRQ_WORK_INIT_HARD(wake_some);
	if (tcslab_reserve_refill(reserve, gfp)) {
		tcslab_reserve_destroy(reserve);
		return ERR_PTR(-ENOMEM);
	}
	return reserve;
}
EXPORT_SYMBOL_GPL(tcslab_reserve_create);

/**
 * tcslab_reserve_alloc() - take an object that may be a promised one
 * @reserve: the reserve
 *
 * The cache is asked first, for what it has at hand, so that the promised objects
 * are there for those who find nothing.
 *
 * Context: any, NMI included; never sleeps.
 * Return: an object; NULL only when more objects than promised are out that
 * have not come back through tcslab_reserve_free() or tcslab_reserve_refill().
 */
void *tcslab_reserve_alloc(struct tcslab_reserve *reserve)
{
	struct tcslab_cache *cache = reserve->cache;
	void *obj = tcslab_cache_alloc(cache, __GFP_NOWARN | __GFP_NOMEMALLOC);

	if (likely(obj))
		return obj;
	obj = take_slot(reserve);
	if (!obj)	/* the cache's own minimum is for others first */
		return cache->minimum ? tcslab_cache_alloc(cache, __GFP_NOWARN) : NULL;
	if (want_init_on_alloc(0))
		memset(obj, 0, cache->zero_size);
	return obj;
}
EXPORT_SYMBOL_GPL(tcslab_reserve_alloc);

/**
 * tcslab_reserve_free() - give an object back, to the reserve first
 * @reserve: the reserve
 * @obj: an object of its cache; NULL is ignored
 *
 * Context: any, NMI included; never sleeps.
 */
void tcslab_reserve_free(struct tcslab_reserve *reserve, void *obj)
{
	if (!obj)
		return;
	if (has_slot(&reserve->vacant)) {
		if (want_init_on_free())
			memset(obj, 0, reserve->cache->zero_size);
		if (fill_slot(reserve, obj))
			return;
	}
	tcslab_cache_free(reserve->cache, obj);
}
EXPORT_SYMBOL_GPL(tcslab_reserve_free);

/**
 * tcslab_reserve_refill() - make the promise whole again
 * @reserve: the reserve
 * @gfp: how hard to try
 *
 * Comes to an end: it waits neither at the cache's limit nor for ever in the page allocator, and
 * kills nobody for memory, since what is out may come back meanwhile.  The cache's own minimum
 * is left alone.
 *
 * Context: as tcslab_cache_alloc() with @gfp.
 * Return: 0, or -ENOMEM when slots remain empty.
 */
int tcslab_reserve_refill(struct tcslab_reserve *reserve, gfp_t gfp)
{
	void *obj;

	while (has_slot(&reserve->vacant)) {
		/* In bulk, so that it does not wait at the limit. */
		if (!tcslab_cache_alloc_bulk(reserve->cache, tcslab_effort_to_fill(gfp), 1, &obj))
			return -ENOMEM;
		if (!fill_slot(reserve, obj)) {
			tcslab_cache_free(reserve->cache, obj);
			break;
		}
		if (gfpflags_allow_blocking(gfp))
			cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_GPL(tcslab_reserve_refill);

/**
 * tcslab_reserve_left() - how many promised objects are there
 * @reserve: the reserve
 *
 * Context: any.
 * Return: objects that tcslab_reserve_alloc() has left for those who find no other.
 */
unsigned int tcslab_reserve_left(struct tcslab_reserve *reserve)
{
	return atomic_read(&reserve->left);
}
EXPORT_SYMBOL_GPL(tcslab_reserve_left);

/**
 * tcslab_reserve_destroy() - end a promise
 * @reserve: the reserve, in use by nobody; NULL is ignored
 *
 * Objects that are out stay objects of the cache: tcslab_cache_free() takes them.
 *
 * Context: task, may sleep.
 */
void tcslab_reserve_destroy(struct tcslab_reserve *reserve)
{
	void *obj;

	if (!reserve)
		return;
	while ((obj = take_slot(reserve))) {
		tcslab_cache_free(reserve->cache, obj);
		cond_resched();
	}
	irq_work_sync(&reserve->wake);
	kvfree(reserve);
}
EXPORT_SYMBOL_GPL(tcslab_reserve_destroy);

/* ------------------------------------------------------- a cache's own reserve */

int tcslab_minimum_init(struct tcslab_cache *cache, unsigned int n)
{
	/* Not to wait at the cache's limit: nobody else has an object yet. */
	struct tcslab_reserve *reserve = tcslab_reserve_create(cache, n,
							       GFP_KERNEL | __GFP_NORETRY);
	unsigned int i;

	if (IS_ERR(reserve))
		return PTR_ERR(reserve);
	/* Here they are free, and allocated again when they leave. */
	for (i = 0; i < n; i++)
		kmemleak_free(reserve->slots[i].obj);
	cache->minimum = reserve;
	cache->narrows = true;
	return 0;
}

void tcslab_minimum_exit(struct tcslab_cache *cache)
{
	struct tcslab_reserve *reserve = cache->minimum;

	cache->minimum = NULL;	/* its objects must not go there again */
	tcslab_reserve_destroy(reserve);
}

unsigned int tcslab_minimum_left(const struct tcslab_cache *cache)
{
	return cache->minimum ? tcslab_reserve_left(cache->minimum) : 0;
}

bool tcslab_minimum_is_broken(const struct tcslab_cache *cache)
{
	return has_slot(&cache->minimum->vacant);
}

void *tcslab_minimum_take(struct tcslab_cache *cache)
{
	void *obj = take_slot(cache->minimum);

	if (obj)
		tcslab_cpu_cache_narrow(cache);
	return obj;
}

bool tcslab_minimum_wait(struct tcslab_cache *cache, bool killable)
{
	unsigned int state = killable ? TASK_KILLABLE : TASK_UNINTERRUPTIBLE;
	struct tcslab_reserve *reserve = cache->minimum;

	(void)___swait_event(reserve->waiting, ___wait_cond_timeout(has_slot(&reserve->full)),
			     state, WAIT_AT_MOST, __ret = schedule_timeout(__ret));
	return !killable || !fatal_signal_pending(current);
}

bool tcslab_minimum_give(struct tcslab_cache *cache, void *obj)
{
	/* What is no object has to be found out by the central list. */
	return tcslab_minimum_is_broken(cache) && tcslab_central_owns(cache, obj) &&
	       fill_slot(cache->minimum, obj);
}
