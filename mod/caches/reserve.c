// SPDX-License-Identifier: GPL-2.0
/*
 * Reserves: objects that are promised
 *
 * One mechanism with two doors.  Whoever makes a tcslab_reserve asks it for objects by name,
 * and fills it; a cache's minimum (minimum.h) is one that the cache asks when it finds nothing,
 * and that every free of the cache fills.  Both doors share all of it: the slots (slots.h), who is
 * woken, and what is in effort.c.
 *
 * What mempool does, but in any context, NMI included, and without a lock that
 * somebody could be holding.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "base/trace.h"
#include "debug/guard.h"
#include "debug/objects.h"
#include "effort.h"
#include "free.h"
#include "minimum.h"
#include "slots.h"

/* Objects in slots are free to who debugs them.  False if @obj is so already. */
static bool put_aside(struct tcslab_cache *cache, void *obj, unsigned long caller)
{
	if (unlikely(cache->debug))
		return tcslab_objects_free(cache, obj, caller);
	if (!tcslab_shadow_close(cache, obj))
		return false;
	if (tcslab_is_hard(cache) && !tcslab_hard_mark(cache, obj))
		return false;
	tcslab_obj_clear(cache, obj);
	return true;
}

/* To be freed. */
static void take_back(struct tcslab_cache *cache, void *obj)
{
	if (unlikely(cache->debug))
		tcslab_objects_alloc(cache, obj, cache->object_size, 0, _THIS_IP_);
	tcslab_shadow_open(cache, obj);
	if (tcslab_is_hard(cache))
		tcslab_hard_take(cache, obj, _THIS_IP_);
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
	tcslab_slots_init(reserve, cache, n);
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
	obj = tcslab_slots_take(reserve);
	if (!obj)	/* the cache's own minimum is for others first */
		return cache->minimum ? tcslab_cache_alloc(cache, __GFP_NOWARN) : NULL;
	trace_reserve_taken(cache->name, tcslab_reserve_left(reserve));
	tcslab_shadow_open(cache, obj);
	if (tcslab_is_hard(cache))
		tcslab_hard_take(cache, obj, _RET_IP_);
	if (unlikely(cache->debug))
		tcslab_objects_alloc(cache, obj, cache->object_size, 0, _RET_IP_);
	else if (want_init_on_alloc(0))
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
	enum tcslab_mistake mistake;

	if (!obj)
		return;
	mistake = tcslab_in_guards(obj) ? TCSLAB_RIGHT : tcslab_mistake_of(reserve->cache, obj);
	if (!mistake && tcslab_slots_any(&reserve->vacant)) {
		if (likely(put_aside(reserve->cache, obj, _RET_IP_))) {
			if (tcslab_slots_fill(reserve, obj))
				return;
			take_back(reserve->cache, obj);
		} else {
			mistake = TCSLAB_TWICE;
		}
	}
	if (unlikely(mistake)) {
		tcslab_refuse(reserve->cache, obj, mistake, _RET_IP_);
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

	while (tcslab_slots_any(&reserve->vacant)) {
		/* In bulk, so that it does not wait at the limit. */
		if (!tcslab_cache_alloc_bulk(reserve->cache, tcslab_effort_to_fill(gfp), 1, &obj))
			return -ENOMEM;
		put_aside(reserve->cache, obj, _RET_IP_);
		if (!tcslab_slots_fill(reserve, obj)) {
			take_back(reserve->cache, obj);
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
	while ((obj = tcslab_slots_take(reserve))) {
		take_back(reserve->cache, obj);
		tcslab_cache_free(reserve->cache, obj);
		cond_resched();
	}
	tcslab_slots_exit(reserve);
	kvfree(reserve);
}
EXPORT_SYMBOL_GPL(tcslab_reserve_destroy);

/* ------------------------------------------------ the other door is made and ended here, too */

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
