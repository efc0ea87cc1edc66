#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Isolated CPUs are not interrupted while they do not allocate.
# lab: kernels=debian-* smp=2 append="isolcpus=nohz,domain,managed_irq,1 nohz_full=1 rcu_nocbs=1" when=long

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
if [ "$(cat /sys/devices/system/cpu/isolated 2>/dev/null)" != 1 ] || ! [ -e /sys/kernel/debug/kprobes ]; then
	echo "1..0 # SKIP no isolated CPU, or no kprobes"
	exit 4
fi
run_module tcslab_test_context_isolated "$@"
