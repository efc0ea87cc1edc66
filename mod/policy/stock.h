/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free spans for those who may not ask the kernel for pages
 *
 * On PREEMPT_RT the page allocator and kmalloc take sleeping locks: under a raw lock
 * and in a hard interrupt there is only what the page heap has.  So it keeps a stock
 * there, and a worker refills it when it runs low.
 */
#ifndef TCSLAB_STOCK_H
#define TCSLAB_STOCK_H

#include <linux/kconfig.h>

#ifdef CONFIG_PREEMPT_RT
/* Fill the stock; task context.  Later it happens by itself. */
int tcslab_stock_init(void);
void tcslab_stock_exit(void);

/* A stock is low.  Any context. */
void tcslab_stock_wanted(void);
#else
static inline int tcslab_stock_init(void) { return 0; }
static inline void tcslab_stock_exit(void) { }
static inline void tcslab_stock_wanted(void) { }
#endif

#endif /* TCSLAB_STOCK_H */
