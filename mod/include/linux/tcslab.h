/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tcslab: a TCMalloc-style slab allocator for kernel modules
 *
 * What it is for: modules that allocate and free often, in objects that do not
 * fit kmalloc's power-of-two classes well, or that want to see and bound what
 * they hold.  There are two ways in:
 *
 *   general   tcslab_alloc(size, gfp) and friends, as kmalloc()
 *   named     tcslab_cache_create(name, &args), then tcslab_cache_alloc(), as
 *             kmem_cache: own size, alignment, constructor, zone, node, limit
 *
 * A general allocation is nothing but an allocation from one of a fixed set of
 * caches, one for each size class and zone.
 *
 * Contexts: all, NMI included, with interrupts on or off.  Nothing sleeps unless the
 * gfp flags allow it, nothing calls the kernel's allocators if they have no reclaim at
 * all (0, __GFP_NOWARN); Documentation/contexts.md has what may fail where.
 *
 * Limits: memory comes from the kernel's direct map and is physically
 * contiguous; nothing larger than the largest block of the page allocator can
 * be had.  As with kmalloc() an object is aligned to the largest power of two that divides
 * its size, and to 8 bytes at least.  Where devices are not coherent, as on some arm64
 * machines, what kmalloc() aligns to a cache line is aligned here.  Object memory
 * does not belong to a slab page, so CONFIG_HARDENED_USERCOPY does not look
 * into it (tcslab_check_usercopy() does), and memory cgroups are not charged for it.
 *
 * How the fast path works: each CPU has an array of free objects per cache.
 * Both alloc and free disable preemption, mark the array busy by making its
 * sequence number odd, move one pointer and make the number even again, with the new count
 * beside it in the same word.  An
 * interrupt that finds the number odd stays away and goes to the central list;
 * one that finds it even nests completely, so no locked instruction is needed.
 * The count must not be read before the number is odd: an interrupt in between
 * would hand out the object that we are about to return.
 *
 * What is freed has to be an object of the cache, where one begins, and not the one that was
 * freed last: anything else leaves the fast path, which finds out what it is, and is
 * reported and left alone.  tcslab_is_object() says how that is known.
 *
 * An array that is *closed* has an odd number at rest.  This is how everything
 * optional stays off the fast path: an offline CPU, the caches of large objects
 * and the checked mode (module parameter checks=1) are closed arrays.
 *
 * A module and the tcslab.ko that it is loaded with have to be built with the same headers,
 * since all of that is compiled into both; if they are not the loader refuses the
 * module: Unknown symbol tcslab_abi_...  Comments may differ, and <linux/tcslab_slab.h>.
 *
 * Longer than other files, since it is read from top to bottom: who looks for a call finds it
 * here, and how its fast path works above it.
 */
#ifndef _LINUX_TCSLAB_H
#define _LINUX_TCSLAB_H

#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/jump_label.h>
#include <linux/kasan.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/tcslab_abi.h>
#include <linux/tcslab_size_classes.h>
#include <linux/tcslab_types.h>

#ifdef CONFIG_X86
#include <asm/asm.h>
#endif

#ifndef TCSLAB_EMBEDDED		/* see <linux/tcslab_embedded.h> */
/*
 * The name is a hash of the headers, see scripts/gen_abi.py, and a reference is what the
 * loader looks at, with MODVERSIONS or without.  It is gone when the module is
 * initialised.  The section is one of its own: others of its kind can be written to by
 * who relocates.  Files of tcslab.ko itself say TCSLAB_INSIDE: one of them has the symbol.
 */
extern const char TCSLAB_ABI[];
#ifndef TCSLAB_INSIDE
static const char * const tcslab_abi_reference __used
	__section(".init.rodata.tcslab") = TCSLAB_ABI;
#endif
#endif

/* ------------------------------ slow paths, see caches/general.c, caches/object.c */

extern struct tcslab_cache *tcslab_general[TCSLAB_NR_CLASSES];	/* of the normal zone */
extern u8 tcslab_class_small[TCSLAB_NR_SMALL_STEPS];
extern u8 tcslab_class_medium[TCSLAB_NR_MEDIUM_STEPS];
extern unsigned long tcslab_map_bytes;
extern unsigned long tcslab_pages;
DECLARE_STATIC_KEY_FALSE(tcslab_numa_key);
DECLARE_STATIC_KEY_FALSE(tcslab_free_key);

