// SPDX-License-Identifier: GPL-2.0
/*
 * The pool of guarded objects; see guard.h
 *
 * Pages of the pool are in turn a guard and a slot, a guard first and last.  Guards are never
 * there, a slot is for as long as somebody has its object.  The object lies at the left or the
 * right edge of its page, as chance has it, as far right as its alignment lets it; the rest of the
 * page is a pattern, the canary, which is looked at when the object is freed.  Freed slots
 * wait in line for all others before they are used again: the quarantine.
 *
 * Who may do what: a slot in the line is the pool's, under its lock.  Who takes it out has it to
 * himself until he makes it LIVE.  From then on nothing of it changes until somebody makes it
 * LEAVING by a compare and exchange; he alone puts it back, so that of two who free the same
 * object one is wrong.  Nothing of a cache is touched under the lock.
 *
 * Where mappings cannot be changed (architectures other than x86-64) all pages stay, and a free
 * slot is filled with the pattern, which is looked at when the slot is used again.
 *
 * guard_report.c and this file call each other: it says what was found here, and when an access
 * faults it finds out by the die notifier and asks here which slot that was.
 */
#include <linux/irq_work.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>

#include "back/aside.h"
#include "back/span.h"
#include "base/lock.h"
#include "guard.h"
#include "guard_map.h"
#include "guard_slot.h"

#define CANARY		0xa5a4a7a6a1a0a3a2ULL	/* each byte of a word another */
#define MAX_SLOTS	((1U << 9) / 2 - 1)	/* in 2 MiB */

static unsigned int guard_slots = 63;
module_param(guard_slots, uint, 0400);
MODULE_PARM_DESC(guard_slots, "slots for guarded objects, two pages each (1 to 255)");

DEFINE_PER_CPU(bool, tcslab_guard_due);
unsigned long tcslab_guard_start __read_mostly;
unsigned long tcslab_guard_bytes __read_mostly;

static const struct tcslab_guard_hooks *hooks __ro_after_init;
static struct page *pool;
static struct tcslab_guard_slot *slots;
static unsigned int nr_slots, nr_pages;
static bool mapped;	/* all pages stay */

static DEFINE_RAW_SPINLOCK(lock);
static LIST_HEAD(quarantine);	/* under the lock, the oldest first */
static atomic_t nr_live;
static atomic_long_t nr_allocated, nr_skipped;

static void free_late(struct irq_work *work);
static LLIST_HEAD(late);
static struct irq_work late_work;

/* -------------------------------------------------------------------- slots */

/* The slot that @addr is in; NULL in a guard, or outside. */
static struct tcslab_guard_slot *slot_of(const void *addr)
{
	unsigned long page = ((unsigned long)kasan_reset_tag(addr) - tcslab_guard_start) >>
			     PAGE_SHIFT;

	if (!tcslab_in_guards(addr) || !(page & 1) || page / 2 >= nr_slots)
		return NULL;
	return slots + page / 2;
}

static bool is_live(const struct tcslab_guard_slot *slot)
{
	/* Pairs with tcslab_guard_alloc(): then the rest of it can be read. */
	return slot && atomic_read_acquire(&slot->state) == TCSLAB_GUARD_LIVE;
}

struct tcslab_cache *tcslab_guard_cache(const void *inside)
{
	const struct tcslab_guard_slot *slot = slot_of(inside);

	return is_live(slot) ? slot->cache : NULL;
}

void *tcslab_guard_object(const void *inside)
{
	return slot_of(inside)->obj;
}

size_t tcslab_guard_size(const void *inside)
{
	return slot_of(inside)->size;
}

const void *tcslab_guard_instead_of(const void *standin)
{
	unsigned int i;

	if (READ_ONCE(tcslab_guard_bytes))
		for (i = 0; i < nr_slots; i++)
			if (is_live(slots + i) && slots[i].standin == standin)
				return slots[i].obj;
	return standin;
}

/* How far @addr is from the object of a slot, or the last one; -1 if there was none. */
static unsigned long distance(const struct tcslab_guard_slot *slot, unsigned long addr)
{
	unsigned long obj = (unsigned long)slot->obj;

	if (!obj)
		return -1UL;
	return addr < obj ? obj - addr : addr - min(addr, obj + slot->size - 1);
}

