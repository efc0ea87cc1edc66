#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# dm-snapshot on tcslab: a disk changes, its snapshot does not.
# lab: real=drivers/md/dm-snapshot stock=loop programs=dmsetup:dmsetup
# lab: timeout=300 when=all kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
begin dm-snapshot
loop_device 1 64
cow=$dev
loop_device 0 32
tar -xOf /real/tree.tar | dd of="$dev" bs=1M count=32 iflag=fullblock conv=notrunc 2>/dev/null
before=$(md5sum <"$dev")
dm create origin --table "0 65536 snapshot-origin $dev" &&
	dm create snap --table "0 65536 snapshot $dev $cow N 8"
check $? "a snapshot of a disk"
./real_load block /dev/mapper/origin 1 $((operations * 2 / 3)) 2
check $? "two processes change the disk and find what they wrote"
[ "$(md5sum </dev/mapper/snap)" = "$before" ]
check $? "the snapshot is what the disk was"
[ "$(md5sum </dev/mapper/origin)" != "$before" ]
check $? "the disk is not"
./real_load block /dev/mapper/snap 2 $((operations / 3)) 2
check $? "the snapshot can be written too"
dm remove snap && dm remove origin
check $? "remove them"
losetup -d "$dev"
losetup -d "$cow"
finish
