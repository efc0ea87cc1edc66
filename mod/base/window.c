// SPDX-License-Identifier: GPL-2.0
/* What tests may do to load and unload; not part of a module that is built without them */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/string.h>

#include "window.h"

static char *window = "";
module_param(window, charp, 0400);
MODULE_PARM_DESC(window, "for tests: which window of load and unload is held open");

static unsigned int window_ms = 10000;
module_param(window_ms, uint, 0400);
MODULE_PARM_DESC(window_ms, "for tests: for how long at most");

static char *fail = "";
module_param(fail, charp, 0400);
MODULE_PARM_DESC(fail, "for tests: after which step the load fails");

static void wait_for_cpus(bool all, unsigned long end)
{
	while ((num_online_cpus() == num_present_cpus()) != all && time_before(jiffies, end))
		usleep_range(500, 1000);
}

/* It closes when a CPU is just about to be gone, so that what its callback does comes late. */
void tcslab_window(const char *name)
{
	unsigned long end = jiffies + msecs_to_jiffies(window_ms);

	if (strcmp(name, window))
		return;
	pr_notice("tcslab: window %s is open\n", name);
	msleep(100);
	wait_for_cpus(true, end);
	wait_for_cpus(false, end);
	pr_notice("tcslab: window %s is closed\n", name);
}

bool tcslab_window_fails(const char *name)
{
	return !strcmp(name, fail);
}
