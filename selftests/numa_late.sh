#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A node that gets its memory after the module was loaded is served; nobody is refused meanwhile who
# could wait for clean page cache to go.
# lab: smp=2 mem=512M plug=256M kernels=debian-*

# shellcheck source=selftests/memory.inc
. ./memory.inc

MEMORY=/sys/devices/system/memory
NODE=/sys/devices/system/node/node1

late() # parameters
{
	load_module tcslab_test_late "$@"
	status=$?
	rmmod tcslab_test_late
	return $status
}

states() # new one
{
	for state in "$NODE"/memory*/state; do
		[ "$(cat "$state")" = "$1" ] || echo "$1" >"$state" 2>/dev/null
	done
}

begin
if [ "$(cat /sys/devices/system/node/online 2>/dev/null)" != 0 ] || [ ! -d $MEMORY ]; then
	echo "1..0 # SKIP no machine with one node to which memory can be added"
	exit 4
fi
late node=0
check $? "before: all is of the first node"
# The disk that the lab packs its results on.
modprobe virtio_pci 2>/dev/null
modprobe virtio_blk 2>/dev/null
exec 4</dev/vda	# the cache goes with the last who has it open
dd of=/dev/null bs=1M count=450 <&4 2>/dev/null
echo "# $(grep MemFree /proc/meminfo), $(grep '^Cached' /proc/meminfo), $(grep Buffers /proc/meminfo)"
# What the monitor says must not go back to it.
exec 3<>/dev/ttyS1
stty raw -echo <&3
for try in $(seq 100); do
	# What was in the way before is a bad command now; the second of each kind is refused.
	[ $((try % 10)) -eq 1 ] && printf '\r%s\r%s\r' \
		"object_add memory-backend-ram,id=late,size=256M" \
		"device_add pc-dimm,id=dimm,memdev=late,node=1" >&3
	[ -d $NODE ] && break
	sleep 0.2
done
exec 3>&-
states online
[ "$(cat /sys/devices/system/node/has_memory)" = 0-1 ]
check $? "a node has come: $(cat /sys/devices/system/node/has_memory)"
late node=1
check $? "it is served"

# It comes and goes while objects do.
late seconds=6 node=1 &
sleep 1
for _ in 1 2 3 4 5; do
	states offline
	states online
done
wait $!
check $? "while its memory goes and comes"
states offline
echo "# $(cat /sys/devices/system/node/has_memory) after it went"
late node=0
check $? "after it went"
echo 1 >$DEBUGFS/trim
[ "$(held_pages)" -eq 0 ]
check $? "0 pages are held in the end"
plan