struct tcslab_guard_slot *tcslab_guard_blame(unsigned long addr)
{
	struct tcslab_guard_slot *slot = slot_of((void *)addr), *left, *right;

	if (slot || !tcslab_in_guards((void *)addr))
		return slot && slot->obj ? slot : NULL;
	left = slot_of((void *)addr - PAGE_SIZE);
	right = slot_of((void *)addr + PAGE_SIZE);
	if (!left || (right && distance(right, addr) < distance(left, addr)))
		slot = right;
	else
		slot = left;
	return slot && slot->obj ? slot : NULL;
}

/* -------------------------------------------------------------------- canary */

static u8 canary_at(const u8 *p)
{
	const u64 canary = CANARY;

	return ((const u8 *)&canary)[(unsigned long)p % sizeof(canary)];
}

/* The first byte from @p to before @end that was written to, or NULL. */
static const void *first_written(const void *from, const void *end)
{
	const u8 *p = from;

	while (p < (const u8 *)end) {
		if (IS_ALIGNED((unsigned long)p, sizeof(u64)) &&
		    (const void *)p + sizeof(u64) <= end && *(const u64 *)p == CANARY) {
			p += sizeof(u64);
			continue;
		}
		if (*p != canary_at(p))
			return p;
		p++;
	}
	return NULL;
}

static void check_canary(const struct tcslab_guard_slot *slot, unsigned long caller)
{
	const void *bad = first_written(slot->page, slot->obj);

	if (!bad)
		bad = first_written(slot->obj + slot->size, slot->page + PAGE_SIZE);
	if (unlikely(bad))
		tcslab_guard_warn(slot, TCSLAB_GUARD_CANARY, bad, caller);
}

/* --------------------------------------------------------------------- alloc */

static size_t align_of(const struct tcslab_cache *cache, size_t size)
{
	size_t align = cache->align;

	/* As kmalloc() says; where devices want more, all that an object of the class has. */
	if (cache->general && TCSLAB_CLASSES_ARE_CONSTANT)
		align = max(align, size & -size);
	else if (cache->general)
		align = max(align, (size_t)1 << cache->shift);
	return min_t(size_t, align, PAGE_SIZE);
}

/* When the pool becomes full each place of the code may have one of what is left. */
static bool is_covered(u32 site)
{
	unsigned int i;

	if (atomic_read(&nr_live) < nr_slots / 4 * 3)
		return false;
	for (i = 0; i < nr_slots; i++)
		if (is_live(slots + i) && slots[i].site == site)
			return true;
	return false;
}

/* The slot that has been free for longest, out of the line. */
static struct tcslab_guard_slot *take_slot(void)
{
	struct tcslab_guard_slot *slot;
	unsigned long flags;

	tcslab_lock_irqsave(&lock, flags);
	slot = list_first_entry_or_null(&quarantine, struct tcslab_guard_slot, free);
	if (slot)
		list_del(&slot->free);
	tcslab_unlock_irqrestore(&lock, flags);
	return slot;
}

static void place(struct tcslab_guard_slot *slot, const struct tcslab_cache *cache)
{
	/* Nothing that anybody could lean on, but cheap, and in any context. */
	bool right = hash_32((u32)local_clock(), 1);

	slot->obj = slot->page;
	if (right)
		slot->obj += PAGE_SIZE - ALIGN(slot->size, align_of(cache, slot->size));
}

static void initialise(const struct tcslab_guard_slot *slot, const struct tcslab_cache *cache,
		       gfp_t gfp)
{
	memset64(slot->page, CANARY, PAGE_SIZE / sizeof(u64));
	/* Whoever promises it, for frees or allocations, and whatever a constructor leaves out. */
	memset(slot->obj, 0, slot->size);
	if (cache->ctor)
		cache->ctor(slot->obj);
	kmemleak_alloc(slot->obj, slot->size, 1, gfp);
}

