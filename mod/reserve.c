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
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <linux/tcslab.h>

/**
 * struct tcslab_reserve - objects promised to one user
 * @cache: whose objects
 * @n: slots, constant
 * @left: full slots that nobody has claimed
 * @vacant: empty slots that nobody has claimed
 * @slots: object or NULL
 */
struct tcslab_reserve {
	struct tcslab_cache *cache;
	unsigned int n;
	atomic_t left;
	atomic_t vacant;
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
	return true;
}

/**
 * tcslab_reserve_create() - set objects aside
 * @cache: a named cache; must outlive the reserve
 * @n: number of objects, at least 1
 * @gfp: how hard to try now
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
	void *obj = tcslab_cache_alloc(cache, __GFP_NOWARN);

	if (likely(obj))
		return obj;
	obj = take_slot(reserve);
	if (obj && want_init_on_alloc(0))
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
 * Context: as tcslab_cache_alloc() with @gfp.
 * Return: 0, or -ENOMEM when slots remain empty.
 */
int tcslab_reserve_refill(struct tcslab_reserve *reserve, gfp_t gfp)
{
	void *obj;

	while (atomic_read(&reserve->vacant) > 0) {
		obj = tcslab_cache_alloc(reserve->cache, gfp);
		if (!obj)
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
	kvfree(reserve);
}
EXPORT_SYMBOL_GPL(tcslab_reserve_destroy);
