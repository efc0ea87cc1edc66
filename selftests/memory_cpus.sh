#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Many CPUs, all but one idle: what is left in their arrays after five seconds. And a
# budget that is lowered holds soon.
# lab: kernels=debian-*[0-9] timeout=400 smp=64 mem=2G append="init_on_alloc=0 no_timer_check" when=all

# shellcheck source=selftests/memory.inc
. ./memory.inc

# Bytes in the arrays of all CPUs, or of all but one.
parked() # [cpu]
{
	awk -v not="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "bytes") c = i; next }
		c && ($1 != not || not == "") { sum += $c }
		END { if (c) printf "%d\n", sum; else print "no bytes" }' $DEBUGFS/cpu
}

begin
cpus=$(grep -c ^processor /proc/cpuinfo)
budget=$(cat $PARAMETERS/cpu_budget_bytes)
memory_module mode=park seconds=5
check $? "$cpus CPUs fill their arrays, and are idle for 5 s, but for one"
full=$(sed -n 's/^# parked //p' "$WORK")
[ "$full" -gt "$budget" ]
check $? "which held $full bytes"
busy=$(sed -n 's/^# busy //p' "$WORK")
left=$(parked "$busy")
rmmod tcslab_memory
echo "# parked-bytes: tcslab $left budget $((budget * (cpus - 1))) before $full"
[ $((left * 100)) -le $((budget * (cpus - 1))) ]
check $? "at most 1 % of the budget is left: $left bytes"

memory_module mode=park seconds=0
check $? "they fill them again"
rmmod tcslab_memory
echo 4096 >$PARAMETERS/cpu_budget_bytes
memory_module mode=park seconds=3
check $? "and once more, with less"
rmmod tcslab_memory
[ "$(parked)" -le $((4096 * cpus)) ]
check $? "a budget of 4096 bytes per CPU holds: $(parked)"
echo "$budget" >$PARAMETERS/cpu_budget_bytes
plan
