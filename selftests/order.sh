#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Objects of a new span come in any order, unless hardened=0; and what a cache gives back is not
# the next one's at once.
# lab: timeout=60

# shellcheck source=selftests/case.inc
. ./case.inc

# The cases of the module with the parameters of the second word, tcslab with those of the first.
cases_of()
{
	rmmod tcslab 2>/dev/null
	insmod /lib/tcslab/tcslab.ko ${1:+"$1"} || exit 1
	dmesg -c >/dev/null
	insmod /lib/tcslab/tcslab_test_order.ko ${2:+"$2"} || exit 1
	rmmod tcslab_test_order
	dmesg >/tmp/order.log
	sed -n 's/.*tcslab-context: //p' /tmp/order.log | grep -v '^1\.\.' >/tmp/order.cases
	while read -r line; do
		case $line in "not "*) false ;; esac
		check $? "${line#* - }"
	done </tmp/order.cases
	rmmod tcslab
}

echo "TAP version 13"
cases_of "" ""
cases_of hardened=0 shuffled=0
cases_of checks=1 checks=1
plan
