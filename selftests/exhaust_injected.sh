#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The page allocator and the kernel's slab fail half of the time, in each context: callers
# get NULL, nothing leaks, nothing hangs. Debugobjects is off: its own allocations fail, too,
# and then it reports that it gives up.
# lab: timeout=200 kernels=debug-* append="no_debug_objects kmemleak=off" when=all

# shellcheck source=selftests/exhaust.inc
. ./exhaust.inc
FAIL=/sys/kernel/debug

fail() # probability, task filter, spare those who may sleep
{
	for what in fail_page_alloc failslab; do
		echo 0 >$FAIL/$what/probability
		echo "$2" >$FAIL/$what/task-filter
		echo "$3" >$FAIL/$what/ignore-gfp-wait
		echo 0 >$FAIL/$what/verbose
		echo -1 >$FAIL/$what/times
		echo "$1" >$FAIL/$what/probability
	done
	[ ! -w $FAIL/fail_page_alloc/min-order ] || echo 0 >$FAIL/fail_page_alloc/min-order
}

begin
if [ ! -d $FAIL/fail_page_alloc ] || [ ! -d $FAIL/failslab ]; then
	echo "1..0 # SKIP no fault injection"
	exit 4
fi
insmod /lib/tcslab/tcslab_exhaust.ko || exit 1
dmesg -c >/dev/null
fail 50 Y N
run_exhausted tcslab injected 5
fail 0 Y N
# In interrupts there is no task to look at.
fail 50 N Y
run_exhausted tcslab injected 5
fail 0 N Y
report_exhausted
check $? "tasks get some and are refused some, and so are interrupts"
nothing_is_left
rmmod tcslab_exhaust && rmmod tcslab
check $? "unloaded, with no page that is counted and not held"
plan
