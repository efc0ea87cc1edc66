/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The raw locks of all tiers, and calls from inside of our own locked sections
 *
 * An NMI, a kprobe or a tracepoint's handler may run while its CPU holds one of our
 * raw locks, or waits for one.  Such a call must not wait for any of them: who holds
 * it may be the interrupted code, or somebody who waits for that.  It takes a lock
 * only if it is free, allocates from what is at hand, and parks what it frees (see
 * middle/park.h).
 *
 * So all locks of the tiers are taken through tcslab_lock_irqsave().
 */
#ifndef TCSLAB_LOCK_H
#define TCSLAB_LOCK_H

#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

/* Raw locks of ours that this CPU holds or waits for; read with interrupts off. */
DECLARE_PER_CPU(unsigned int, tcslab_lock_depth);

#define tcslab_lock_irqsave(lock, flags) do {		\
	local_irq_save(flags);				\
	__this_cpu_inc(tcslab_lock_depth);		\
	raw_spin_lock(lock);				\
} while (0)

#define tcslab_unlock_irqrestore(lock, flags) do {	\
	raw_spin_unlock(lock);				\
	__this_cpu_dec(tcslab_lock_depth);		\
	local_irq_restore(flags);			\
} while (0)

/* True if the caller must not wait for a lock of ours. */
static inline bool tcslab_must_not_wait(void)
{
	/* The sections run with interrupts off: who finds them so cannot migrate. */
	return in_nmi() || (irqs_disabled() && raw_cpu_read(tcslab_lock_depth));
}

/* With one CPU the kernel's spinlocks are nothing: any lock that is held may be this one. */
#define tcslab_trylock(lock) \
	((IS_ENABLED(CONFIG_SMP) || !raw_cpu_read(tcslab_lock_depth)) && raw_spin_trylock(lock))

/* Take @lock; who may not wait, as @may_wait says after interrupts are off, only if it is free. */
#define tcslab_lock_if_irqsave(lock, flags, may_wait) ({	\
	raw_spinlock_t *__lock = (lock);		\
	unsigned long __flags;				\
	bool __locked = true;				\
							\
	local_irq_save(__flags);			\
	if (likely(may_wait)) {				\
		__this_cpu_inc(tcslab_lock_depth);	\
		raw_spin_lock(__lock);			\
	} else if (tcslab_trylock(__lock)) {		\
		__this_cpu_inc(tcslab_lock_depth);	\
	} else {					\
		local_irq_restore(__flags);		\
		__locked = false;			\
	}						\
	(flags) = __flags;				\
	__locked;					\
})

/* Take @lock, or return false if the caller must not wait for it. */
#define tcslab_may_lock_irqsave(lock, flags) \
	tcslab_lock_if_irqsave(lock, flags, !tcslab_must_not_wait())

/*
 * On PREEMPT_RT the page allocator takes sleeping locks; elsewhere a probe may have interrupted
 * who holds its locks.  So nobody calls it without reclaim flags, as SLUB wants it from 6.18
 * on.  GFP_DMA alone is an old habit of drivers.
 */
static inline bool tcslab_may_call_kernel(gfp_t gfp)
{
	return (gfp & (__GFP_RECLAIM | GFP_ZONEMASK)) &&
	       (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible());
}

/*
 * True on a CPU that has gone offline.  Its last irq_works may have run: one that is queued now
 * stays pending for ever, and cannot be queued again.  What it was to do is done when the CPU
 * is dead.
 */
static inline bool tcslab_cpu_is_gone(void)
{
	unsigned int cpu = raw_smp_processor_id();

	return unlikely(!cpu_online(cpu)) && cpu_dying(cpu);
}

static inline void tcslab_irq_work_queue(struct irq_work *work)
{
	if (!tcslab_cpu_is_gone())
		irq_work_queue(work);
}

#endif /* TCSLAB_LOCK_H */
