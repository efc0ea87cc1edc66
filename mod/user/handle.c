// SPDX-License-Identifier: GPL-2.0
/*
 * Objects by handle
 *
 * An object is known by nothing but its pointer in the file's xarray: its cache and
 * size are found as tcslab_free() finds them.
 *
 * The owner of a named cache knows nothing of us and may destroy it at any time.
 * While we hold an object of it he cannot (-EBUSY).  But whether somebody holds one
 * is counted part by part, which an allocation in the middle would falsify, and a
 * free still touches the cache after its object counts as free.  So objects of
 * named caches are freed under tcslab_cache_mutex, under which caches are found, counted and
 * destroyed.  Nobody may reclaim under it, since CPUs that go and the shrinkers of others may
 * need it: while one is allocated the cache is pinned, which counts as an object in use.
 *
 * Nothing that the kernel wrote can be read: objects are zeroed when allocated.
 * Those of a cache with a constructor, or that is type-safe by RCU, cannot be zeroed:
 * they hold what the owner put there, lists for example, which nobody else may see or
 * change.  Such caches are refused, so that no constructor is ever run for us either:
 * a cache that could not be destroyed may have outlived the module with its code.
 */
#include <linux/gfp.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "back/span.h"
#include "base/compat.h"
#include "caches/list.h"
#include "debug/guard.h"
#include "handle.h"

/*
 * User space must not be able to bring the OOM killer on, to fill the log or to take what
 * is promised to the owner of a cache.
 */
#define HANDLE_GFP	(GFP_KERNEL | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN | \
			 __GFP_NOMEMALLOC)

/**
 * struct source - where the objects of one call come from
 * @name: of the named cache, or NULL for general allocation
 * @cache: the cache of that name; NULL until it has been looked up for the first
 *	object, then kept alive by that object
 * @gfp: for all objects of the call
 * @node: or NUMA_NO_NODE
 * @length: bytes to ask general allocation for
 * @slot_size: bytes that an object takes
 */
struct source {
	const char *name;
	struct tcslab_cache *cache;
	gfp_t gfp;
	int node;
	size_t length;
	size_t slot_size;
};

void tcslab_handles_init(struct tcslab_handles *handles, u64 quota)
{
	mutex_init(&handles->lock);
	/* The quota is about objects; the map of them is charged to the memcg. */
	xa_init_flags(&handles->objects, XA_FLAGS_ACCOUNT);
	handles->next = 1;
	handles->nr = 0;
	handles->bytes = 0;
	handles->quota = quota;
}

/* ------------------------------------------------------------ one object */

static bool is_large(const struct tcslab_cache *cache)
{
	return cache == tcslab_large_cache;
}

static size_t slot_size(const void *obj)
{
	const struct tcslab_cache *cache = tcslab_owner_of(obj);

	return is_large(cache) ? tcslab_usable_size(obj) : cache->size;
}

static void put_object(void *obj)
{
	const struct tcslab_cache *cache = tcslab_owner_of(obj);

	if (cache->general || is_large(cache)) {
		tcslab_free(obj);
		return;
	}
	mutex_lock(&tcslab_cache_mutex);
	tcslab_free(obj);
	mutex_unlock(&tcslab_cache_mutex);
}

static void *find(struct tcslab_handles *handles, u64 handle)
{
	void *obj;

	lockdep_assert_held(&handles->lock);
	obj = handle <= ULONG_MAX ? xa_load(&handles->objects, handle) : NULL;
	return obj ?: ERR_PTR(-ENOENT);
}

/* Between two objects of a long call. */
static long pause_point(void)
{
	cond_resched();
	return signal_pending(current) ? -EINTR : 0;
}

/* -------------------------------------------------------------- allocate */

static bool alloc_args_are_valid(const struct tcslab_ioc_alloc *arg)
{
	bool named = arg->flags & TCSLAB_ALLOC_NAMED;
	size_t name_len = strnlen(arg->name, sizeof(arg->name));

	if (!arg->count || arg->zone >= TCSLAB_NR_ZONES)
		return false;
	if (named && (arg->length || arg->zone || !name_len || name_len == sizeof(arg->name)))
		return false;
	if (!named && (!arg->length || arg->length > PAGE_SIZE << MAX_PAGE_ORDER))
		return false;
	if (!named && memchr_inv(arg->name, 0, sizeof(arg->name)))
		return false;
	if (arg->node == TCSLAB_IOC_ANY_NODE)
		return !(arg->flags & TCSLAB_ALLOC_THISNODE);
	return arg->node >= 0 && arg->node < nr_node_ids && node_state(arg->node, N_MEMORY);
}

