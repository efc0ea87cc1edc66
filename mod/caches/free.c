// SPDX-License-Identifier: GPL-2.0
/*
 * Frees beyond the inline fast path, of one object and of several
 *
 * An object goes to its cache's minimum first, if that is not whole, and then to the array or the
 * middle tier (front/cpu_cache.c).  Nothing here allocates, so a free depends on no allocation.
 */
#include <linux/kernel.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include "base/lock.h"
#include "base/report.h"
#include "debug/guard.h"
#include "debug/hard.h"
#include "debug/objects.h"
#include "debug/shadow.h"
#include "front/cpu_bulk.h"
#include "front/cpu_cache.h"
#include "front/cpu_hard.h"
#include "middle/central.h"
#include "middle/mistakes.h"
#include "middle/park.h"
#include "cache.h"
#include "free.h"
#include "large.h"
#include "minimum.h"

#define BY_DEFAULT	(-1)

static int hardened = BY_DEFAULT;

static int set_hardened(const char *text, const struct kernel_param *param)
{
	int n, err = kstrtoint(text, 0, &n);

	if (!err && n >= BY_DEFAULT && n <= 1) {
		hardened = n;
		return 0;
	}
	pr_err("tcslab: hardened=%s: 0 trusts every free, 1 looks at each object; default -1\n",
	       text);
	return -EINVAL;
}

static const struct kernel_param_ops ops = { .set = set_hardened, .get = param_get_int };

module_param_cb(hardened, &ops, &hardened, 0400);
__MODULE_PARM_TYPE(hardened, "level");
MODULE_PARM_DESC(hardened, "0: trust every free, and hand objects out in order; 1: keys in free objects (slower)");

/* On where a free has to clear, must not look, or has to look closer: then it is a call. */
DEFINE_STATIC_KEY_FALSE(tcslab_free_key);
EXPORT_SYMBOL_GPL(tcslab_free_key);

void __init tcslab_free_init(void)
{
	if (hardened == 1)
		tcslab_hard_init();
	if (want_init_on_free() || hardened != BY_DEFAULT)
		static_branch_enable(&tcslab_free_key);
	if (!hardened)
		tcslab_central_keep_order();
}

/* -------------------------------------------------- large objects, and what is none */

static void free_large(const void *obj, struct tcslab_span *span)
{
	if (unlikely(tcslab_must_not_wait()))
		tcslab_park(tcslab_large_cache, (void *)obj);
	else
		tcslab_large_free(obj, span);
}

void tcslab_free_odd(const void *obj, unsigned long caller)
{
	struct tcslab_span *span = tcslab_large_span(obj);

	if (unlikely(tcslab_in_guards(obj)) && tcslab_guard_free(obj, caller))
		return;
	if (span)
		free_large(obj, span);
	else
		tcslab_refuse(NULL, obj, tcslab_mistake_of(NULL, obj), caller);
}

/* What is neither an object of a class nor cheap to recognise. */
void tcslab_free_slow(const void *obj)
{
	if (!ZERO_OR_NULL_PTR(obj))
		tcslab_free_odd(obj, _RET_IP_);
}
EXPORT_SYMBOL_GPL(tcslab_free_slow);

/* ---------------------------------------------------------------- objects of a cache */

void tcslab_refuse(struct tcslab_cache *cache, const void *obj, enum tcslab_mistake mistake,
		   unsigned long caller)
{
	if (tcslab_must_not_wait())
		tcslab_park_mistake(cache, obj, caller);
	else
		tcslab_mistake_report(cache, obj, mistake, caller);
}

/* What is wrong with a free of @obj to @cache, as far as is known before it is done. */
static enum tcslab_mistake mistake_of(struct tcslab_cache *cache, const void *obj)
{
	enum tcslab_mistake mistake = tcslab_mistake_of(cache, obj);