void *tcslab_alloc_slow(size_t size, gfp_t gfp, int node);
void tcslab_free_slow(const void *obj);
void *tcslab_cache_alloc_slow(struct tcslab_cache *cache, gfp_t gfp, int node);
void tcslab_cache_free_slow(struct tcslab_cache *cache, void *obj);
void tcslab_cache_free_long(struct tcslab_cache *cache, void *obj);

/* Pages of ours carry this in lru.prev: no pointer and no list poison looks so. */
#ifndef TCSLAB_PAGE_COOKIE	/* each driver that we are linked into has one of its own */
#define TCSLAB_PAGE_COOKIE	((unsigned long)-0x5eef3a13L)
#endif

/* ----------------------------------------------------------- the fast path */

/*
 * The page that an object is in; false for a pointer that is not ours.
 * tcslab_map_bytes is the end of the highest chunk that we ever had, so that
 * NULL, user, vmalloc and module addresses fail the first comparison.
 */
static __always_inline bool tcslab_find_page(const void *obj, struct page **page)
{
	/* KASAN of arm64 has a tag in the pointer; elsewhere this is the pointer. */
	unsigned long off = (unsigned long)kasan_reset_tag(obj) - PAGE_OFFSET;

	/* Racing with growth is harmless: our own objects are below it already. */
	if (unlikely(off >= READ_ONCE(tcslab_map_bytes)))
		return false;
#ifdef CONFIG_X86
	/* The direct map begins at physical 0: shorter than virt_to_page(). */
	*page = pfn_to_page(off >> PAGE_SHIFT);
#else
	*page = virt_to_page(obj);
#endif
	/* The page allocator may be writing to a page that is not ours: no cookie then. */
	return likely((unsigned long)data_race((*page)->lru.prev) == TCSLAB_PAGE_COOKIE);
}

/* The cache that an object belongs to, or NULL for a pointer that is not ours. */
static __always_inline struct tcslab_cache *tcslab_cache_of(const void *obj)
{
	struct page *page;

	return tcslab_find_page(obj, &page) ? (struct tcslab_cache *)page->private : NULL;
}

/*
 * This CPU's array.  On x86-64 every instruction can address it directly, by the
 * segment that holds the CPU's own memory; elsewhere, and under the sanitizers,
 * which do not know that segment, a pointer is made.
 */
#if defined(CONFIG_X86_64) && defined(CONFIG_SMP) && !defined(CONFIG_UML) && \
	!defined(CONFIG_KASAN) && !defined(CONFIG_KCSAN) && !defined(CONFIG_KMSAN) && \
	!defined(__CHECKER__)
#define TCSLAB_BY_SEGMENT	1
#define tcslab_this_cpu_cache(arrays) \
	((struct tcslab_cpu_cache __seg_gs *)(uintptr_t)(arrays))
#else
#define TCSLAB_BY_SEGMENT	0
#define tcslab_this_cpu_cache(arrays)	this_cpu_ptr(arrays)
#endif

/*
 * What an object is recognised by.  Each page of a span has a key, which is the address of the
 * span times the cache's factor; the factor is 2^64 / size, rounded up, and a small number more
 * that no other cache has, nor the same cache on another node.  An object at @n times the
 * size from there, times the factor, less the key is then @n times size times that small
 * number, less than 2^37.  For what is no multiple it is 2^64 / size at least, and for another
 * factor, or a page without a key, no such number comes out either: for factors of the same size
 * never, for others once in 2^27.  (Lemire, Kaser, Kurz: Faster remainder by direct computation.)
 */
#define TCSLAB_KEY_SHIFT	37

/* The word of struct page before its private, which has had several names. */
#define tcslab_page_key(page)	((&(page)->private)[-1])

/* Is @obj, in @page, at the start of an object, in use or not, of the cache and node of @factor? */
static __always_inline bool tcslab_has_key(u64 factor, const void *obj, struct page *page)
{
	u64 product = (unsigned long)kasan_reset_tag(obj) * factor;

#if TCSLAB_BY_SEGMENT
	asm volatile("1:	subq %[key], %[product]\n"
		     "2:\n"
		     /* Register 0, which becomes -EFAULT, is ax. */
		     _ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_EFAULT_REG)
		     : [product] "+a" (product)
		     : [key] "m" (tcslab_page_key(page)));
	return !(product >> TCSLAB_KEY_SHIFT);
#else
	/* Of a page that is not an object's it may change: no such number then. */
	return !((product - data_race(tcslab_page_key(page))) >> TCSLAB_KEY_SHIFT);