static void source_init(struct source *source, const struct tcslab_ioc_alloc *arg)
{
	*source = (struct source){
		.gfp = HANDLE_GFP,
		.node = arg->node == TCSLAB_IOC_ANY_NODE ? NUMA_NO_NODE : arg->node,
	};
	if (arg->flags & TCSLAB_ALLOC_THISNODE)
		source->gfp |= __GFP_THISNODE;
	if (arg->flags & TCSLAB_ALLOC_NAMED) {
		source->name = arg->name;
		return;
	}
	if (arg->zone == TCSLAB_ZONE_DMA)
		source->gfp |= __GFP_DMA;
	else if (arg->zone == TCSLAB_ZONE_DMA32)
		source->gfp |= __GFP_DMA32;
	source->length = arg->length;
	source->slot_size = tcslab_good_size(arg->length);
}

static long look_up(struct source *source)
{
	struct tcslab_cache *cache;

	lockdep_assert_held(&tcslab_cache_mutex);
	tcslab_for_each_cache(cache) {
		if (cache->general || strcmp(cache->name, source->name))
			continue;
		source->cache = cache;
		source->slot_size = cache->size;
		/* Not to wait for its owner, with our lock held. */
		if (cache->flags & TCSLAB_LIMIT_WAIT)
			source->gfp |= __GFP_NORETRY;
		/* Contents that outlive a free are the owner's. */
		return cache->zero_size ? 0 : -EOPNOTSUPP;
	}
	return -ENOENT;
}

static bool within_quota(const struct tcslab_handles *handles, size_t bytes)
{
	return handles->bytes <= handles->quota && bytes <= handles->quota - handles->bytes;
}

/* ERR_PTR(-ENOENT) without a cache of the name, -EOPNOTSUPP, -EDQUOT, -ENOMEM */
static void *get_named_object(struct tcslab_handles *handles, struct source *source)
{
	void *obj = NULL;
	long err = 0;

	mutex_lock(&tcslab_cache_mutex);
	if (!source->cache)
		err = look_up(source);
	if (!err && !within_quota(handles, source->slot_size))
		err = -EDQUOT;
	if (!err)
		source->cache->pins++;
	mutex_unlock(&tcslab_cache_mutex);
	if (err)
		return ERR_PTR(err);
	obj = tcslab_cache_alloc_node(source->cache, source->gfp, source->node);
	mutex_lock(&tcslab_cache_mutex);
	source->cache->pins--;
	mutex_unlock(&tcslab_cache_mutex);
	return obj ?: ERR_PTR(-ENOMEM);
}

static void *get_object(struct tcslab_handles *handles, struct source *source)
{
	void *obj;

	if (source->name)
		return get_named_object(handles, source);
	if (!within_quota(handles, source->slot_size))
		return ERR_PTR(-EDQUOT);
	obj = tcslab_alloc_node(source->length, source->gfp, source->node);
	if (!obj)
		return ERR_PTR(-ENOMEM);
	/* The first ones of a low zone take pages. */
	if (!within_quota(handles, slot_size(obj))) {
		put_object(obj);
		return ERR_PTR(-EDQUOT);
	}
	return obj;
}

static long alloc_one(struct tcslab_handles *handles, struct source *source,
		      struct tcslab_ioc_alloc *arg)
{
	void *obj;
	int err;

	if (handles->next == ULONG_MAX)
		return -ENOSPC;
	obj = get_object(handles, source);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	err = xa_err(xa_store(&handles->objects, handles->next, obj, GFP_KERNEL));
	if (err) {
		put_object(obj);
		return err;
	}
	if (!arg->done) {
		arg->handle = handles->next;
		arg->object_size = tcslab_usable_size(obj);
		arg->slot_size = slot_size(obj);
	}
	handles->next++;
	handles->nr++;
	handles->bytes += slot_size(obj);
	return 0;
}

long tcslab_handles_alloc(struct tcslab_handles *handles, struct tcslab_ioc_alloc *arg)
{
	struct source source;
	long err;

	arg->handle = 0;
	arg->done = 0;
	arg->object_size = 0;
	arg->slot_size = 0;
	if (!alloc_args_are_valid(arg))
		return -EINVAL;
	source_init(&source, arg);
	if (mutex_lock_interruptible(&handles->lock))
		return -EINTR;
	do {
		err = pause_point();
		if (!err)
			err = alloc_one(handles, &source, arg);
	} while (!err && ++arg->done < arg->count);
	mutex_unlock(&handles->lock);
	return err;
}

/* ------------------------------------------------------------------ free */

static long free_one(struct tcslab_handles *handles, u64 handle)
{
	void *obj = handle <= ULONG_MAX ? xa_erase(&handles->objects, handle) : NULL;

	if (!obj)
		return -ENOENT;
	handles->nr--;
	handles->bytes -= slot_size(obj);
	put_object(obj);
	return 0;
}

long tcslab_handles_free(struct tcslab_handles *handles, struct tcslab_ioc_free *arg)
{
	long err;

	arg->done = 0;
	if (!arg->count)
		return -EINVAL;
	if (mutex_lock_interruptible(&handles->lock))
		return -EINTR;
	do {
		err = pause_point();
		if (!err)
			err = free_one(handles, arg->handle + arg->done);
	} while (!err && ++arg->done < arg->count);
	mutex_unlock(&handles->lock);
	return err;
}