	if (likely(!mistake) && unlikely(tcslab_cpu_cache_is_latest(cache, obj)))
		return TCSLAB_TWICE;
	return mistake;
}

static void free_one(struct tcslab_cache *cache, void *obj, unsigned long caller)
{
	if (likely(!cache->minimum) || !tcslab_minimum_give(cache, obj))
		tcslab_cpu_cache_put(cache, obj, caller);
}

/* Before an object is free, and known to be one. */
static __always_inline void fini(struct tcslab_cache *cache, void *obj)
{
	if (unlikely(cache->debug))
		kmemleak_free(obj);
	else
		tcslab_obj_fini(cache, obj);
}

/* False, and done, for what is no object of a class or of a named cache. */
static __always_inline bool may_free(struct tcslab_cache *cache, void *obj, unsigned long caller)
{
	enum tcslab_mistake mistake = TCSLAB_RIGHT;

	if (unlikely(ZERO_OR_NULL_PTR(obj)))
		return false;
	if (unlikely(cache == tcslab_large_cache || cache == &tcslab_no_cache ||
		     tcslab_in_guards(obj))) {
		tcslab_free_odd(obj, caller);
		return false;
	}
	if (likely(hardened) || cache->debug)
		mistake = mistake_of(cache, obj);
	if (unlikely(cache->debug) && !mistake && !tcslab_objects_free(cache, obj, caller))
		mistake = TCSLAB_TWICE;
	if (!mistake && !tcslab_shadow_close(cache, obj))
		mistake = TCSLAB_TWICE;
	if (tcslab_is_hard(cache) && !mistake && !tcslab_hard_mark(cache, obj))
		mistake = TCSLAB_TWICE;
	if (unlikely(mistake))
		tcslab_refuse(cache, obj, mistake, caller);
	return !mistake;
}

/*
 * Both end up here when the array is full, busy or closed, or the object is of
 * another node, or is none.
 */
void tcslab_cache_free_slow(struct tcslab_cache *cache, void *obj)
{
	if (!may_free(cache, obj, _RET_IP_))
		return;
	if (tcslab_is_hard(cache))
		tcslab_obj_clear(cache, obj);
	free_one(cache, obj, _RET_IP_);
}
EXPORT_SYMBOL_GPL(tcslab_cache_free_slow);

void tcslab_cache_free_central(struct tcslab_cache *cache, void *obj)
{
	tcslab_shadow_close(cache, obj);
	if (tcslab_is_hard(cache))
		tcslab_hard_mark(cache, obj);
	if (!cache->minimum || !tcslab_minimum_give(cache, obj))
		tcslab_central_free(cache, page_to_nid(virt_to_page(obj)), &obj, 1, 0);
}

/* Where there is more to be done than to free, or where nobody wants to know: hardened=0. */
static noinline void free_long(struct tcslab_cache *cache, void *obj, unsigned long caller)
{
	if (!may_free(cache, obj, caller))
		return;
	fini(cache, obj);
	if (hardened ? tcslab_cpu_push(cache, obj, NULL, TCSLAB_LOOK_AT_OBJECT) :
		       tcslab_cpu_push(cache, obj, NULL, TCSLAB_LOOK_NOWHERE))
		return;
	free_one(cache, obj, caller);
}

void tcslab_cache_free_long(struct tcslab_cache *cache, void *obj)
{
	if (!tcslab_hard_is_short(cache) || want_init_on_free() || !tcslab_hard_push(cache, obj))
		free_long(cache, obj, _RET_IP_);
}
EXPORT_SYMBOL_GPL(tcslab_cache_free_long);

/* Those of @objs that may be freed, at their beginning now: how many. */
static size_t check_bulk(struct tcslab_cache *cache, size_t n, void **objs,
			 unsigned long caller)
{
	size_t left = 0, i;

	for (i = 0; i < n; i++)
		if (likely(may_free(cache, objs[i], caller)))
			objs[left++] = objs[i];
	return left;
}

