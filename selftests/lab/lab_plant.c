// SPDX-License-Identifier: GPL-2.0
/*
 * Plants one bug of each kind that the lab must call a failure.
 *
 * Loading the module with what=<bug> commits it in the loading task and in nothing else, so that a
 * guest is as good as new after the bugs that leave no damage.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

static char *what = "";
module_param(what, charp, 0400);
MODULE_PARM_DESC(what, "use-after-free, lock-inversion, data-race, leak, warning, late, oops or hang");

static int plant_use_after_free(void)
{
	char *object = kmalloc(64, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	kfree(object);
	/* The compiler must not see that the object is gone. */
	OPTIMIZER_HIDE_VAR(object);
	WRITE_ONCE(object[8], 1);
	return 0;
}

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);

static int plant_lock_inversion(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);

	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
	return 0;
}

static unsigned long raced;

static int race(void *unused)
{
	while (!kthread_should_stop()) {
		raced++;
		cond_resched();
	}
	return 0;
}

static int plant_data_race(void)
{
	struct task_struct *racers[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(racers); i++) {
		racers[i] = kthread_create(race, NULL, "lab_race/%d", i);
		if (IS_ERR(racers[i]))
			return PTR_ERR(racers[i]);
		kthread_bind(racers[i], i);
		wake_up_process(racers[i]);
	}
	msleep(3000);
	for (i = 0; i < ARRAY_SIZE(racers); i++)
		kthread_stop(racers[i]);
	pr_info("raced to %lu\n", raced);
	return 0;
}

/* Many: the allocator's per-CPU arrays still have the addresses of the last ones. */
static int plant_leak(void)
{
	int i;

	for (i = 0; i < 500; i++)
		if (!kmalloc(123, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static int plant_warning(void)
{
	WARN(1, "planted\n");
	return 0;
}

static void warn_late(struct work_struct *work)
{
	WARN(1, "planted\n");
}

static DECLARE_DELAYED_WORK(late_work, warn_late);

/* When the test has ended and said that all is well. */
static int plant_late(void)
{
	schedule_delayed_work(&late_work, 2 * HZ);
	return 0;
}

static int plant_oops(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
	return 0;
}

/* Nothing but the time limit ends this one: this CPU takes no interrupt any more. */
static int plant_hang(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
	return 0;
}

static const struct {
	const char *name;
	int (*plant)(void);
} plants[] = {
	{ "use-after-free", plant_use_after_free },
	{ "lock-inversion", plant_lock_inversion },
	{ "data-race", plant_data_race },
	{ "leak", plant_leak },
	{ "warning", plant_warning },
	{ "late", plant_late },
	{ "oops", plant_oops },
	{ "hang", plant_hang },
};

static int __init lab_plant_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(plants); i++)
		if (!strcmp(what, plants[i].name))
			return plants[i].plant();
	return -EINVAL;
}
module_init(lab_plant_init);

static void __exit lab_plant_exit(void)
{
	cancel_delayed_work_sync(&late_work);
}
module_exit(lab_plant_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The tcslab developers");
MODULE_DESCRIPTION("Plants one bug of each kind for the lab to find");