void tcslab_handles_exit(struct tcslab_handles *handles)
{
	unsigned long handle;
	void *obj;

	xa_for_each(&handles->objects, handle, obj) {
		put_object(obj);
		cond_resched();
	}
	xa_destroy(&handles->objects);
	mutex_destroy(&handles->lock);
}

/* ------------------------------------------------------------ read, write */

/* The part of the object that @arg is about, with the lock held, or ERR_PTR. */
static void *find_part(struct tcslab_handles *handles, const struct tcslab_ioc_copy *arg)
{
	void *obj = find(handles, arg->handle);
	size_t size;

	if (IS_ERR(obj))
		return obj;
	size = tcslab_usable_size(obj);
	if (arg->offset > size || arg->length > size - arg->offset)
		return ERR_PTR(-ERANGE);
	return obj + arg->offset;
}

long tcslab_handles_write(struct tcslab_handles *handles, const struct tcslab_ioc_copy *arg)
{
	long err = 0;
	void *part;

	if (mutex_lock_interruptible(&handles->lock))
		return -EINTR;
	part = find_part(handles, arg);
	if (IS_ERR(part))
		err = PTR_ERR(part);
	else if (copy_from_user(part, u64_to_user_ptr(arg->buffer), arg->length))
		err = -EFAULT;
	mutex_unlock(&handles->lock);
	return err;
}

long tcslab_handles_read(struct tcslab_handles *handles, const struct tcslab_ioc_copy *arg)
{
	long err = 0;
	void *part;

	if (mutex_lock_interruptible(&handles->lock))
		return -EINTR;
	part = find_part(handles, arg);
	if (IS_ERR(part))
		err = PTR_ERR(part);
	else if (copy_to_user(u64_to_user_ptr(arg->buffer), part, arg->length))
		err = -EFAULT;
	mutex_unlock(&handles->lock);
	return err;
}

/* ------------------------------------------------------------ fill, verify */

static __le64 pattern_word(u64 seed, u64 handle, size_t i)
{
	return cpu_to_le64(TCSLAB_PATTERN_WORD(seed, handle, i));
}

static void fill(void *obj, size_t size, u64 seed, u64 handle)
{
	size_t words = size / sizeof(__le64), i;
	__le64 *word = obj, last;

	for (i = 0; i < words; i++)
		word[i] = pattern_word(seed, handle, i);
	last = pattern_word(seed, handle, words);
	memcpy(word + words, &last, size % sizeof(last));
}

/* Offset of the first wrong byte, or @size. */
static size_t first_wrong(const void *obj, size_t size, u64 seed, u64 handle)
{
	size_t at, n, i;
	__le64 want;

	for (at = 0; at < size; at += n) {
		const u8 *have = obj + at;

		want = pattern_word(seed, handle, at / sizeof(want));
		n = min(size - at, sizeof(want));
		if (!memcmp(have, &want, n))
			continue;
		for (i = 0; have[i] == ((u8 *)&want)[i]; i++)
			;
		return at + i;
	}
	return size;
}

static long fill_one(struct tcslab_handles *handles, struct tcslab_ioc_pattern *arg)
{
	u64 handle = arg->handle + arg->done;
	void *obj = find(handles, handle);

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	fill(obj, tcslab_usable_size(obj), arg->seed, handle);
	return 0;
}

static long verify_one(struct tcslab_handles *handles, struct tcslab_ioc_pattern *arg)
{
	u64 handle = arg->handle + arg->done;
	void *obj = find(handles, handle);
	size_t size, at;

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	size = tcslab_usable_size(obj);
	at = first_wrong(obj, size, arg->seed, handle);
	if (at == size)
		return 0;
	arg->offset = at;
	return -EILSEQ;
}

static long run_pattern(struct tcslab_handles *handles, struct tcslab_ioc_pattern *arg,
			long (*one)(struct tcslab_handles *handles,
				    struct tcslab_ioc_pattern *arg))
{
	long err;

	arg->done = 0;
	arg->offset = 0;
	if (!arg->count)
		return -EINVAL;
	if (mutex_lock_interruptible(&handles->lock))
		return -EINTR;
	do {
		err = pause_point();
		if (!err)
			err = one(handles, arg);
	} while (!err && ++arg->done < arg->count);
	mutex_unlock(&handles->lock);
	return err;
}

long tcslab_handles_fill(struct tcslab_handles *handles, struct tcslab_ioc_pattern *arg)
{
	return run_pattern(handles, arg, fill_one);
}

long tcslab_handles_verify(struct tcslab_handles *handles, struct tcslab_ioc_pattern *arg)
{
	return run_pattern(handles, arg, verify_one);
}
