// SPDX-License-Identifier: GPL-2.0
/*
 * A user of tcslab that goes while what it did is still on its way: each CPU has objects in its
 * arrays and others that wait for a grace period, given from a task and with interrupts off, and
 * caches of a low zone are being made
 */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include <linux/tcslab.h>

#define OBJS		100
#define LOW_SIZES	8	/* from 16 bytes, each twice the last */

struct element {
	struct rcu_head rcu;
	char rest[100];
};

static long use(void *unused)
{
	struct element *objs[OBJS];
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < LOW_SIZES; i++)
		tcslab_free(tcslab_alloc(16 << i, GFP_ATOMIC | GFP_DMA32));
	for (i = 0; i < OBJS; i++)
		objs[i] = tcslab_alloc(sizeof(*objs[i]), GFP_KERNEL);
	for (i = 0; i < OBJS; i++) {
		if (!objs[i])
			continue;
		if (i % 3 == 0) {
			tcslab_free(objs[i]);
		} else if (i % 3 == 1) {
			tcslab_free_rcu(objs[i], rcu);
		} else {
			local_irq_save(flags);
			tcslab_free_rcu(objs[i], rcu);
			local_irq_restore(flags);
		}
	}
	return 0;
}

static int __init inflight_init(void)
{
	return 0;
}

static void __exit inflight_exit(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		work_on_cpu(cpu, use, NULL);
}

module_init(inflight_init);
module_exit(inflight_exit);

MODULE_DESCRIPTION("tcslab test: a user that leaves in a hurry");
MODULE_LICENSE("GPL");
