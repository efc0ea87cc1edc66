// SPDX-License-Identifier: GPL-2.0
/* Parked frees; see nested.h */
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/mm.h>

#include "cache.h"
#include "central.h"
#include "nested.h"
#include "span.h"

DEFINE_PER_CPU(unsigned int, tcslab_lock_depth);

/**
 * struct parked - what one CPU has parked
 * @list: links inside of free objects, added to from any context
 * @work: empties the list on its own CPU
 */
struct parked {
	struct llist_head list;
	struct irq_work work;
};

static DEFINE_PER_CPU(struct parked, parked);

static void unpark(struct llist_node *link)
{
	struct tcslab_cache *cache = tcslab_cache_of(link);
	void *obj = tcslab_object_around(link);

	if (cache == tcslab_large_cache) {
		tcslab_free_slow(obj);
		return;
	}
	/* Leave the object as its next owner, or a reader, expects it. */
	memset(link, 0, sizeof(*link));
	if (cache->ctor && !tcslab_park_offset(cache))
		cache->ctor(obj);
	tcslab_central_free(cache, page_to_nid(virt_to_page(obj)), &obj, 1);
}

static void unpark_list(struct parked *p)
{
	struct llist_node *link, *next;

	llist_for_each_safe(link, next, llist_del_all(&p->list))
		unpark(link);
}

static void unpark_local(struct irq_work *work)
{
	unpark_list(container_of(work, struct parked, work));
}

void tcslab_park(struct tcslab_cache *cache, void *obj)
{
	struct parked *p;

	preempt_disable();
	p = this_cpu_ptr(&parked);
	if (llist_add(obj + tcslab_park_offset(cache), &p->list))
		irq_work_queue(&p->work);
	preempt_enable();
}

void tcslab_unpark(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(per_cpu_ptr(&parked.work, cpu));
}

void tcslab_unpark_dead(unsigned int cpu)
{
	unpark_list(per_cpu_ptr(&parked, cpu));
}

/* Before 6.16 a module's per-CPU variables cannot have pointers to begin with. */
void __init tcslab_nested_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		init_irq_work(per_cpu_ptr(&parked.work, cpu), unpark_local);
}