#endif
}

/*
 * The same for who does not know the page.  On x86-64 there need not be one: a pointer that is
 * not ours may fault, which makes it none of ours.
 */
static __always_inline bool tcslab_is_object(u64 factor, const void *obj)
{
	struct page *page;

#if TCSLAB_BY_SEGMENT && defined(CONFIG_SPARSEMEM_VMEMMAP)
	page = (struct page *)(((long)obj >> PAGE_SHIFT) * (long)sizeof(*page) + tcslab_pages);
#else
	if (!tcslab_find_page(obj, &page))
		return false;
#endif
	return tcslab_has_key(factor, obj, page);
}

/*
 * Mark the array as busy; true if it was.  In one instruction where there is one, which is not
 * for other CPUs, but nothing that interrupts this one can come in between.  Elsewhere what does
 * may change the array, so nothing but the number is written, of which a step is lost.
 */
#if TCSLAB_BY_SEGMENT
#define tcslab_cpu_was_busy(cc)	({						\
	bool __busy;								\
										\
	asm volatile("btsq %[bit], %[state]"					\
		     : [state] "+m" ((cc)->state), "=@ccc" (__busy)		\
		     : [bit] "i" (TCSLAB_COUNT_BITS)				\
		     : "memory");						\
	__busy;									\
})
#else
#define tcslab_cpu_was_busy(cc)	({						\
	bool __busy = (cc)->seq & 1;						\
										\
	barrier();	/* tested and marked in place, not in a register */	\
	if (!__busy)								\
		(cc)->seq |= 1;							\
	barrier();	/* the array is ours only from here on */		\
	__busy;									\
})
#endif

/* No longer busy, and @n objects more.  An interrupt after this may change the array. */
#define tcslab_cpu_is_done(cc, n)	do {					\
	barrier();								\
	(cc)->state += TCSLAB_BUSY + (n);					\
} while (0)

/*
 * Each way out of the two below has its own end of section: the compiler then
 * joins it with what the caller does next, and the common way has no flag to test.
 */
static __always_inline bool tcslab_cpu_pop(struct tcslab_cpu_cache __percpu *arrays, void **obj)
{
	typeof(tcslab_this_cpu_cache(arrays)) cc;
	unsigned long n;

	preempt_disable();
	cc = tcslab_this_cpu_cache(arrays);
	if (unlikely(tcslab_cpu_was_busy(cc)))
		goto out;
	n = cc->count;
	if (unlikely(!n))
		goto leave;
	*obj = cc->objs[n - 1];
	tcslab_cpu_is_done(cc, -1);
	preempt_enable();
	return true;

leave:
	tcslab_cpu_is_done(cc, 0);
out:
	preempt_enable();
	return false;
}

/*
 * An array holds objects of one node only; others go home, which the factor knows as well.  What
 * is freed twice, one right after the other, lies on top.  Without @look
 * only the node is seen to.
 */
enum tcslab_look {
	TCSLAB_LOOK_NOWHERE,
	TCSLAB_LOOK_AT_OBJECT,
	TCSLAB_LOOK_AT_PAGE,	/* which is known */
};

#define tcslab_looks_wrong(cache, cc, obj, known, look)	({			\
	struct page *__page = (known);						\
	bool __wrong;								\
										\
	if (!IS_ENABLED(CONFIG_64BIT) || (look) == TCSLAB_LOOK_NOWHERE)		\
		/* There are no keys where a word is shorter than one. */	\
		__wrong = ((look) && (!tcslab_find_page(obj, &__page) ||	\
				      __page->private != (unsigned long)(cache))) || \
			  (static_branch_unlikely(&tcslab_numa_key) &&		\
			   page_to_nid(virt_to_page(obj)) != (cc)->node);	\
	else if ((look) == TCSLAB_LOOK_AT_PAGE)					\
		__wrong = !tcslab_has_key((cc)->factor, obj, __page);		\
	else									\
		__wrong = !tcslab_is_object((cc)->factor, obj);			\
	unlikely(__wrong);							\
})

static __always_inline bool tcslab_cpu_push(struct tcslab_cache *cache, void *obj,
					    struct page *page, enum tcslab_look look)
{
	typeof(tcslab_this_cpu_cache(cache->fast)) cc;
	unsigned long n;

