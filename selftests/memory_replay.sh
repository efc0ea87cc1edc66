#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The most pages held while a recorded kernel's allocations are played, against SLUB. On one CPU, in
# the recorded order, with instructions for a clock: two virtual CPUs get apart, and objects that the
# one would have freed pile up while the host lets it wait; and the scavenger comes once a second.
# lab: kernels=debian-*[0-9] timeout=300 icount=1 mem=2G append="init_on_alloc=0"

# shellcheck source=selftests/memory.inc
. ./memory.inc
REPLAY=/sys/kernel/debug/tcslab_replay

result()
{
	sed -n "s/^$1 //p" $REPLAY/result
}

limit=92
surplus=75
begin
insmod /lib/tcslab/tcslab_replay.ko || exit 1
unxz -c boot-6.12.trace.xz >$REPLAY/trace
check $? "the trace is read"
echo pages >$REPLAY/run || exit 1
sed "s/^/# /" $REPLAY/result
left=0
for part in kmalloc general all; do
	echo "# replay-$part-peak-pages: tcslab $(result ${part}_tcslab_peak_pages)" \
		"slub $(result ${part}_slub_peak_pages)"
	left=$((left + $(result ${part}_tcslab_left_pages)))
done
[ "$left" -eq 0 ]
check $? "nothing is left afterwards: $left pages"
# What came from kmalloc(); and all, had the named caches' objects come from there, too.
for part in kmalloc general; do
	ours=$(result ${part}_tcslab_peak_pages)
	theirs=$(result ${part}_slub_peak_pages)
	[ $((ours * 100)) -le $((theirs * limit)) ]
	check $? "$part: $ours pages, at most 0.$limit of SLUB's $theirs"
done
# Of all caches the objects alone are more than 0.92 of SLUB's pages on 6.1 and 6.12: the rest can be less.
ours=$(result all_tcslab_peak_pages)
theirs=$(result all_slub_peak_pages)
live=$(($(result all_live_peak_bytes) / 4096))
[ $(((ours - live) * 100)) -le $(((theirs - live) * surplus)) ]
check $? "all: $((ours - live)) pages beyond $live of objects, at most 0.$surplus of SLUB's $((theirs - live))"
rmmod tcslab_replay
plan
