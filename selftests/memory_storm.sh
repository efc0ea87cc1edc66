#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Five minutes of CPUs that go and come while objects pass between them, and the shrinker
# is asked: none is lost, none is in two hands. One minute on kernels much like those that have
# five; STORM_SECONDS for as long as you like.
# lab: kernels=debian-*[0-9],debug-*,kcsan-* timeout=500 smp=4 beside=1 when=all

# shellcheck source=selftests/memory.inc
. ./memory.inc

begin
cpus=$(echo /sys/devices/system/cpu/cpu[1-9]/online)
if [ ! -w "${cpus%% *}" ]; then
	echo "1..0 # SKIP only one CPU, or no hotplug"
	exit 4
fi
seconds=300
case $LAB_KERNEL in
debian-6.1 | debian-7.3 | debug-6.1 | kcsan-7.3) seconds=60 ;;
esac
insmod /lib/tcslab/tcslab_test_storm.ko
check $? "the load runs"
end=$(($(date +%s) + ${STORM_SECONDS:-$seconds}))
went=0
while [ "$(date +%s)" -lt $end ]; do
	for cpu in $cpus; do
		echo 0 >"$cpu" && went=$((went + 1))
	done
	echo 2 >/proc/sys/vm/drop_caches
	sleep 0.1
	for cpu in $cpus; do
		echo 1 >"$cpu"
	done
	sleep 0.1
done
[ $went -gt 10 ]
check $? "CPUs went $went times"
# What they had must not go with them.
for cpu in $cpus; do
	echo 0 >"$cpu"
done
dmesg -c >/dev/null
rmmod tcslab_test_storm
dmesg | sed -n 's/.*tcslab-context: //p' >"$WORK"
sed 's/^/# /' "$WORK"
[ -s "$WORK" ] && ! grep -q '^not ok' "$WORK"
check $? "every object is what it was"
[ "$(value in_use_bytes)" -eq 0 ]
check $? "none is left: $(value in_use_bytes) bytes"
echo 1 >$DEBUGFS/trim
[ "$(held_pages)" -eq 0 ]
check $? "nothing is held: $(held_pages) pages"
for cpu in $cpus; do
	echo 1 >"$cpu"
done
plan