	preempt_disable();
	cc = tcslab_this_cpu_cache(cache->fast);
	if (unlikely(tcslab_cpu_was_busy(cc)))
		goto out;
	if (tcslab_looks_wrong(cache, cc, obj, page, look))
		goto leave;
	n = cc->count;
	if (unlikely((long)n >= cc->capacity))
		goto leave;
	if (look && unlikely(cc->objs[n - 1] == obj))
		goto leave;
	cc->objs[n] = obj;
	tcslab_cpu_is_done(cc, 1);
	preempt_enable();
	return true;

leave:
	tcslab_cpu_is_done(cc, 0);
out:
	preempt_enable();
	return false;
}

/*
 * KASAN may look at each access to an object: it is opened when it is handed out, and what of it
 * nobody asked for is closed again; see mod/debug/shadow.h.
 */
#if defined(CONFIG_KASAN_GENERIC) && (defined(CONFIG_X86_64) || defined(CONFIG_ARM64))
#define TCSLAB_HAS_SHADOW	1
void tcslab_shadow_open(const struct tcslab_cache *cache, void *obj);
void tcslab_shadow_fit(const struct tcslab_cache *cache, void *obj, size_t size);
#else
#define TCSLAB_HAS_SHADOW	0
static inline void tcslab_shadow_open(const struct tcslab_cache *cache, void *obj)
{
}

static inline void tcslab_shadow_fit(const struct tcslab_cache *cache, void *obj, size_t size)
{
}
#endif

/* On kernels where something has to know of each object, arrays or not. */
#define TCSLAB_TELLS_OF_EACH	(IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) || TCSLAB_HAS_SHADOW)

/* Of @size bytes, as they were asked for. */
static __always_inline void *tcslab_obj_init(struct tcslab_cache *cache, void *obj,
					     size_t size, gfp_t gfp)
{
	tcslab_shadow_open(cache, obj);
	if (want_init_on_alloc(gfp))
		memset(obj, 0, cache->zero_size);
	tcslab_shadow_fit(cache, obj, size);
	kmemleak_alloc(obj, cache->object_size, 1, gfp);
	return obj;
}

/* What has to be done to an object is done once it is known to be one; or hardened=0. */
static __always_inline void __tcslab_cache_free(struct tcslab_cache *cache, void *obj,
						struct page *page, enum tcslab_look look)
{
	if (TCSLAB_TELLS_OF_EACH || static_branch_unlikely(&tcslab_free_key))
		tcslab_cache_free_long(cache, obj);
	else if (unlikely(!tcslab_cpu_push(cache, obj, page, look)))
		tcslab_cache_free_slow(cache, obj);
}

/* Free @obj if it is in a page of ours: false if not. */
static __always_inline bool tcslab_free_if_ours(const void *obj)
{
	struct tcslab_cache *cache;
	struct page *page;

	if (unlikely(!tcslab_find_page(obj, &page)))
		return false;
	/* It may be the kernel's again in a moment, if the free is a wrong one. */
	cache = (struct tcslab_cache *)page->private;
	if (unlikely(!cache))
		return false;
	/* Large objects have a closed cache: they take the second slow path. */
	__tcslab_cache_free(cache, (void *)obj, page, TCSLAB_LOOK_AT_PAGE);
	return true;
}

/* Zones other than NORMAL, and flags that are refused, leave the fast path. */
static __always_inline bool tcslab_gfp_is_plain(gfp_t gfp)
{
	return !(gfp & GFP_ZONEMASK);
}

/* --------------------------------------------------------------- named caches */

struct tcslab_cache *tcslab_cache_create(const char *name,
					 const struct tcslab_cache_args *args);
int tcslab_cache_destroy(struct tcslab_cache *cache);
unsigned long tcslab_cache_shrink(struct tcslab_cache *cache);
void tcslab_cache_stats(struct tcslab_cache *cache, struct tcslab_cache_stats *stats);
void *tcslab_cache_alloc_node(struct tcslab_cache *cache, gfp_t gfp, int node);
size_t tcslab_cache_alloc_bulk(struct tcslab_cache *cache, gfp_t gfp, size_t n,
			       void **objs);
void tcslab_cache_free_bulk(struct tcslab_cache *cache, size_t n, void **objs);

