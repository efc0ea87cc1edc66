#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# dm-crypt on tcslab: an encrypted disk.
# lab: real=drivers/md/dm-crypt stock=loop,xts?,aes_generic?,aes?,aesni-intel?,ecb? programs=dmsetup:dmsetup
# lab: timeout=300 when=all kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
needs aes_generic aes aesni-intel ecb xts
begin dm-crypt
loop_device 0 64
KEY=$(echo tcslab | sha256sum | cut -c1-64)
for round in 1 2; do
	dm create crypted --table "0 131072 crypt aes-xts-plain64 $KEY$KEY 0 $dev 0"
	check $? "round $round: make it"
	./real_load block /dev/mapper/crypted $round $((operations * 2 / 3)) 2
	check $? "round $round: two processes find what they wrote"
	md5sum </dev/mapper/crypted >$WORK/sum-$round
	[ "$(md5sum <"$dev")" != "$(cat $WORK/sum-$round)" ]
	check $? "round $round: below it is something else"
	dm remove crypted
	check $? "round $round: remove it"
done
dm create crypted --table "0 131072 crypt aes-xts-plain64 $KEY$KEY 0 $dev 0" &&
	md5sum </dev/mapper/crypted | cmp - $WORK/sum-2 && dm remove crypted
check $? "it is the same after all"
losetup -d "$dev"
finish
