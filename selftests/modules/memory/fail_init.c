// SPDX-License-Identifier: GPL-2.0
/*
 * One allocation of the init of tcslab.ko fails: the one whose number is in the parameter nth
 *
 * Afterwards left says how many more there would have had to be, 0 when one failed.
 * insmod may try twice, in two ways: both fail.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/notifier.h>

#include "fail_nth.h"

static unsigned int nth, left;
module_param(nth, uint, 0600);
MODULE_PARM_DESC(nth, "which allocation fails, 0: none");
module_param(left, uint, 0400);
MODULE_PARM_DESC(left, "allocations that were missing until one failed");

static struct module *loading;

static int module_changes(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *module = data;

	if (!strcmp(module->name, "tcslab"))
		loading = state == MODULE_STATE_COMING ? module : NULL;
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = module_changes };

/* What the loader allocates before and after is none of our business. */
static int init_begins(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (!loading || regs_get_kernel_argument(regs, 0) != (unsigned long)loading->init)
		return 1;
	fail_nth(nth);
	return 0;
}

static int init_ends(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	left = fail_nth_left();
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "do_one_initcall",
	.entry_handler = init_begins,
	.handler = init_ends,
};

static int __init fail_init_init(void)
{
	int err = register_module_notifier(&notifier);

	if (err)
		return err;
	err = register_kretprobe(&probe);
	if (err)
		unregister_module_notifier(&notifier);
	return err;
}

static void __exit fail_init_exit(void)
{
	unregister_kretprobe(&probe);
	unregister_module_notifier(&notifier);
}

module_init(fail_init_init);
module_exit(fail_init_exit);

MODULE_DESCRIPTION("tcslab test: a load that fails");
MODULE_LICENSE("GPL");
