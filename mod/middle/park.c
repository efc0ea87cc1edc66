// SPDX-License-Identifier: GPL-2.0
/* Parked frees; see park.h */
#include <linux/cpu.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mutex.h>

#include "back/span.h"
#include "base/lock.h"
#include "base/report.h"
#include "debug/guard.h"
#include "debug/hard.h"
#include "debug/shadow.h"
#include "central_lists.h"
#include "mistakes.h"
#include "park.h"

#define AT_ONCE	32	/* in one interrupt */

/**
 * struct parked - what one CPU has parked
 * @objs: links inside of free objects
 * @refused: a pointer that was no object, to be reported; or NULL
 * @cache: that it was freed to
 * @caller: by whom, or 0
 * @work: empties the lists on its own CPU, in hard interrupt context on PREEMPT_RT
 *	too: the thread that does it there otherwise stops before its CPU goes
 *
 * Added to from any context, emptied by @work only, or when the CPU is dead.
 */
struct parked {
	struct llist_head objs;
	void *refused;
	struct tcslab_cache *cache;
	unsigned long caller;
	struct irq_work work;
};

static DEFINE_PER_CPU(struct parked, parked);

static void unpark_obj(struct llist_node *link)
{
	struct tcslab_cache *cache = tcslab_cache_of(link);
	void *obj = tcslab_object_around(link);

	if (!obj)	/* freed twice, and gone with its span after the first time */
		return;
	if (cache == tcslab_large_cache) {
		tcslab_central_hooks->free_large(obj);
		return;
	}
	/* Leave the object as its next owner, or a reader, expects it. */
	memset(link, 0, sizeof(*link));
	if (cache->ctor && !tcslab_park_offset(cache)) {
		tcslab_shadow_open(cache, obj);
		cache->ctor(obj);
	}
	if (tcslab_is_hard(cache))
		tcslab_hard_mark(cache, obj);
	tcslab_shadow_close_again(cache, obj);
	tcslab_central_free(cache, page_to_nid(virt_to_page(obj)), &obj, 1, 0);
}

/* It is looked at once more: what came with it may be of another one. */
static void tell_refused(struct parked *p)
{
	struct tcslab_cache *cache = READ_ONCE(p->cache);
	unsigned long caller = READ_ONCE(p->caller);
	void *refused = xchg(&p->refused, NULL);

	if (refused)
		tcslab_mistake_report(cache, refused, tcslab_mistake_of(cache, refused) ?:
				      TCSLAB_TWICE, caller);
}

/* Up to @n objects; true if that was all. */
static bool unpark(struct parked *p, unsigned int n)
{
	struct llist_node *link;

	tell_refused(p);
	while (n--) {
		link = llist_del_first(&p->objs);
		if (!link)
			return true;
		unpark_obj(link);
	}
	return llist_empty(&p->objs);
}

static void unpark_local(struct irq_work *work)
{
	/* Others want to be served in between. */
	if (!unpark(container_of(work, struct parked, work), AT_ONCE))
		tcslab_irq_work_queue(work);
}

/* Not to be written to; and an NMI is no place to print. */
static void park_mistake(struct parked *p, struct tcslab_cache *cache, const void *obj,
			 unsigned long caller)
{
	WRITE_ONCE(p->cache, cache);
	WRITE_ONCE(p->caller, caller);
	WRITE_ONCE(p->refused, (void *)obj);
}

void tcslab_park(struct tcslab_cache *cache, void *obj)
{
	struct parked *p;

	if (tcslab_guard_free_later(obj))
		return;
	preempt_disable();
	p = this_cpu_ptr(&parked);
	if (likely(cache == tcslab_large_cache || tcslab_central_owns(cache, obj))) {
		tcslab_shadow_open_link(obj + tcslab_park_offset(cache));
		llist_add(obj + tcslab_park_offset(cache), &p->objs);
	} else {
		park_mistake(p, cache, obj, 0);
	}
	tcslab_irq_work_queue(&p->work);
	preempt_enable();
}

void tcslab_park_mistake(struct tcslab_cache *cache, const void *obj, unsigned long caller)
{
	struct parked *p;

	preempt_disable();
	p = this_cpu_ptr(&parked);
	park_mistake(p, cache, obj, caller);
	tcslab_irq_work_queue(&p->work);
	preempt_enable();
}

/* A glance: what is added meanwhile is not waited for. */
static bool has_parked(const struct parked *p)
{
	return !llist_empty(&p->objs) || READ_ONCE(p->refused);
}

/*
 * What is parked where no interrupt comes any more is for the hotplug callback; without it,
 * at unload, for whoever comes here.
 */
static void unpark_offline(void)
{
	static DEFINE_MUTEX(one);	/* a list is emptied by one at a time */
	int cpu;

	cpus_read_lock();	/* and by no callback meanwhile */
	mutex_lock(&one);
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			tcslab_unpark_dead(cpu);
	mutex_unlock(&one);
	cpus_read_unlock();
}

bool tcslab_unpark_online(void)
{
	bool more = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		irq_work_sync(per_cpu_ptr(&parked.work, cpu));
		more |= !cpu_online(cpu) && has_parked(per_cpu_ptr(&parked, cpu));
	}
	return more;
}

void tcslab_unpark(void)
{
	if (tcslab_unpark_online())
		unpark_offline();
}

void tcslab_unpark_dead(unsigned int cpu)
{
	unpark(per_cpu_ptr(&parked, cpu), UINT_MAX);
}

/* Before 6.16 a module's per-CPU variables cannot have pointers to begin with. */
void __init tcslab_park_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(parked.work, cpu) = IRQ_WORK_INIT_HARD(unpark_local);
}
