#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Pointers that must not be freed, or not again, are reported and do no harm: with checks=1, where
# every free is verified at the central list, and without.
# lab: timeout=120 expect="mod/(caches/(general|large)|middle/mistakes)\\.c:"

# shellcheck source=selftests/case.inc
. ./case.inc

# The cases of a module, loaded with the parameters that follow; its log is in /tmp/badptr.log.
cases_of()
{
	module=$1
	shift
	dmesg -c >/dev/null
	insmod "/lib/tcslab/$module.ko" "$@" || exit 1
	rmmod "$module"
	dmesg >/tmp/badptr.log
	sed -n 's/.*tcslab-context: \(not \)*ok [0-9]* - //p' /tmp/badptr.log >/tmp/names
	sed -n 's/.*tcslab-context: \(not \)*ok .*/\1/p' /tmp/badptr.log >/tmp/results
	while read -r name && read -r result <&3; do
		[ "$result" != not ]
		check $? "$name"
	done </tmp/names 3</tmp/results
	grep -q 'tcslab-context: 1\.\.[1-9]' /tmp/badptr.log
	check $? "$module: ran to its end"
}

reported()
{
	grep -q "$1" /tmp/badptr.log
	check $? "reported: $1"
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
for checks in 1 0; do
	insmod /lib/tcslab/tcslab.ko checks=$checks || exit 1
	cases_of tcslab_test_badptr
	for report in 'is not ours' 'no object of cache' 'points into an object' \
		'free already'; do
		reported "free of .* from .*\[tcslab_test_badptr\], which .*$report.*; left alone"
	done
	reported 'it is 8 bytes into object .* of cache badptr, 200 bytes in 200, in use'
	reported 'cannot be highmem or movable'
	reported 'more than the page allocator'

	# Ten of each cause in five seconds, and never only the first.
	[ "$(grep -c 'which is not ours; left alone' /tmp/badptr.log)" -ge 6 ]
	check $? "each of six pointers that are not ours is reported"
	reported 'where no object is; left alone'
	sed '/after the sizes/,$d' /tmp/badptr.log >/tmp/badptr.before
	interior=$(grep -c 'points into an object' /tmp/badptr.before)
	# The seconds from the first to the last of them, rounded up: a slow guest takes many.
	lasted=$(sed -n '/points into an object/s/^\[ *\([0-9]*\)\..*/\1/p' /tmp/badptr.before |
		awk 'NR == 1 { first = $1 } { last = $1 } END { print last - first + 1 }')
	[ "$interior" -ge 10 ] && [ "$interior" -le $((10 * (lasted / 5 + 2))) ]
	check $? "of 1000 mistakes of one cause $interior are reported in $lasted s"
	sed '1,/after the storm/d' /tmp/badptr.before >/tmp/badptr.after
	grep -q 'points into an object' /tmp/badptr.after
	check $? "a later one is"
	# How many are left out, and where that is said, is a matter of how slow the guest is.
	untold=$(awk '/reports like the next one were left out/ { n = $(NF - 8) }
		/points into an object/ { sum += n; n = 0 }
		END { print sum + 0 }' /tmp/badptr.before)
	[ $((interior + untold)) -eq 1003 ]
	check $? "$interior of 1003 mistakes are told, $untold are said to have been left out"
	complaints=$(grep -A3 'cannot be highmem or movable' /tmp/badptr.log | grep -c 'WARNING: ')
	[ "$complaints" -eq 0 ]
	check $? "a request that SLUB only complains of is no WARN"
	rmmod tcslab
	check $? "unloads after mistakes, checks=$checks"
done

for checks in 1 0; do
	insmod /lib/tcslab/tcslab.ko checks=$checks || exit 1
	cases_of tcslab_test_twice checks=$checks
	reported 'free of .* from .*tcslab_test_twice.*where no object is'
	rmmod tcslab
	check $? "unloads after frees of what was free, checks=$checks"
done
plan
