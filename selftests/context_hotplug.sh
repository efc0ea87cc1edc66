#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A CPU goes and comes while tasks and hard interrupts allocate and free, and while
# caches are drained; its arrays must not be lost, and nobody may wait for it.
# lab: timeout=120 append="kmemleak=off"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc

cpu=/sys/devices/system/cpu/cpu1/online
if [ ! -w "$cpu" ]; then
	echo "1..0 # SKIP only one CPU, or no hotplug"
	exit 4
fi
# KCSAN's interrupts leave little time to go in.
busy=10000
case $LAB_KERNEL in
kcsan-*) busy=2000 ;;
esac
begin_module tcslab_test_context_irq busy=$busy &
went=0
while kill -0 $! 2>/dev/null; do
	echo 0 >"$cpu" && went=$((went + 1))
	sleep 0.3
	echo 1 >"$cpu" && sleep 0.5
done
wait $! || exit 1
module=tcslab_test_context_irq
end_module
echo "# the CPU went $went times"
[ "$went" -gt 0 ]
