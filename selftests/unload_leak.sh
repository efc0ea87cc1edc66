#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A user loses objects and goes, then tcslab goes: one report, no complaint of the kernel, and the next
# load begins from nothing. With a cache that could not be destroyed everything else goes on.
# lab: smp=2 timeout=120 append="kmemleak=off" expect="mod/caches/cache\\.c:"

# shellcheck source=selftests/case.inc
. ./case.inc
DEBUGFS=/sys/kernel/debug/tcslab
CPU=/sys/devices/system/cpu/cpu1/online
LOG=$(mktemp) || exit 1

value() # name in the statistics
{
	sed -n "s/^$1: //p" $DEBUGFS/stats
}

# Unload; what the kernel says goes to the log.
unload()
{
	dmesg -c >/dev/null
	rmmod tcslab
	status=$?
	dmesg >"$LOG"
	return $status
}

one_report() # objects
{
	lines=$(grep -c . "$LOG")
	reports=$(grep -c 'objects of .* caches are in use at unload' "$LOG")
	grep 'are in use at unload' "$LOG" | sed 's/.*tcslab/# tcslab/'
	[ "$reports" -eq 1 ] && [ "$lines" -le 40 ] && ! grep -q 'WARNING\|BUG' "$LOG" &&
		grep -q "tcslab: $1 objects of" "$LOG"
	check $? "$1 objects: $reports report(s) in $lines lines"
}

again()
{
	insmod /lib/tcslab/tcslab.ko
	check $? "the next load works"
	[ "$(value in_use_bytes)" -eq 0 ] && [ "$(value large_bytes)" -eq 0 ] &&
		[ "$(value peak_held_bytes)" -lt 8000000 ]
	check $? "and begins from nothing"
	insmod /lib/tcslab/tcslab_test_inflight.ko && rmmod tcslab_test_inflight && unload &&
		! grep -q tcslab: "$LOG"
	check $? "it is used and goes without a word"
}

echo "TAP version 13"
! grep -q '^tcslab ' /proc/modules || rmmod tcslab
echo 1 >/proc/sys/kernel/panic_on_warn

insmod /lib/tcslab/tcslab.ko
dmesg -c >/dev/null
insmod /lib/tcslab/tcslab_test_leak.ko && rmmod tcslab_test_leak
lost=$(dmesg | sed -n 's/.*tcslab-leak: lost //p')
unload
check $? "general objects are lost, both are gone"
one_report "$lost"
again

insmod /lib/tcslab/tcslab.ko
insmod /lib/tcslab/tcslab_test_leak.ko notes=1 && rmmod tcslab_test_leak
unload
check $? "the same with notes of who allocated them"
[ "$(grep -c 'is in use, allocated at ' "$LOG")" -eq 8 ]
check $? "the first few are shown with that"
again
echo 0 >/proc/sys/kernel/panic_on_warn

# The cache stays, its constructor is gone.
insmod /lib/tcslab/tcslab.ko
insmod /lib/tcslab/tcslab_test_leak.ko general=0 named=100
dmesg -c >/dev/null
rmmod tcslab_test_leak
dmesg >"$LOG"
[ "$(grep -c 'WARNING: ' "$LOG")" -eq 1 ] && [ "$(grep -c 'is in use' "$LOG")" -eq 8 ]
check $? "a cache with objects in use is not destroyed, with one report"
for _ in 1 2 3; do
	echo 1 >$DEBUGFS/trim
	cat $DEBUGFS/* 2>/dev/null | grep -q leaky || break
	[ ! -w $CPU ] || { echo 0 >$CPU && echo 1 >$CPU; }
done
grep -q leaky $DEBUGFS/caches
check $? "trims, readers and CPUs that go do not mind"
insmod /lib/tcslab/tcslab_test_leak.ko general=0 && rmmod tcslab_test_leak
check $? "another cache of the same name comes and goes"
unload
check $? "unloaded"
one_report 100
again
rm -f "$LOG"
plan