void *tcslab_guard_alloc(struct tcslab_cache *cache, void *standin, size_t size, gfp_t gfp)
{
	struct tcslab_track track;
	struct tcslab_guard_slot *slot;
	u32 site;

	/*
	 * What is freed by size is cleared as a whole, and comes into an array without a look at
	 * its page: who gets it from there may have asked for more.
	 */
	size = cache->object_size;
	if (!tcslab_guard_serves(cache) || tcslab_must_not_wait())
		return NULL;
	/* We may have come to another CPU: then it is that one's turn another time. */
	if (!this_cpu_xchg(tcslab_guard_due, false))
		return NULL;
	hooks->consumed();
	/* Pairs with tcslab_guard_make(). */
	if (!smp_load_acquire(&tcslab_guard_bytes))
		return NULL;
	tcslab_track_note(&track);
	site = jhash(track.entries, track.nr * sizeof(track.entries[0]), 0);
	slot = is_covered(site) ? NULL : take_slot();
	if (!slot) {
		atomic_long_inc(&nr_skipped);
		return NULL;
	}
	if (mapped) {
		const void *bad = first_written(slot->page, slot->page + PAGE_SIZE);

		if (unlikely(bad))
			tcslab_guard_warn(slot, TCSLAB_GUARD_POISON, bad, _RET_IP_);
	}
	slot->size = size;
	slot->cache = cache;
	slot->standin = standin;
	strscpy(slot->name, cache->name, sizeof(slot->name));
	slot->site = site;
	slot->alloced = track;
	slot->freed.nr = 0;
	place(slot, cache);
	tcslab_guard_map_set((unsigned long)slot->page, true);
	initialise(slot, cache, gfp);
	atomic_inc(&nr_live);
	atomic_long_inc(&nr_allocated);
	atomic_set_release(&slot->state, TCSLAB_GUARD_LIVE);
	return slot->obj;
}

/* ---------------------------------------------------------------------- free */

/* LEAVING: the slot into the quarantine; its stand-in is the caller's. */
static void retire(struct tcslab_guard_slot *slot, unsigned long caller)
{
	unsigned long flags;

	check_canary(slot, caller);
	if (mapped)
		memset64(slot->page, CANARY, PAGE_SIZE / sizeof(u64));
	else if (want_init_on_free())
		memset(slot->obj, 0, slot->size);
	tcslab_guard_map_set((unsigned long)slot->page, false);
	atomic_dec(&nr_live);
	tcslab_lock_irqsave(&lock, flags);
	atomic_set(&slot->state, TCSLAB_GUARD_FREE);
	list_add_tail(&slot->free, &quarantine);
	tcslab_unlock_irqrestore(&lock, flags);
}

/* The slot of the object at @obj, if it is in use, for the caller to free. */
static struct tcslab_guard_slot *begin_free(const void *obj)
{
	struct tcslab_guard_slot *slot = slot_of(obj);

	if (!is_live(slot) || slot->obj != obj ||
	    atomic_cmpxchg(&slot->state, TCSLAB_GUARD_LIVE, TCSLAB_GUARD_LEAVING) !=
	    TCSLAB_GUARD_LIVE)
		return NULL;
	tcslab_track_note(&slot->freed);
	kmemleak_free(obj);
	return slot;
}

bool tcslab_guard_free(const void *obj, unsigned long caller)
{
	struct tcslab_guard_slot *slot;
	struct tcslab_cache *cache;
	void *standin;

	if (tcslab_must_not_wait())
		return tcslab_guard_free_later((void *)obj);
	slot = begin_free(obj);
	if (likely(slot)) {
		cache = slot->cache;
		standin = slot->standin;
		retire(slot, caller);
		hooks->free(cache, standin);
		return true;
	}
	slot = slot_of(obj);
	if (!slot || !slot->obj)
		return false;
	tcslab_guard_warn(slot, obj == slot->obj ? TCSLAB_GUARD_DOUBLE : TCSLAB_GUARD_INVALID, obj,
			  caller);
	return true;
}

bool tcslab_guard_free_later(void *obj)
{
	struct tcslab_guard_slot *slot = begin_free(obj);

	if (!slot)
		return false;
	llist_add(&slot->late, &late);
	tcslab_irq_work_queue(&late_work);
	return true;
}

