#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Modules built with tcslab_slab.h and -DTCSLAB_SLAB_HEAP: each has its row in heaps, which says
# exactly what it holds; what it loses is reported once, when it goes.
# lab: smp=4 timeout=200 append="kmemleak=off"

# shellcheck source=selftests/case.inc
. ./case.inc
HEAPS=/sys/kernel/debug/tcslab/heaps
MAIN=tcslab_test_slab_heap
USER=tcslab_slab_heap_user

load() # module [parameters]
{
	ko=$1
	shift
	insmod "/lib/tcslab/$ko.ko" "$@"
}

# A column of a heap's row; of several rows, each.
column() # title heap
{
	awk -v title="$1" -v heap="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == title) c = i }
		NR > 1 && $NF == heap { print $c }' $HEAPS
}

rows() # heap
{
	column name "$1" | wc -l
}

reports()
{
	dmesg | grep -c 'tcslab: module .* is gone'
}

# The cases of a module in the log since the last call.
cases()
{
	dmesg -c | sed -n 's/.*tcslab-context: //p' | grep -v '^1\.\.' >/tmp/cases
	while read -r line; do
		number=$((number + 1))
		echo "$line" | sed "s/ok [0-9]* - /ok $number - /"
	done </tmp/cases
}

echo "TAP version 13"
! grep -q '^tcslab ' /proc/modules || rmmod tcslab
load tcslab
dmesg -c >/dev/null
load $USER objects=7
load $MAIN
cases
[ "$(rows $MAIN)" -eq 1 ]
check $? "however many were first, there is one heap"
[ "$(column objects $USER)" -eq 7 ] &&
	[ "$(column in_use_bytes $USER)" -eq "$(cat /sys/module/$USER/parameters/bytes)" ]
check $? "the other module's row has its bytes"
most=$(column peak_bytes $MAIN)
held=$(column held_bytes $MAIN)
echo 1 >/sys/kernel/debug/tcslab/reset_peaks
peak=$(column peak_bytes $MAIN)
[ "$peak" -le "$held" ] && [ "$held" -lt "$most" ]
check $? "$most bytes at the peak, $peak when it was reset with $held"
rmmod $MAIN
[ "$(rows $MAIN)" -eq 0 ] && [ "$(rows $USER)" -eq 1 ]
check $? "it goes with its module"
rmmod $USER
[ "$(rows $USER)" -eq 0 ] && [ "$(reports)" -eq 0 ]
check $? "and the other with the other, without a word"

load $USER objects=5 lose=3
rmmod $USER
[ "$(reports)" -eq 1 ] && dmesg | grep -q "module $USER is gone: 3 objects"
check $? "three objects are lost: $(reports) report"
[ "$(column objects $USER)" -eq 3 ]
check $? "they can still be seen"
load $USER objects=2
[ "$(rows $USER)" -eq 2 ]
check $? "the module comes again, with another heap"
rmmod $USER
[ "$(reports)" -eq 1 ] && [ "$(rows $USER)" -eq 1 ]
check $? "and goes without another report"
# It may be tried twice.
! load $USER objects=4 lose=1 fails=1 2>/dev/null
[ "$(reports)" -ge 2 ] && dmesg | grep -q "module $USER is gone: 1 objects"
check $? "an init that fails loses one, which is reported"

before=$(reports)
load $USER
load $MAIN mode=lend
rmmod $MAIN
[ "$(reports)" -eq $((before + 1)) ] && [ "$(column objects $MAIN)" -eq 1 ]
check $? "another module still has an object of one that is gone"
rmmod $USER
[ "$(reports)" -eq $((before + 1)) ] && [ "$(rows $MAIN)" -eq 0 ]
check $? "it frees it, and the heap goes"

rmmod tcslab
check $? "tcslab goes, what is lost or not"
load tcslab && [ "$(wc -l <$HEAPS)" -eq 1 ]
check $? "comes again without heaps"
load $USER objects=7 && [ "$(column objects $USER)" -eq 7 ] && rmmod $USER && rmmod tcslab
check $? "and serves"

load tcslab guard_interval=1
dmesg -c >/dev/null
load $USER
load $MAIN mode=guarded
cases
rmmod $MAIN && rmmod $USER && rmmod tcslab

load tcslab fail=slab-heap
dmesg -c >/dev/null
load $USER
load $MAIN mode=without
cases
rmmod $MAIN && rmmod $USER && rmmod tcslab
check $? "all go"
plan