/**
 * tcslab_cache_alloc() - allocate an object from a named cache
 * @cache: the cache
 * @gfp: as for kmem_cache_alloc(); the cache says which zone it is
 *
 * The idea of a per-CPU stack in front of shared lists is Bonwick's magazine
 * layer and TCMalloc's thread cache.
 *
 * Context: any; sleeps only if @gfp allows it.
 * Return: the object, or NULL when there is no memory, the cache's limit is
 * reached (neither with __GFP_NOFAIL and a gfp that may sleep), or @gfp has
 * __GFP_HIGHMEM or __GFP_MOVABLE, or __GFP_ZERO for a cache whose objects may not be
 * cleared.
 */
static __always_inline void *tcslab_cache_alloc(struct tcslab_cache *cache, gfp_t gfp)
{
	void *obj;

	if (likely(!(gfp & (__GFP_HIGHMEM | __GFP_MOVABLE))) &&
	    (!(gfp & __GFP_ZERO) || likely(cache->zero_size)) &&
	    likely(tcslab_cpu_pop(cache->fast, &obj)))
		return tcslab_obj_init(cache, obj, cache->object_size, gfp);
	return tcslab_cache_alloc_slow(cache, gfp, NUMA_NO_NODE);
}

/**
 * tcslab_cache_zalloc() - allocate a zeroed object from a named cache
 * @cache: the cache; must not have a constructor or be type-safe by RCU
 * @gfp: as for tcslab_cache_alloc()
 *
 * Context: as tcslab_cache_alloc().
 * Return: as tcslab_cache_alloc().
 */
static __always_inline void *tcslab_cache_zalloc(struct tcslab_cache *cache, gfp_t gfp)
{
	return tcslab_cache_alloc(cache, gfp | __GFP_ZERO);
}

/**
 * tcslab_cache_free() - give an object back to its named cache
 * @cache: the cache that it came from
 * @obj: the object; NULL is ignored
 *
 * An object of another cache, a pointer into one, or one that is not ours, is reported and left
 * alone, and so is the object that was freed last.  What was freed before
 * that and is free already is reported and leaked when it reaches the central list.
 *
 * Context: any; never sleeps.
 */
static __always_inline void tcslab_cache_free(struct tcslab_cache *cache, void *obj)
{
	__tcslab_cache_free(cache, obj, NULL, TCSLAB_LOOK_AT_OBJECT);
}

/* ---------------------------------------------------------- general allocation */

void *tcslab_alloc_node(size_t size, gfp_t gfp, int node);
void *tcslab_realloc(const void *obj, size_t size, gfp_t gfp);
void tcslab_free_sensitive(const void *obj);
size_t tcslab_usable_size(const void *obj);
size_t tcslab_good_size(size_t size);
size_t tcslab_alloc_bulk(size_t size, gfp_t gfp, size_t n, void **objs);
void tcslab_free_bulk(size_t n, void **objs);
void tcslab_check_usercopy(const void *ptr, unsigned long n, bool to_user);
unsigned long tcslab_trim(void);
unsigned long tcslab_held_pages(void);

/*
 * Where devices may not be coherent the classes of sizes follow the machine's cache line (see
 * mod/caches/size_class.c), and a constant size has to be looked up as well.
 */
#ifdef ARCH_DMA_MINALIGN
#define TCSLAB_CLASSES_ARE_CONSTANT	(ARCH_DMA_MINALIGN <= 8)
#else
#define TCSLAB_CLASSES_ARE_CONSTANT	true
#endif

/*
 * Size class of a request; class 0 is a closed cache for what is no class: size
 * 0 and large objects.  Folds to a constant for a constant size.
 */
static __always_inline unsigned int tcslab_size_class(size_t size)
{
	if (__builtin_constant_p(size) && TCSLAB_CLASSES_ARE_CONSTANT)
		return tcslab_size_class_const(size);
	if (likely(size <= TCSLAB_MAX_SMALL_SIZE))
		return tcslab_class_small[(size + 7) >> 3];
	if (likely(size <= TCSLAB_MAX_CLASS_SIZE))
		return tcslab_class_medium[(size - TCSLAB_MAX_SMALL_SIZE + 127) >> 7];
	return 0;
}

/**
 * tcslab_alloc() - allocate memory
 * @size: bytes; 0 gives ZERO_SIZE_PTR, as kmalloc() does
 * @gfp: as for kmalloc(), and GFP_DMA32 works too
 *
 * Context: any; sleeps only if @gfp allows it.
 * Return: the memory; ZERO_SIZE_PTR for @size 0; NULL when there is none (not with
 * __GFP_NOFAIL and a gfp that may sleep), when @size is larger than the largest block of the
 * page allocator (with a warning unless __GFP_NOWARN), or when @gfp has __GFP_HIGHMEM or
 * __GFP_MOVABLE.
 */
