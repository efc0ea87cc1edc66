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
number=$((number + 1))
rmmod tcslab || printf 'not '
echo "ok $number - unloads"
echo "1..$number"
