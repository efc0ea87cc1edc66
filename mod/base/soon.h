/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work that anybody may ask for
 *
 * Waking a worker takes locks that the caller may hold: so a hard interrupt does it, a moment
 * later.  It comes for as long as the CPU is online.
 */
#ifndef TCSLAB_SOON_H
#define TCSLAB_SOON_H

#include <linux/irq_work.h>
#include <linux/workqueue.h>

/**
 * struct tcslab_soon - one such work
 * @irq: wakes the worker
 * @work: what is to be done
 */
struct tcslab_soon {
	struct irq_work irq;
	struct work_struct work;
};

void tcslab_soon_wake(struct irq_work *irq);

#define DEFINE_TCSLAB_SOON(name, func)					\
	struct tcslab_soon name = {					\
		.irq = IRQ_WORK_INIT_HARD(tcslab_soon_wake),		\
		.work = __WORK_INITIALIZER((name).work, func),		\
	}

/* Once for all who ask before it begins.  Any context. */
void tcslab_soon(struct tcslab_soon *soon);

/* Nobody asks any more: it does not run after this.  Task context. */
void tcslab_soon_cancel(struct tcslab_soon *soon);

#endif /* TCSLAB_SOON_H */
