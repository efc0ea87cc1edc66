// SPDX-License-Identifier: GPL-2.0
/*
 * One allocation of the init of tcslab.ko fails: the one whose number is in the parameter nth
 *
 * Afterwards left says how many more there would have had to be, 0 when one failed.
 * insmod may try twice, in two ways: both fail.
 */
#include <linux/module.h>
#include <linux/notifier.h>

#include "fail_nth.h"

static unsigned int nth, left;
module_param(nth, uint, 0600);
MODULE_PARM_DESC(nth, "which allocation fails, 0: none");
module_param(left, uint, 0400);
MODULE_PARM_DESC(left, "allocations that were missing until one failed");

static bool loading;

/* By the task that loads the module: it comes, then it is live or goes. */
static int module_changes(struct notifier_block *nb, unsigned long state, void *module)
{
	if (strcmp(((struct module *)module)->name, "tcslab"))
		return NOTIFY_OK;
	if (state == MODULE_STATE_COMING) {
		fail_nth(nth);
		loading = true;
	} else if (loading) {
		left = fail_nth_left();
		loading = false;
	}
	return NOTIFY_OK;
}

/* The last that is told before the init runs. */
static struct notifier_block notifier = {
	.notifier_call = module_changes, .priority = INT_MIN,
};

static int __init fail_init_init(void)
{
	return register_module_notifier(&notifier);
}

static void __exit fail_init_exit(void)
{
	unregister_module_notifier(&notifier);
}

module_init(fail_init_init);
module_exit(fail_init_exit);

MODULE_DESCRIPTION("tcslab test: a load that fails");
MODULE_LICENSE("GPL");
