#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# zram on tcslab: a compressed disk in memory. Its pages are zsmalloc's.
# lab: real=drivers/block/zram when=long
# lab: timeout=300 kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc

zram() # attribute value
{
	printf %s "$2" >"/sys/block/zram0/$1"
}

begin zram
for round in $rounds; do
	zram disksize 64M
	check $? "round $round: a disk of 64 MiB"
	./real_load block /dev/zram0 "$round" "$operations" 2
	check $? "round $round: two processes find what they wrote"
	zram reset 1
	check $? "round $round: reset"
done
finish
