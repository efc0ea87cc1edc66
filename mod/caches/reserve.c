// SPDX-License-Identifier: GPL-2.0
/*
 * Reserves: objects that are promised
 *
 * What mempool does, but in any context, NMI included, and without a lock that
 * somebody could be holding.  The objects are in slots.  Who wants one first makes
 * sure that there is one for him, by counting @left down, and then looks for it; who
 * brings one makes sure of an empty slot by counting @vacant down.  A slot is filled
 * before @left says so and emptied before @vacant does, so that there are never
 * fewer full slots than claims, and every search ends: whoever takes the object in
 * front of us leaves the one that he had claimed.
 *
 * A search starts where the CPU's last one was likely to end; it takes at most one
 * round over the slots unless others are busy in front of it.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/swait.h>

#include "base/lock.h"
#include "front/cpu_cache.h"
#include "middle/central.h"
#include "effort.h"
#include "reserve.h"

#define WAKE_AT_ONCE	16U	/* in one interrupt */

/* As mempool: memory may come from elsewhere without anybody telling us. */
#define WAIT_AT_MOST	HZ

/**
 * struct tcslab_reserve - objects promised to one user
 * @cache: whose objects
 * @n: slots, constant
 * @left: full slots that nobody has claimed
 * @vacant: empty slots that nobody has claimed
 * @waiting: who sleeps until one is filled
 * @wake: wakes some of them; a free may come from where nobody can be woken
 * @slots: object or NULL
 */
struct tcslab_reserve {
	struct tcslab_cache *cache;
	unsigned int n;
	atomic_t left;
	atomic_t vacant;
	struct swait_queue_head waiting;
	struct irq_work wake;
	void *slots[];
};

/* Different CPUs begin at different slots. */
static unsigned int first_slot(const struct tcslab_reserve *reserve)
{
	return raw_smp_processor_id() * (SMP_CACHE_BYTES / sizeof(void *)) % reserve->n;
}

static void *take_slot(struct tcslab_reserve *reserve)
{
	unsigned int i = first_slot(reserve);
	void *obj;

	if (atomic_dec_if_positive(&reserve->left) < 0)
		return NULL;
	for (;;) {
		if (READ_ONCE(reserve->slots[i])) {
			obj = xchg(&reserve->slots[i], NULL);
			if (obj)
				break;
		}
		if (++i == reserve->n)
			i = 0;
	}
	atomic_inc(&reserve->vacant);
	return obj;
}

static bool fill_slot(struct tcslab_reserve *reserve, void *obj)
{
	unsigned int i = first_slot(reserve);

	if (atomic_dec_if_positive(&reserve->vacant) < 0)
		return false;
	while (READ_ONCE(reserve->slots[i]) || cmpxchg(&reserve->slots[i], NULL, obj))
		if (++i == reserve->n)
			i = 0;
	atomic_inc(&reserve->left);
	/* The barrier in swq_has_sleeper() pairs with the one in prepare_to_swait_event(). */
	if (swq_has_sleeper(&reserve->waiting))
		tcslab_irq_work_queue(&reserve->wake);
	return true;
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
	atomic_set(&reserve->vacant, n);
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
	if (atomic_read(&reserve->vacant) > 0) {
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

	while (atomic_read(&reserve->vacant) > 0) {
		/* In bulk, so that it does not wait at the limit. */
		if (!tcslab_cache_alloc_bulk(reserve->cache, tcslab_effort_to_fill(gfp), 1, &obj))
			return -ENOMEM;
		if (!fill_slot(reserve, obj)) {
			tcslab_cache_free(reserve->cache, obj);
			break;
		}
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
	while ((obj = take_slot(reserve)))
		tcslab_cache_free(reserve->cache, obj);
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
		kmemleak_free(reserve->slots[i]);
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
	return atomic_read(&cache->minimum->vacant) > 0;
}

void *tcslab_minimum_take(struct tcslab_cache *cache)
{
	void *obj = take_slot(cache->minimum);

	if (obj)
		tcslab_cpu_cache_narrow(cache);
	return obj;
}

void tcslab_minimum_wait(struct tcslab_cache *cache)
{
	struct tcslab_reserve *reserve = cache->minimum;

	swait_event_timeout_exclusive(reserve->waiting, atomic_read(&reserve->left) > 0,
				      WAIT_AT_MOST);
}

bool tcslab_minimum_give(struct tcslab_cache *cache, void *obj)
{
	/* What is no object has to be found out by the central list. */
	return tcslab_minimum_is_broken(cache) && tcslab_central_owns(cache, obj) &&
	       fill_slot(cache->minimum, obj);
}
