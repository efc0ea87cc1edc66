/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Spans, and the page map that leads from an object to its span
 *
 * The life of a span: the page heap makes one out of a whole chunk that it got
 * from alloc_pages() (FREE), splits it, and hands a part out, either to a
 * central list, which cuts it into objects of one cache (SMALL), or as one large
 * object (LARGE).  When the last object is free the span goes back to the page
 * heap, which merges it with free neighbours of the same chunk; the structure of
 * the neighbour that disappears goes to the heap's spares.
 *
 * The page map is in struct page:
 *
 *   lru.prev  TCSLAB_PAGE_COOKIE in every page of every chunk of ours
 *   private   the cache: in every page of a SMALL span, in the first page of a
 *             LARGE one; &tcslab_no_cache in all others, so that nothing else is taken
 *             for an object, neither ours nor the kernel's
 *   lru.next  the span: in every page of a SMALL span, in the first and the last
 *             page of the others, where the page heap looks for neighbours; stale in
 *             between, so nobody follows it where there is no cache
 *   index     the key that objects are recognised by (tcslab_is_object()): in every page
 *             of a SMALL span, else 0.  Not to be named: see tcslab_page_key()
 *
 * It is written under the page heap's lock.  Who holds an object of a span may
 * read it without a lock, because the span cannot change under his object.
 *
 * The cache stands in the page, not only in the span, so that a free touches no
 * memory of the span at all; struct page's line has to be read for the cookie
 * anyway.
 */
#ifndef TCSLAB_SPAN_H
#define TCSLAB_SPAN_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/rbtree.h>

#include <linux/tcslab.h>

struct tcslab_chunk;

/*
 * What our own allocations on behalf of a caller take from his gfp: how hard to
 * try.  Zone, node, zeroing and accounting are about his object.  __GFP_NOFAIL with
 * __GFP_NORETRY is for our limits, not for the kernel (see effort.c).
 */
static inline gfp_t tcslab_effort(gfp_t gfp)
{
	if ((gfp & (__GFP_NOFAIL | __GFP_NORETRY)) == (__GFP_NOFAIL | __GFP_NORETRY))
		gfp &= ~__GFP_NOFAIL;
	return gfp & ~(GFP_ZONEMASK | __GFP_ZERO | __GFP_COMP | __GFP_ACCOUNT |
		       __GFP_THISNODE | __GFP_RECLAIMABLE | __GFP_WRITE | __GFP_HARDWALL);
}