static __always_inline void *tcslab_alloc(size_t size, gfp_t gfp)
{
	struct tcslab_cache *cache;
	void *obj;

	if (likely(tcslab_gfp_is_plain(gfp))) {
		cache = tcslab_general[tcslab_size_class(size)];
		if (likely(tcslab_cpu_pop(cache->fast, &obj)))
			return tcslab_obj_init(cache, obj, size, gfp);
	}
	return tcslab_alloc_slow(size, gfp, NUMA_NO_NODE);
}

/**
 * tcslab_zalloc() - allocate zeroed memory
 * @size: bytes
 * @gfp: as for tcslab_alloc()
 *
 * Context: as tcslab_alloc().
 * Return: as tcslab_alloc().
 */
static __always_inline void *tcslab_zalloc(size_t size, gfp_t gfp)
{
	return tcslab_alloc(size, gfp | __GFP_ZERO);
}

/**
 * tcslab_calloc() - allocate a zeroed array
 * @n: elements
 * @size: bytes per element
 * @gfp: as for tcslab_alloc()
 *
 * Context: as tcslab_alloc().
 * Return: as tcslab_alloc(); NULL also when @n * @size overflows.
 */
static __always_inline void *tcslab_calloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return tcslab_zalloc(bytes, gfp);
}

/**
 * tcslab_free() - free memory of tcslab_alloc() or of any named cache
 * @obj: the memory; NULL and ZERO_SIZE_PTR are ignored
 *
 * A pointer that is not ours, or not to the start of an object, is reported and left alone.
 *
 * Context: any; never sleeps.
 */
static __always_inline void tcslab_free(const void *obj)
{
	if (__builtin_constant_p(!obj) && !obj)
		return;
	if (unlikely(!tcslab_free_if_ours(obj)))
		tcslab_free_slow(obj);
}

/**
 * tcslab_free_sized() - free memory whose size the caller knows
 * @obj: memory of tcslab_alloc() without a zone flag; NULL and ZERO_SIZE_PTR
 *	are ignored
 * @size: the size that was asked for, or anything up to tcslab_usable_size()
 *	that rounds up to the same class
 *
 * Saves the look-up of the cache, as C++'s sized delete does in TCMalloc.
 *
 * Context: any; never sleeps.
 */
static __always_inline void tcslab_free_sized(const void *obj, size_t size)
{
	unsigned int class = tcslab_size_class(size);

	if (!class)
		tcslab_free(obj);
	else
		tcslab_cache_free(tcslab_general[class], (void *)obj);
}

/* ------------------------------------------------------- after a grace period */

void __tcslab_free_rcu(void *head, void *obj);
void tcslab_free_rcu_mightsleep(const void *obj);
void tcslab_rcu_barrier(void);

/**
 * tcslab_free_rcu() - free an object after an RCU grace period
 * @ptr: memory of tcslab_alloc() or of a named cache; NULL is ignored
 * @member: the struct rcu_head in the type that @ptr points to, in its first 4096
 *	bytes; untouched unless memory is short or the caller is in an NMI
 *
 * Frees are collected per CPU and done in bulk, as kfree_rcu() does.
 *
 * Context: any, NMI included; never sleeps.
 */
#define tcslab_free_rcu(ptr, member) do {					\
	typeof(ptr) __tcslab_ptr = (ptr);					\
										\
	BUILD_BUG_ON(offsetof(typeof(*__tcslab_ptr), member) >= 4096);		\
	if (__tcslab_ptr)							\
		__tcslab_free_rcu(&__tcslab_ptr->member, (void *)__tcslab_ptr);	\
} while (0)

/* -------------------------------------------------------------------- reserves */

struct tcslab_reserve *tcslab_reserve_create(struct tcslab_cache *cache, unsigned int n,
					     gfp_t gfp);
void *tcslab_reserve_alloc(struct tcslab_reserve *reserve);
void tcslab_reserve_free(struct tcslab_reserve *reserve, void *obj);
int tcslab_reserve_refill(struct tcslab_reserve *reserve, gfp_t gfp);
unsigned int tcslab_reserve_left(struct tcslab_reserve *reserve);
void tcslab_reserve_destroy(struct tcslab_reserve *reserve);

#endif /* _LINUX_TCSLAB_H */
