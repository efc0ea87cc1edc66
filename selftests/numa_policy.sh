#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# New memory comes from where the task's memory policy and its cpuset want it.
# lab: smp=2 nodes=2

# shellcheck source=selftests/memory.inc
. ./memory.inc

policy() # nodes wanted, command
{
	wanted=$1
	shift
	dmesg -c >/dev/null
	taskset 1 "$@" /lib/tcslab/tcslab_test_policy.ko nodes="$wanted"
	status=$?
	[ $status -eq 0 ] && rmmod tcslab_test_policy
	dmesg | sed -n 's/.*tcslab-context: //p' | sed 's/^/# /'
	return $status
}

begin
if [ "$(cat /sys/devices/system/node/has_memory 2>/dev/null)" != 0-1 ]; then
	echo "1..0 # SKIP this machine has one node"
	exit 4
fi
policy 1 insmod
check $? "without one: the node of the CPU"
policy 2 ./with_policy bind 1 insmod
check $? "bound to the other node"
policy 2 ./with_policy prefer 1 insmod
check $? "the other node preferred"
policy 3 ./with_policy interleave 0,1 insmod
check $? "both in turn"
dmesg -c >/dev/null
taskset 1 ./with_policy bind 1 insmod /lib/tcslab/tcslab_test_policy.ko full=1 &&
	rmmod tcslab_test_policy
dmesg | sed -n 's/.*tcslab-context: /# /p'
[ "$(dmesg | grep -c 'tcslab-context: ok')" -eq 6 ]
check $? "bound to a node that is full: its memory or none, as SLUB"
mkdir -p "$WORK.cgroup"
if mount -t cgroup2 none "$WORK.cgroup" 2>/dev/null &&
   echo +cpuset 2>/dev/null >"$WORK.cgroup/cgroup.subtree_control"; then
	mkdir "$WORK.cgroup/one"
	echo 1 >"$WORK.cgroup/one/cpuset.mems"
	(
		sh -c 'echo $PPID' >"$WORK.cgroup/one/cgroup.procs"
		policy 2 insmod
	)
	check $? "a cpuset with the other node's memory"
	rmdir "$WORK.cgroup/one"
fi
plan