/* From this node or not at all, and without reclaim: there are other nodes. */
static inline gfp_t tcslab_near(gfp_t gfp)
{
	return (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_THISNODE | __GFP_NOWARN;
}

/*
 * Nobody named a node, and the policy of the task binds it to some (see tcslab_policy_gfp()).
 * __GFP_HARDWALL means nothing for objects.
 */
#define TCSLAB_BOUND	__GFP_HARDWALL

/*
 * For what we can do without: without reclaim, and alloc_block() wakes nobody for it.
 * __GFP_WRITE, which means nothing for objects, tells it from what a caller may say.
 */
#define TCSLAB_OPTIONAL	(__GFP_WRITE | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN)

static inline gfp_t tcslab_optional(gfp_t gfp)
{
	/* Who may not call the kernel says so by having no reclaim at all. */
	if (!(gfp & __GFP_RECLAIM))
		return gfp;
	return (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_KSWAPD_RECLAIM |
	       TCSLAB_OPTIONAL;
}

/*
 * The cache of what is no class: size 0 and large objects.  Its arrays are always
 * closed, so that both take the slow path.  Not on the list of caches.
 */
extern struct tcslab_cache *tcslab_large_cache;

/*
 * What stands for a cache in pages of ours that no object begins in: free ones, and the
 * inside of a large object.  So a pointer there is ours to every look-up, and its arrays,
 * which are the closed ones of large objects, send each free to the slow path, which
 * refuses it.  Not on the list.
 */
extern struct tcslab_cache tcslab_no_cache;

/* Is @obj in such a page?  Then it was freed before, or has never been an object. */
static inline bool tcslab_is_stray(const void *obj)
{
	return tcslab_cache_of(obj) == &tcslab_no_cache;
}

/* FREE spans up to this length have a list of their own, and are counted one by one. */
#define TCSLAB_SHORT_PAGES	32

enum tcslab_span_state {
	TCSLAB_SPAN_FREE,
	TCSLAB_SPAN_SMALL,
	TCSLAB_SPAN_LARGE,
};

/**
 * struct tcslab_span - a run of pages with one use
 * @list: FREE and short: the heap's list of this length; a spare: the heap's spares
 * @link: SMALL: the central list of this occupancy
 * @waiting: SMALL, empty and type-safe by RCU: on its way to the page heap
 * @free_bits: SMALL: bit set for each free object; @bits or, for more objects
 *	than that has bits, a spare structure of the heap used as an array
 * @quota: LARGE: who it counts for, or NULL; then @link is in his list, under his lock
 * @bits: SMALL: the bitmap when it fits into a word
 * @node: FREE and long: in the heap's tree
 * @chunk: the chunk that it is part of
 * @page: the first page
 * @base: SMALL: where the first object is
 * @freed: FREE: when something in it was freed last, see tcslab_free_index_note()
 * @warm: FREE: which page of it is the first that was
 * @nwarm: FREE: so many pages from there on, none if nobody has had it
 * @npages: length
 * @nfree: SMALL: objects that are free
 * @limit: SMALL: with so many free it changes its list
 * @state: enum tcslab_span_state
 * @bucket: SMALL: which of its central's lists it is in
 *
 * FREE: guarded by the heap's lock.  SMALL: @chunk, @page, @base and
 * @npages are constant, the rest is guarded by the central list's lock.  LARGE:
 * constant, owned by who holds the object.  One cache line.
 */
struct tcslab_span {
	union {
		struct {
			union {
				struct list_head list;
				struct hlist_node link;
				struct llist_node waiting;
			};
			union {
				unsigned long *free_bits;
				struct tcslab_quota *quota;
			};
			unsigned long bits;
		};
		struct rb_node node;
	};
	struct tcslab_chunk *chunk;
	struct page *page;
	union {
		void *base;
		unsigned long freed;
	};
	u16 npages;
	union {
		u16 nfree;
		u16 warm;
	};
	union {
		u16 limit;
		u16 nwarm;
	};
	u8 state;
	u8 bucket;
};

static inline struct tcslab_span *tcslab_page_span(const struct page *page)
{
	return (struct tcslab_span *)page->lru.next;
}

static inline void tcslab_page_map(struct page *page, struct tcslab_span *span,
				   struct tcslab_cache *cache, unsigned long key)
{
	page->lru.next = (struct list_head *)span;
	/* A bad free may look at any time; it sees the old or the new owner. */
	WRITE_ONCE(tcslab_page_key(page), key);
	WRITE_ONCE(page->private, (unsigned long)cache);
}

static inline void *tcslab_span_base(const struct tcslab_span *span)
{
	return page_address(span->page);
}

/*
 * The span of the large object in use that @inside is in, or NULL.  Only for who knows that nobody
 * frees it meanwhile, or has found a mistake.
 */
struct tcslab_span *tcslab_large_around(const void *inside);

/* Of @cache's objects on @node, see tcslab_is_object(). */
static inline u64 tcslab_factor(const struct tcslab_cache *cache, int node)
{
	return cache->factor + node;
}

static inline unsigned long tcslab_span_key(const struct tcslab_span *span,
					    const struct tcslab_cache *cache)
{
	return (unsigned long)kasan_reset_tag(span->base) *
	       tcslab_factor(cache, page_to_nid(span->page));
}

static inline int tcslab_span_node(const struct tcslab_span *span)
{
	return page_to_nid(span->page);
}

/*
 * Index of the object at @offset bytes into a span: offset / size by a
 * multiplication with 2^40 / size rounded up, which is exact while
 * offset * size < 2^40, and spans are shorter than 2^20 bytes (Go: divMagic).
 */
#define TCSLAB_RECIP_SHIFT	40

static inline unsigned int tcslab_span_index(const struct tcslab_cache *cache,
					     unsigned long offset)
{
	return (offset * cache->recip) >> TCSLAB_RECIP_SHIFT;
}

/*
 * The same for offsets that ought to be the start of an object: for any other, the
 * result is larger than any index.  A size is odd << shift; dividing a multiple by
 * the odd part is multiplying with its inverse modulo 2^32, everything else lands
 * above 2^32 / size (Granlund and Montgomery).
 */
static inline u32 tcslab_exact_index(const struct tcslab_cache *cache, u32 offset)
{
	return ror32(offset * cache->inverse, cache->shift);
}

#endif /* TCSLAB_SPAN_H */
