/* SPDX-License-Identifier: GPL-2.0 */
/* Frees that wait for a grace period. */
#ifndef TCSLAB_RCU_H
#define TCSLAB_RCU_H

int tcslab_rcu_init(void);

/* Look after what a CPU that is dead could not ask for. */
void tcslab_rcu_cpu_dead(void);

/*
 * After the last user and the hotplug callback are gone; no callback of ours runs any more when
 * it returns.
 */
void tcslab_rcu_exit(void);

#endif /* TCSLAB_RCU_H */