static bool free_all_late(void)
{
	struct llist_node *list = llist_del_all(&late);
	struct tcslab_guard_slot *slot, *next;

	llist_for_each_entry_safe(slot, next, list, late) {
		struct tcslab_cache *cache = slot->cache;
		void *standin = slot->standin;

		retire(slot, _THIS_IP_);
		hooks->free_later(cache, standin);
	}
	return list;
}

/* There are never more than slots, and few in one interrupt. */
static void free_late(struct irq_work *work)
{
	free_all_late();
}

bool tcslab_guard_finish(void)
{
	bool some = !llist_empty(&late);

	irq_work_sync(&late_work);
	/* Of a CPU that went. */
	return free_all_late() || some;
}

/* -------------------------------------------------------------------- set-up */

void __init tcslab_guard_init(const struct tcslab_guard_hooks *upper)
{
	hooks = upper;
	/* Before 6.16 a module's variables cannot be initialised so everywhere. */
	late_work = IRQ_WORK_INIT_HARD(free_late);
}

static void hide_pages(unsigned long start)
{
	unsigned int i;

	mapped = !tcslab_guard_map_split(start, nr_pages);
	if (!mapped)
		for (i = 0; i < nr_pages; i++)
			tcslab_guard_map_set(start + i * PAGE_SIZE, false);
}

int tcslab_guard_make(void)
{
	unsigned int n = clamp(guard_slots, 1U, MAX_SLOTS), order, i;
	unsigned long start;
	int err;

	if (pool)
		return 0;
	order = get_order((2 * n + 1) * PAGE_SIZE);
	slots = kvcalloc(n, sizeof(*slots), GFP_KERNEL);
	pool = slots ? tcslab_aside_alloc(order) : NULL;
	if (!pool) {
		kvfree(slots);
		return -ENOMEM;
	}
	nr_pages = 1U << order;
	nr_slots = n;
	start = (unsigned long)kasan_reset_tag(page_address(pool));
	for (i = 0; i < n; i++) {
		slots[i].page = page_address(pool + 2 * i + 1);
		memset64(slots[i].page, CANARY, PAGE_SIZE / sizeof(u64));
		list_add_tail(&slots[i].free, &quarantine);
	}
	hide_pages(start);
	err = mapped ? 0 : tcslab_guard_watch();
	if (err)
		pr_warn("tcslab: faults at guarded objects are not explained: %d\n", err);
	tcslab_guard_start = start;
	/* For tcslab_guard_alloc(): all that was made before. */
	smp_store_release(&tcslab_guard_bytes, nr_pages * PAGE_SIZE);
	return 0;
}

/* Nobody but who leaked an object has anything of ours any more. */
void tcslab_guard_exit(void)
{
	unsigned int i;

	if (!pool)
		return;
	tcslab_guard_finish();
	tcslab_guard_unwatch();
	WRITE_ONCE(tcslab_guard_bytes, 0);
	for (i = 0; i < nr_pages; i++) {
		bool lost = i & 1 && i / 2 < nr_slots && is_live(slots + i / 2);

		tcslab_guard_map_set((unsigned long)page_address(pool + i), true);
		if (lost)
			tcslab_aside_abandon(pool + i, 1);
		else
			tcslab_aside_free(pool + i, 1);
	}
	kvfree(slots);
}

unsigned long tcslab_guard_held_bytes(void)
{
	unsigned long bytes = READ_ONCE(tcslab_guard_bytes);

	return bytes ? bytes + nr_slots * sizeof(*slots) : 0;
}

void tcslab_guard_stats(struct tcslab_guard_stats *stats)
{
	bool made = READ_ONCE(tcslab_guard_bytes);

	*stats = (struct tcslab_guard_stats){
		.allocated = atomic_long_read(&nr_allocated),
		.skipped = atomic_long_read(&nr_skipped),
		.live = atomic_read(&nr_live),
		.slots = made ? nr_slots : 0,
		.reports = tcslab_guard_reports(),
		.mapped = made && mapped,
	};
}
