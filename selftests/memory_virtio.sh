#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A hypervisor wants memory back (virtio-mem): what objects are in stays, and goes once they are free.
# lab: timeout=300 mem=512M plug=1G append="init_on_alloc=0" kernels=debian-* stock=virtio_pci,virtio_mem when=long

# shellcheck source=selftests/memory.inc
. ./memory.inc
MEMORY=/sys/devices/system/memory

total() # kB
{
	awk '/^MemTotal/ { print $2 }' /proc/meminfo
}

# The monitor is told again and again: the answer to a command is not read.
want() # bytes, least kB, most kB: until so much is there, or for 30 s
{
	for try in $(seq 0 59); do
		[ $((try % 10)) -ne 0 ] || printf '\rqom-set vm requested-size %s\r' "$1" >&3
		now=$(total)
		[ "$now" -ge "$2" ] && [ "$now" -le "$3" ] && return
		sleep 0.5
	done
	false
}

begin
modprobe virtio_pci 2>/dev/null	# it may be built in
if [ ! -d $MEMORY ] || ! modprobe virtio_mem; then
	echo "1..0 # SKIP no virtio-mem"
	exit 4
fi
echo online_kernel >$MEMORY/auto_online_blocks
base=$(total)
exec 3<>/dev/ttyS1
stty raw -echo <&3
for _ in 1 2 3; do
	printf '\r%s\r%s\r' "object_add memory-backend-ram,id=plugged,size=512M" \
		"device_add virtio-mem-pci,id=vm,memdev=plugged,node=0" >&3
	sleep 1
done
want 512M $((base + 400000)) $((base + 530000))
check $? "512 MiB have come: $base kB, $now kB"
memory_module mode=hold count=450
check $? "450 MiB are in use"
in_use=$(value in_use_bytes)
! want 0 0 "$base"
check $? "the hypervisor wants all back and gets a part: $now kB"
[ "$(value in_use_bytes)" = "$in_use" ]
check $? "all objects are there"
let_go
check $? "and as they were written"
echo 1 >$DEBUGFS/trim
# What the kernel itself has put there meanwhile stays.
want 0 0 $((base + 51200))
check $? "it has gone once they are free: $now kB"
exec 3>&-
[ "$(held_pages)" -eq 0 ]
check $? "0 pages are held"
plan
