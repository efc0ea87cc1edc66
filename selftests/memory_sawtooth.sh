#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# 0 to 64 MiB and back ten times a second: how often the page allocator is asked, against
# giving back all that is free after each tooth; and what is kept when it is over.
# lab: kernels=debian-*[0-9] timeout=240 mem=1G append="init_on_alloc=0" when=all

# shellcheck source=selftests/memory.inc
. ./memory.inc

calls() # of the page allocator, per 1000 teeth; the module's parameters follow
{
	before=$(($(heaps grown) + $(heaps released)))
	memory_module mode=sawtooth "$@" >/dev/null || return 1
	after=$(($(heaps grown) + $(heaps released)))
	rmmod tcslab_memory
	teeth=$(sed -n 's/^# teeth //p' "$WORK")
	echo $(((after - before) * 1000 / teeth))
}

begin
naive=$(calls naive=1 seconds=3)
check $? "a naive release"
ours=$(calls seconds=30)
check $? "ours"
echo "# sawtooth-calls-per-1000-teeth: tcslab $ours naive $naive"
[ "$naive" -gt 0 ] && [ $((ours * 20)) -le "$naive" ]
check $? "at most a twentieth of the naive release's calls"
sleep 5
held=$(held_pages)
[ "$held" -le $((64 * 256 / 20)) ]
check $? "5 s later at most a twentieth of a tooth's pages is held: $held"
plan
