#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The most pages held while a recorded kernel's allocations are played, against SLUB.
# lab: timeout=300 mem=2G append="init_on_alloc=0"

# shellcheck source=selftests/memory.inc
. ./memory.inc
REPLAY=/sys/kernel/debug/tcslab_replay

result()
{
	sed -n "s/^$1 //p" $REPLAY/result
}

begin
insmod /lib/tcslab/tcslab_replay.ko || exit 1
unxz -c boot-6.12.trace.xz >$REPLAY/trace && echo pages >$REPLAY/run
check $? "the trace is played"
sed 's/^/# /' $REPLAY/result
for part in kmalloc all; do
	ours=$(result ${part}_tcslab_peak_pages)
	theirs=$(result ${part}_slub_peak_pages)
	echo "# replay-$part-peak-pages: tcslab $ours slub $theirs"
	[ "$(result ${part}_tcslab_left_pages)" -eq 0 ]
	check $? "$part: nothing is left afterwards"
done
# What was asked for is more than 0.92 of what SLUB holds for all: see Documentation/memory.md.
ours=$(result kmalloc_tcslab_peak_pages)
[ $((ours * 100)) -le $(($(result kmalloc_slub_peak_pages) * 92)) ]
check $? "kmalloc: at most 0.92 of SLUB's pages"
rmmod tcslab_replay
plan
