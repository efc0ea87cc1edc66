// SPDX-License-Identifier: GPL-2.0
/* The worker that keeps free spans in stock on PREEMPT_RT; see stock.h */
#include <linux/nodemask.h>

#include "back/page_heap.h"
#include "base/soon.h"
#include "stock.h"

static void fill(struct work_struct *work)
{
	int node;

	/* The low zones are too small to be parked. */
	for_each_node_state(node, N_MEMORY)
		tcslab_page_heap_stock(node, TCSLAB_ZONE_NORMAL, TCSLAB_STOCK_PAGES,
				       TCSLAB_STOCK_SPARES);
}

static DEFINE_TCSLAB_SOON(fill_soon, fill);

void tcslab_stock_wanted(void)
{
	tcslab_soon(&fill_soon);
}

int __init tcslab_stock_init(void)
{
	fill(NULL);
	return 0;
}

void tcslab_stock_exit(void)
{
	tcslab_soon_cancel(&fill_soon);
}
