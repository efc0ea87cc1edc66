// SPDX-License-Identifier: GPL-2.0
/* The slots of a reserve; see slots.h */
#include <linux/minmax.h>
#include <linux/preempt.h>

#include "base/lock.h"
#include "slots.h"

#define WAKE_AT_ONCE	16U	/* in one interrupt */

/* The head of a stack: the first slot below, the number of changes above. */
static u32 first_of(s64 head)
{
	return lower_32_bits(head);
}

static s64 changed(s64 head, u32 first)
{
	return (s64)((u64)(upper_32_bits(head) + 1) << 32 | first);
}

static struct tcslab_slot *pop(struct tcslab_reserve *reserve, atomic64_t *stack)
{
	struct tcslab_slot *slot = NULL;
	s64 head;

	preempt_disable();
	head = atomic64_read(stack);
	do {
		if (first_of(head) == TCSLAB_NO_SLOT) {
			slot = NULL;
			break;
		}
		/* It may be somebody else's by now; then @head is another one, too. */
		slot = &reserve->slots[first_of(head)];
	} while (!atomic64_try_cmpxchg(stack, &head, changed(head, READ_ONCE(slot->next))));
	preempt_enable();
	return slot;
}

static void push(struct tcslab_reserve *reserve, atomic64_t *stack, struct tcslab_slot *slot)
{
	s64 head;

	preempt_disable();
	head = atomic64_read(stack);
	do {
		WRITE_ONCE(slot->next, first_of(head));
	} while (!atomic64_try_cmpxchg(stack, &head, changed(head, slot - reserve->slots)));
	preempt_enable();
}

void *tcslab_slots_take(struct tcslab_reserve *reserve)
{
	struct tcslab_slot *slot = pop(reserve, &reserve->full);
	void *obj;

	if (!slot)
		return NULL;
	obj = slot->obj;
	atomic_dec(&reserve->left);
	push(reserve, &reserve->vacant, slot);
	return obj;
}

bool tcslab_slots_fill(struct tcslab_reserve *reserve, void *obj)
{
	struct tcslab_slot *slot = pop(reserve, &reserve->vacant);

	if (!slot)
		return false;
	slot->obj = obj;
	/* First, so that it is never less than nothing. */
	atomic_inc(&reserve->left);
	push(reserve, &reserve->full, slot);
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

void tcslab_slots_init(struct tcslab_reserve *reserve, struct tcslab_cache *cache, unsigned int n)
{
	u32 i;

	reserve->cache = cache;
	reserve->n = n;
	for (i = 0; i < n; i++)
		reserve->slots[i].next = i + 1 < n ? i + 1 : TCSLAB_NO_SLOT;
	atomic64_set(&reserve->full, TCSLAB_NO_SLOT);
	atomic64_set(&reserve->vacant, 0);
	init_swait_queue_head(&reserve->waiting);
	reserve->wake = IRQ_WORK_INIT_HARD(wake_some);
}

void tcslab_slots_exit(struct tcslab_reserve *reserve)
{
	irq_work_sync(&reserve->wake);
}
