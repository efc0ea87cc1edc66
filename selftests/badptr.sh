#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Pointers that must not be freed are reported and do no harm; every free is verified.
# lab: timeout=60 expect="mod/(general|cpu_cache|central)\\.c:"

echo "TAP version 13"
rmmod tcslab 2>/dev/null
insmod /lib/tcslab/tcslab.ko checks=1 || exit 1
dmesg -c >/dev/null
insmod /lib/tcslab/tcslab_test_badptr.ko || exit 1
rmmod tcslab_test_badptr
dmesg >/tmp/badptr.log
sed -n 's/.*tcslab-context: //p' /tmp/badptr.log | grep -v '^1\.\.'
number=$(grep -c 'tcslab-context: \(not \)*ok' /tmp/badptr.log)
for report in 'which is not ours' 'no object of cache' 'points into an object' 'free already' \
	'cannot be highmem or movable' 'more than the page allocator'; do
	number=$((number + 1))
	[ "$(grep -c "$report" /tmp/badptr.log)" -ge 1 ] || printf 'not '
	echo "ok $number - reported: $report"
done

check() # status what
{
	number=$((number + 1))
	[ "$1" -eq 0 ] || printf 'not '
	echo "ok $number - $2"
}

# Ten of each cause in five seconds, and never only the first.
[ "$(grep -c 'which is not ours; left alone' /tmp/badptr.log)" -ge 8 ]
check $? "each of eight pointers that are not ours is reported"
interior=$(grep -c 'points into an object' /tmp/badptr.log)
[ "$interior" -ge 10 ] && [ "$interior" -le 60 ]
check $? "of 1000 mistakes of one cause $interior are reported"
sed '1,/after the storm/d' /tmp/badptr.log >/tmp/badptr.after
grep -q 'reports like the next one were left out' /tmp/badptr.after &&
	grep -q 'points into an object' /tmp/badptr.after
check $? "a later one is, with the number of those that were not"
complaints=$(grep -A3 'cannot be highmem or movable' /tmp/badptr.log | grep -c 'WARNING: ')
[ "$complaints" -eq 0 ]
check $? "a request that SLUB only complains of is no WARN"
number=$((number + 1))
rmmod tcslab || printf 'not '
echo "ok $number - unloads"
echo "1..$number"
