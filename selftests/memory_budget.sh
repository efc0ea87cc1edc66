#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The budget of the per-CPU arrays: slow start, what is never needed goes, classes and CPUs take
# from each other and never have more than is allowed, and an idle CPU is woken once.
# lab: kernels=debian-*[0-9] smp=2 timeout=200 when=long

# shellcheck source=selftests/memory.inc
. ./memory.inc

# CPUs have taken from each other's budgets in the tests before.
rmmod tcslab 2>/dev/null
begin
if ! [ -e /sys/kernel/debug/kprobes ]; then
	echo "1..0 # SKIP no kprobes"
	exit 4
fi
before=$(cat $PARAMETERS/cpu_budget_bytes)
load_module tcslab_test_budget mode=idle
check $? "an idle CPU is woken once"
rmmod tcslab_test_budget
load_module tcslab_test_budget mode=earn
check $? "arrays earn what they hold, and lose it"
rmmod tcslab_test_budget
for budget in 16384 32768; do
	echo $budget >$PARAMETERS/cpu_budget_bytes
	load_module tcslab_test_budget mode=steal budget=$budget
	check $? "with $budget bytes a class takes from another"
	rmmod tcslab_test_budget
done
load_module tcslab_test_budget mode=now budget="$budget"
check $? "also from one that was busy a moment ago"
rmmod tcslab_test_budget
load_module tcslab_test_budget mode=cpus budget="$budget"
check $? "and a CPU from others"
rmmod tcslab_test_budget
echo "$before" >$PARAMETERS/cpu_budget_bytes

# More than a long, and the scavenger looks before anybody corrects it.
rmmod tcslab && insmod /lib/tcslab/tcslab.ko cpu_budget_bytes=18446744073709551615
check $? "loaded with the largest number for a budget"
memory_module mode=park seconds=3
check $? "with which it works"
rmmod tcslab_memory
[ "$(value hits)" -gt 1000 ]
check $? "and arrays do, too: $(value hits) hits"
rmmod tcslab && insmod /lib/tcslab/tcslab.ko
plan
