#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# null_blk on tcslab: disks in memory, one of them of zones, made and removed.
# lab: real=drivers/block/null_blk
# lab: timeout=300 kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc

# Since 6.2 the disk has the directory's name, before it is nullb and a number.
disk() # name settings...
{
	mkdir "$NULLB/$1" || return
	dir=$NULLB/$1
	dev=/dev/$1
	shift
	for setting in "$@"; do
		echo "${setting#*=}" >"$dir/${setting%%=*}" || return
	done
	echo 1 >"$dir/power"
	[ -b "$dev" ]
}

begin null_blk nr_devices=0
NULLB=/sys/kernel/config/nullb
for round in $rounds; do
	disk nullb0 memory_backed=1 size=64 blocksize=4096 && first=$dev &&
		disk nullb1 memory_backed=1 size=64 blocksize=512 badblocks=+100000-100007
	check $? "round $round: make two disks"
	./real_load block "$first" 1 $((operations * 2 / 3)) 2 &
	./real_load block "$dev" 2 $((operations * 2 / 3)) 1 && wait $!
	check $? "round $round: three processes find what they wrote"
	echo 0 >$NULLB/nullb0/power
	rmdir $NULLB/nullb0 $NULLB/nullb1
	check $? "round $round: remove them"
done
if grep -q ' blkdev_report_zones$' /proc/kallsyms; then
	disk nullb0 memory_backed=1 size=64 zoned=1 zone_size=4
	check $? "make a disk of zones"
	dd if=/lib/tcslab/tcslab.ko of="$dev" bs=4096 count=20 oflag=direct 2>/dev/null &&
		dd if="$dev" bs=4096 count=20 2>/dev/null | cmp -n 81920 - /lib/tcslab/tcslab.ko
	check $? "write a zone in order and read it"
	rmdir $NULLB/nullb0
	check $? "remove it"
else
	check 0 "a disk of zones # SKIP not in this kernel"
fi
finish
