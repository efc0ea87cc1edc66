// SPDX-License-Identifier: GPL-2.0
/* The worker that keeps free spans in stock on PREEMPT_RT; see stock.h */
#include <linux/irq_work.h>
#include <linux/nodemask.h>
#include <linux/workqueue.h>

#include "back/page_heap.h"
#include "base/compat.h"
#include "base/lock.h"
#include "stock.h"

static void fill(struct work_struct *work)
{
	int node;

	/* The low zones are too small to be parked. */
	for_each_node_state(node, N_MEMORY)
		tcslab_page_heap_stock(node, TCSLAB_ZONE_NORMAL, TCSLAB_STOCK_PAGES,
				       TCSLAB_STOCK_SPARES);
}

static DECLARE_WORK(fill_work, fill);

/*
 * Waking a worker takes locks that the caller may hold: from a hard interrupt then,
 * which comes for as long as the CPU is online; queue_work() may be called there.
 */
static void wake_filler(struct irq_work *work)
{
	queue_work(system_dfl_wq, &fill_work);
}

static struct irq_work wake_work = IRQ_WORK_INIT_HARD(wake_filler);

void tcslab_stock_wanted(void)
{
	tcslab_irq_work_queue(&wake_work);
}

int __init tcslab_stock_init(void)
{
	fill(NULL);
	return 0;
}

void tcslab_stock_exit(void)
{
	irq_work_sync(&wake_work);
	cancel_work_sync(&fill_work);
}
