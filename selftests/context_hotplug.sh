#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A CPU goes and comes while tasks and hard interrupts allocate and free, and while
# caches are drained; its arrays must not be lost, and nobody may wait for it.
# lab: timeout=120

module=tcslab_test_context_irq
cpu=/sys/devices/system/cpu/cpu1/online

echo "TAP version 13"
if [ ! -w "$cpu" ]; then
	echo "1..0 # SKIP only one CPU, or no hotplug"
	exit 4
fi
lsmod | grep -q '^tcslab ' || insmod /lib/tcslab/tcslab.ko || exit 1
dmesg -c >/dev/null
insmod "/lib/tcslab/$module.ko" &
cycles=0
while kill -0 $! 2>/dev/null; do
	echo 0 >"$cpu" && sleep 0.3
	echo 1 >"$cpu" && sleep 0.5
	cycles=$((cycles + 1))
done
wait $! || exit 1
rmmod "$module"
echo "# the CPU went $cycles times"
dmesg | sed -n 's/.*tcslab-context: //p'
