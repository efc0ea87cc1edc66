#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Hard interrupts and self-IPIs that allocate and free in the middle of the same.
# lab: timeout=180 append="kmemleak=off"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
# Its timers go with the jiffies: as long a time, with fewer interrupts in it.
busy=10000
case $LAB_KERNEL in
x86-32) busy=1500 ;;
esac
run_module tcslab_test_context_irq busy=$busy "$@"
