/* SPDX-License-Identifier: GPL-2.0 */
/* CPUs that come and go. */
#ifndef TCSLAB_HOTPLUG_H
#define TCSLAB_HOTPLUG_H

int tcslab_hotplug_init(void);

/*
 * No callback of ours runs any more when it returns, and none will.  What a CPU that goes from
 * here on leaves, stays: tcslab_unpark() and tcslab_cache_exit() look after it.
 */
void tcslab_hotplug_exit(void);

#endif /* TCSLAB_HOTPLUG_H */
