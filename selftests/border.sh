#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# With border=1 an object of ours that the kernel's kfree() gets is reported with the place that
# allocated it; flags that nobody knows are reported too.
# lab: timeout=60 kernels=debian-*,debug-* expect="mod/slab/(border|slab_api|slab_cache)\\.c:"

# shellcheck source=selftests/case.inc
. ./case.inc

echo "TAP version 13"
rmmod tcslab 2>/dev/null
insmod /lib/tcslab/tcslab.ko border=1 || exit 1
dmesg -c >/dev/null
insmod /lib/tcslab/tcslab_test_border.ko || exit 1
rmmod tcslab_test_border
dmesg >/tmp/border.log
sed -n 's/.*tcslab-context: //p' /tmp/border.log | grep -v '^1\.\.'
number=$(grep -c 'tcslab-context: \(not \)*ok' /tmp/border.log)
reported() # how many, what
{
	[ "$(grep -c "$2" /tmp/border.log)" -eq "$1" ]
	check $? "reported $1 time(s): $2"
}

reported 3 "the kernel's kfree() got .* allocated at .*tcslab_test_border"
reported 1 'cache slab_unknown: unknown flags'
rmmod tcslab
check $? "unloads"
plan
