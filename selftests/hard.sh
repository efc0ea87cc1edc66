#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# hardened=1: what is written to a freed object is found when it is used again, the same one twice in a bulk
# free is refused, and the tests of the API find nothing else changed. mistakes.sh has all double frees.
# lab: timeout=240 append="kmemleak=off" expect="mod/(debug/hard|caches/free|middle/mistakes)\\.c:"

# shellcheck source=selftests/case.inc
. ./case.inc

# The cases of a module; nothing is reported meanwhile.
cases_of()
{
	dmesg -c >/dev/null
	insmod "/lib/tcslab/$1.ko"
	rmmod "$1"
	dmesg >/tmp/hard.log
	sed -n 's/.*tcslab-context: //p' /tmp/hard.log | grep -v '^1\.\.' >/tmp/hard.cases
	while read -r line; do
		case $line in "not "*) false ;; esac
		check $? "${line#* - }"
	done </tmp/hard.cases
	grep -q 'tcslab-context: 1\.\.[1-9]' /tmp/hard.log && ! grep -q 'tcslab: write to freed\|free already' /tmp/hard.log
	check $? "$1: to its end, without a report"
}

told() # mistake, what is to be said of it, or - for nothing
{
	sed -n "/hard: $1\$/,/hard: end/p" /tmp/hard.log >/tmp/hard.told
	if [ "$2" = - ]; then
		! grep -q 'tcslab: ' /tmp/hard.told
	else
		grep -q "tcslab: $2" /tmp/hard.told
	fi
	check $? "$1: $2"
}

refused()
{
	dmesg -c >/dev/null
	! insmod /lib/tcslab/tcslab.ko hardened="$1" 2>/dev/null && dmesg | grep -q "tcslab: hardened=$1: 0 trusts"
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
refused 2 && refused x
check $? "what is no level is refused"
insmod /lib/tcslab/tcslab.ko hardened=1 || exit 1
for module in tcslab_test_hard tcslab_test_api tcslab_test_heap tcslab_test_slab tcslab_test_stress; do
	cases_of $module
done
dmesg -c >/dev/null
insmod /lib/tcslab/tcslab_test_hard.ko writes=1
rmmod tcslab_test_hard
dmesg >/tmp/hard.log
told "first word" "write to freed object .*, found by an allocation from "
told "50th byte" -
told "50th byte, cleared" "it is 50 bytes into object .* of cache hard-cleared, 200 bytes in "
told "behind the object" "it is 200 bytes into object .* of cache hard-constructed, 200 bytes in "
told "twice in one bulk free" "free of .*, which is free already; left alone"
rmmod tcslab
check $? "unloads"
plan
