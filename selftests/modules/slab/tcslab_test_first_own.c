// SPDX-License-Identifier: GPL-2.0
/* A file that defines pr_fmt(), as most do; <linux/tcslab_slab.h> comes before it, by -include. */
#define pr_fmt(fmt) KBUILD_MODNAME ": own: " fmt
#define dev_fmt(fmt) "own: " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "tcslab_test_first.h"

void first_own(void)
{
	char *text = kstrdup("text", GFP_KERNEL);

	pr_info("plain\n");
	pr_warn("%s of %d\n", text, 1);
	pr_notice_once("once\n");
	pr_err_ratelimited("ratelimited\n");
	pr_debug("debug %d\n", 1);
	pr_debug_ratelimited("debug, ratelimited\n");
	pr_devel("devel\n");
	pr_debug_once("debug, once\n");
	kfree(text);
}