/* What is no object is not to be cleared, and has no node.  @known: all of them are objects. */
static noinline void free_bulk(struct tcslab_cache *cache, size_t n, void **objs,
			       unsigned long caller, bool known)
{
	bool to_fini = want_init_on_free() || TCSLAB_TELLS_OF_EACH;
	bool check = to_fini || static_branch_unlikely(&tcslab_numa_key) || cache->minimum;
	size_t i;

	if ((!known && check) || cache->debug || TCSLAB_HAS_SHADOW || tcslab_is_hard(cache))
		n = check_bulk(cache, n, objs, caller);
	if (to_fini || tcslab_is_hard(cache))
		for (i = 0; i < n; i++)
			fini(cache, objs[i]);
	if (likely(!cache->minimum))
		tcslab_cpu_cache_put_bulk(cache, n, objs);
	else
		for (i = 0; i < n; i++)
			free_one(cache, objs[i], caller);
}

/* Not inline, for the sake of machines with one node. */
static noinline void free_home(struct tcslab_cache *cache, size_t n, void **objs,
			       unsigned long caller, bool known)
{
	if (unlikely(!tcslab_cpu_push_bulk(cache, n, objs, true)))
		free_bulk(cache, n, objs, caller, known);
}

static __always_inline void free_several(struct tcslab_cache *cache, size_t n, void **objs,
					 unsigned long caller, bool known)
{
	if (TCSLAB_TELLS_OF_EACH || want_init_on_free())
		free_bulk(cache, n, objs, caller, known);
	else if (static_branch_unlikely(&tcslab_numa_key))
		free_home(cache, n, objs, caller, known);
	else if (unlikely(!tcslab_cpu_push_bulk(cache, n, objs, false)))
		free_bulk(cache, n, objs, caller, known);
}

/**
 * tcslab_cache_free_bulk() - give several objects of one named cache back
 * @cache: the cache that all of them came from
 * @n: number of objects
 * @objs: the objects, no NULL among them; afterwards their order may be another
 *
 * Context: as tcslab_cache_free(); interrupts may be off.
 */
void tcslab_cache_free_bulk(struct tcslab_cache *cache, size_t n, void **objs)
{
	free_several(cache, n, objs, _RET_IP_, false);
}
EXPORT_SYMBOL_GPL(tcslab_cache_free_bulk);

/* Runs of objects of one cache are freed together.  @known: all are objects, or were. */
static __always_inline void free_all(size_t n, void **objs, unsigned long caller, bool known)
{
	size_t i = 0, run;

	while (i < n) {
		struct tcslab_cache *cache = tcslab_cache_of(objs[i]);

		if (!cache || cache == tcslab_large_cache || cache == &tcslab_no_cache) {
			if (!ZERO_OR_NULL_PTR(objs[i]))
				tcslab_free_odd(objs[i], caller);
			i++;
			continue;
		}
		for (run = 0; i + run < n; run++)
			if (known ? tcslab_cache_of(objs[i + run]) != cache :
				    tcslab_mistake_of(cache, objs[i + run]))
				break;
		if (likely(run))
			free_several(cache, run, objs + i, caller, true);
		else if (!known)
			tcslab_refuse(cache, objs[i], TCSLAB_INTERIOR, caller);
		i += run ?: 1;
	}
}

void tcslab_free_known(size_t n, void **objs)
{
	free_all(n, objs, _RET_IP_, true);
}

/**
 * tcslab_free_bulk() - free several objects of any size
 * @n: number of objects
 * @objs: what tcslab_alloc() returned, NULL among it is ignored; afterwards their order may
 *	be another
 *
 * Runs of objects of one cache are freed together.
 *
 * Context: as tcslab_free(); interrupts may be off.
 */
void tcslab_free_bulk(size_t n, void **objs)
{
	free_all(n, objs, _RET_IP_, false);
}
EXPORT_SYMBOL_GPL(tcslab_free_bulk);
