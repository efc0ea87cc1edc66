#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A drain of all caches interrupts each CPU once, not once for each cache.
# lab: kernels=debian-*,debug-*,kcsan-* smp=4 timeout=120

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
if ! [ -e /sys/kernel/debug/kprobes ]; then
	echo "1..0 # SKIP no kprobes"
	exit 4
fi
run_module tcslab_test_many n=200
