// SPDX-License-Identifier: GPL-2.0
/* Frees that wait for a grace period: how they come to where they wait; see rcu.c */
#include <linux/irqflags.h>
#include <linux/kmemleak.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "base/lock.h"
#include "debug/guard.h"
#include "free.h"
#include "rcu_backlog.h"

/* False without memory for a bundle.  Any context that @gfp allows. */
static bool add(void *obj, gfp_t gfp)
{
	enum tcslab_added added;
	void *room = NULL;

	kmemleak_ignore(obj);	/* the only pointer to it may be one of RCU's */
	added = tcslab_backlog_add(obj, &room);
	if (added == TCSLAB_NOT_ADDED) {
		room = tcslab_alloc(TCSLAB_BUNDLE_ROOM, gfp | __GFP_NOWARN);
		added = tcslab_backlog_add(obj, &room);
		/* We came to another CPU, or an interrupt was faster. */
		tcslab_free(room);
	}
	if (added == TCSLAB_ADDED_FIRST) {
		tcslab_rcu_wake();
	} else if (added == TCSLAB_ADDED_LAST) {
		tcslab_rcu_hurry(false);
		/* One for each that was filled, some if we may be preempted: it shrinks. */
		if (!irqs_disabled())
			tcslab_backlog_reap_some(preemptible() ? 4 : 1);
	}
	return added != TCSLAB_NOT_ADDED;
}

/* What is wrong with freeing @obj, guarded or not. */
static enum tcslab_mistake mistake_of(const void *obj)
{
	if (unlikely(tcslab_in_guards(obj)))
		return tcslab_owner_of(obj) == &tcslab_no_cache ? TCSLAB_NO_OBJECT : TCSLAB_RIGHT;
	return tcslab_mistake_of(NULL, obj);
}

/* See tcslab_free_rcu(), which checks what the compiler can check. */
void __tcslab_free_rcu(void *head, void *obj)
{
	/* On PREEMPT_RT a tracer can be inside of the page allocator with interrupts on. */
	gfp_t gfp = IS_ENABLED(CONFIG_PREEMPT_RT) || irqs_disabled() ? 0 : GFP_NOWAIT;
	enum tcslab_mistake mistake = mistake_of(obj);
	bool no_memory = false;

	/* Its head is not to be written to. */
	if (unlikely(mistake)) {
		if (tcslab_in_guards(obj))
			tcslab_free_odd(obj, _RET_IP_);
		else
			tcslab_refuse(NULL, obj, mistake, _RET_IP_);
		return;
	}
	if (likely(!tcslab_must_not_wait())) {
		if (add(obj, gfp))
			return;
		no_memory = !!gfp;
	}
	tcslab_backlog_add_head(head);
	tcslab_rcu_hurry(no_memory);
}
EXPORT_SYMBOL_GPL(__tcslab_free_rcu);

/**
 * tcslab_free_rcu_mightsleep() - free an object without an rcu_head after a grace
 *	period
 * @obj: as for tcslab_free(); NULL is ignored
 *
 * Waits for the grace period itself when there is no memory to remember @obj.
 *
 * Context: task, may sleep.
 */
void tcslab_free_rcu_mightsleep(const void *obj)
{
	enum tcslab_mistake mistake;

	might_sleep();
	if (ZERO_OR_NULL_PTR(obj))
		return;
	mistake = mistake_of(obj);
	if (unlikely(mistake)) {
		if (tcslab_in_guards(obj))
			tcslab_free_odd(obj, _RET_IP_);
		else
			tcslab_refuse(NULL, obj, mistake, _RET_IP_);
		return;
	}
	if (add((void *)obj, GFP_KERNEL | __GFP_NORETRY))
		return;
	synchronize_rcu();
	tcslab_free(obj);
}
EXPORT_SYMBOL_GPL(tcslab_free_rcu_mightsleep);
