#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each window between two steps of unload, and of a load that fails, is held open while CPUs go and
# come, the kernel asks for memory, files are read and the device is opened: nothing of ours runs
# in freed memory, no object is lost, the next load works.
# lab: kernels=debian-*,debug-*,kcsan-* smp=4 timeout=400 when=long

# shellcheck source=selftests/case.inc
. ./case.inc
DEBUGFS=/sys/kernel/debug/tcslab
STEPS="notes kasan page_heap guards heaps cache guard_timer low_zone heap_classes scavenger"
STEPS="$STEPS stock rcu hotplug nodes pressure border slab_heap chardev debugfs"
# Inside of steps.
INSIDE="scavenger-lazy cache-empty"

# All that can come to us from outside, again and again.
disturb()
{
	while [ ! -e /tmp/enough ]; do
		for cpu in 1 2; do
			echo 0 >/sys/devices/system/cpu/cpu$cpu/online
		done
		echo 2 >/proc/sys/vm/drop_caches
		cat $DEBUGFS/stats $DEBUGFS/caches
		echo 1 >$DEBUGFS/trim
		true </dev/tcslab
		for cpu in 1 2; do
			echo 1 >/sys/devices/system/cpu/cpu$cpu/online
		done
	done >/dev/null 2>&1
}

disturbed() # command...
{
	rm -f /tmp/enough
	disturb &
	"$@"
	status=$?
	# What it left behind would come now: delayed work, grace periods.
	sleep 0.3
	touch /tmp/enough
	wait
	return $status
}

# It closes when a CPU is about to go, which none can in some.
most() # window
{
	case $1 in
	cache-*) echo 300 ;;
	*) echo 10000 ;;
	esac
}

use()
{
	insmod /lib/tcslab/tcslab_test_inflight.ko && rmmod tcslab_test_inflight
}

# A reader or an opener may hold it for a moment.
unload()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmmod tcslab 2>/dev/null && return
	done
	rmmod tcslab
}

fails_to_load() # the step that fails, the window
{
	! insmod /lib/tcslab/tcslab.ko fail="$1" window="$2" window_ms="$(most "$2")" 2>/dev/null
}

echo "TAP version 13"
if [ ! -w /sys/devices/system/cpu/cpu2/online ]; then
	echo "1..0 # SKIP no CPU can go"
	exit 4
fi
echo 1 >/sys/kernel/rcu_expedited
! grep -q '^tcslab ' /proc/modules || rmmod tcslab
# One CPU that goes just before the window closes, and nothing else to do, so that the rest of unload is
# quick: what the CPU's callback queued comes after it.
one_cpu_goes()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.1
		! dmesg | tail -n 3 | grep -q "window $1 is open" || break
	done
	sleep 0.2
	echo 0 >/sys/devices/system/cpu/cpu1/online
}

for window in $STEPS $INSIDE; do
	insmod /lib/tcslab/tcslab.ko window="$window" window_ms="$(most "$window")" && use
	one_cpu_goes "$window" &
	rmmod tcslab
	check $? "a CPU goes in window $window of unload"
	wait
	sleep 0.2
	echo 1 >/sys/devices/system/cpu/cpu1/online
done
for window in $STEPS $INSIDE; do
	insmod /lib/tcslab/tcslab.ko window="$window" window_ms="$(most "$window")" && use && disturbed unload
	check $? "unload with window $window"
done
for window in $STEPS $INSIDE; do
	disturbed fails_to_load debugfs "$window"
	check $? "a load that fails with window $window"
done
for fail in $STEPS; do
	fails_to_load "$fail" none
	check $? "a load that fails after $fail"
done
closed=$(dmesg | grep -c 'tcslab: window .* is closed')
[ "$closed" -ge 30 ]
check $? "$closed windows were open"
insmod /lib/tcslab/tcslab.ko && use && [ "$(sed -n 's/^limit_refusals: //p' $DEBUGFS/stats)" -eq 0 ]
check $? "the next load works"
rmmod tcslab
check $? "and unloads"
plan
