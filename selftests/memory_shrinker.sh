#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The shrinker gives about what it is asked for, of the node that is asked, leaves the arrays
# of the CPUs alone for a little, and tells the reclaimer what it gave.
# lab: kernels=debian-*,debug-*,kcsan-* timeout=120 smp=4 nodes=2 mem=1G append="init_on_alloc=0 kmemleak=off"

# shellcheck source=selftests/memory.inc
. ./memory.inc

begin
keep=$(cat $PARAMETERS/keep_bytes)
echo $((200 << 20)) >$PARAMETERS/keep_bytes
load_module tcslab_test_shrinker
check $? "asked by hand"
rmmod tcslab_test_shrinker

# A reclaimer that counts only what he is told of.
mkdir -p /tmp/cgroup
if mount -t cgroup2 none /tmp/cgroup 2>/dev/null && [ -e /tmp/cgroup/memory.reclaim ]; then
	echo 3 >/proc/sys/vm/drop_caches
	memory_module mode=leave-free count=128
	check $? "128 MiB are free"
	rmmod tcslab_memory
	held=$(held_pages)
	status=0
	echo 96M >/tmp/cgroup/memory.reclaim || status=1
	check $status "somebody who reclaims 96 MiB gets them: $held pages held, then $(held_pages)"
else
	echo "# no memory.reclaim"
fi
umount /tmp/cgroup 2>/dev/null
echo "$keep" >$PARAMETERS/keep_bytes
plan
