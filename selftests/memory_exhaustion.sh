#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The page allocator and the kernel's slab fail half of the time, in each context: callers
# get NULL, nothing leaks, nothing hangs. Debugobjects is off: its own allocations fail, too,
# and then it reports that it gives up.
# lab: timeout=200 kernels=debug-* append="no_debug_objects"

# shellcheck source=selftests/memory.inc
. ./memory.inc
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

run() # context
{
	echo "$1" >/sys/module/tcslab_test_exhaust/parameters/run
}

begin
if [ ! -d $FAIL/fail_page_alloc ] || [ ! -d $FAIL/failslab ]; then
	echo "1..0 # SKIP no fault injection"
	exit 4
fi
insmod /lib/tcslab/tcslab_test_exhaust.ko || exit 1
dmesg -c >/dev/null
fail 50 Y N
run task
check $? "a task gets some and is refused some"
fail 0 Y N
for context in softirq hardirq; do
	fail 50 N Y
	run $context
	check $? "so is a $context"
	fail 0 N Y
done
fail 0 N Y
run limit
check $? "a limited cache can still have all that it may"
dmesg | sed -n 's/.*tcslab-context: //p'
[ "$(value in_use_bytes)" -eq 0 ]
check $? "nothing is in use: $(value in_use_bytes) bytes"
echo 1 >$DEBUGFS/trim
[ "$(held_pages)" -eq 0 ]
check $? "nothing is held"
rmmod tcslab_test_exhaust && rmmod tcslab
check $? "unloaded, with no page that is counted and not held"
plan
