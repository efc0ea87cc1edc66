// SPDX-License-Identifier: GPL-2.0
/* A file whose pr_fmt() makes several arguments, after -include linux/tcslab_slab.h. */
#define pr_fmt(fmt) "call: %s at %d: " fmt, __func__, __LINE__

#include <linux/module.h>
#include <linux/slab.h>

#include "tcslab_test_first.h"

void first_call(void)
{
	char *text = kstrdup("text", GFP_KERNEL);

	pr_info("plain\n");
	pr_warn("%s of %d\n", text, 1);
	pr_notice_once("once\n");
	pr_err_ratelimited("ratelimited\n");
	pr_debug("debug %d\n", 1);
	pr_devel("devel\n");
	pr_debug_once("debug, once\n");
	kfree(text);
}
