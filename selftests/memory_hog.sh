#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Somebody needs what tcslab holds free: he gets it, and nobody is killed. What is held
# shows in the kernel's own statistics.
# lab: kernels=debian-*[0-9] timeout=240 mem=512M append="init_on_alloc=0" when=long

# shellcheck source=selftests/memory.inc
. ./memory.inc

meminfo() # name
{
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

begin
mkdir -p /mnt
mount -t tmpfs -o size=90% none /mnt || exit 1
echo 1 >$DEBUGFS/trim
reclaimable=$(meminfo KReclaimable)
slab=$(($(meminfo Slab) - $(meminfo SReclaimable)))
free=$(meminfo MemAvailable)
echo $((400 << 20)) >$PARAMETERS/keep_bytes
mib=$((free / 2048))
memory_module mode=leave-free count=$mib
check $? "$mib MiB are used and kept"
rmmod tcslab_memory
sleep 2
held=$(($(held_pages) * 4))
now=$(meminfo KReclaimable)
echo "# held $held KiB, KReclaimable $reclaimable then $now"
[ $((now - reclaimable)) -gt $((held * 9 / 10)) ]
check $? "what a shrink can free is KReclaimable"
[ $(($(meminfo Slab) - $(meminfo SReclaimable))) -lt $((slab + held / 5 + 2048)) ]
check $? "and is not SUnreclaim"

dmesg -c >/dev/null
dd if=/dev/zero of=/mnt/hog bs=1M count=$((free * 7 / 8 / 1024)) 2>/dev/null
check $? "a hog gets $((free * 7 / 8 / 1024)) MiB"
[ $(($(held_pages) * 4)) -lt $((held / 2)) ]
check $? "tcslab holds $(($(held_pages) * 4)) KiB of $held"
[ "$(value shrunk_bytes)" -gt 0 ]
check $? "given back on demand: $(value shrunk_bytes) bytes"
! dmesg | grep -qi "out of memory\|oom-kill"
check $? "nobody was killed"
rm /mnt/hog
umount /mnt
echo $((64 << 10)) >$PARAMETERS/keep_bytes
plan
