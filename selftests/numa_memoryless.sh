#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A node that has CPUs and no memory: what it has is beyond the limit of mem=.
# lab: smp=2 nodes=2 mem=2G append="mem=1G"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
if [ "$(cat /sys/devices/system/node/has_memory 2>/dev/null)" != 0 ]; then
	echo "1..0 # SKIP no node without memory"
	exit 4
fi
run_module tcslab_test_numa "$@"
