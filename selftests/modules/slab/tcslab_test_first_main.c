// SPDX-License-Identifier: GPL-2.0
/* What files print that were built with -include linux/tcslab_slab.h; the shell looks. */
#include <linux/module.h>

#include "tcslab_test_first.h"

static int __init first_init(void)
{
	first_own();
	first_call();
	first_none();
	return 0;
}

static void __exit first_exit(void)
{
}

module_init(first_init);
module_exit(first_exit);

MODULE_DESCRIPTION("tcslab test: tcslab_slab.h before everything else");
MODULE_LICENSE("GPL");
