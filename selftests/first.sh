#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Files built with -include linux/tcslab_slab.h print with their own pr_fmt(), or with none.
# lab: timeout=60

# shellcheck source=selftests/case.inc
. ./case.inc

printed()
{
	grep -Eq "(^|] )$2\$" /tmp/first.log
	check $? "$1"
}

echo "TAP version 13"
lsmod | grep -q '^tcslab ' || insmod /lib/tcslab/tcslab.ko || exit 1
dmesg -c >/dev/null
insmod /lib/tcslab/tcslab_test_first.ko || exit 1
rmmod tcslab_test_first
dmesg >/tmp/first.log
printed "with the file's own pr_fmt()" 'tcslab_test_first: own: plain'
printed "and arguments" 'tcslab_test_first: own: text of 1'
printed "once" 'tcslab_test_first: own: once'
printed "ratelimited" 'tcslab_test_first: own: ratelimited'
printed "with one of several arguments" 'call: first_call at [0-9]+: plain'
printed "and arguments of the call" 'call: first_call at [0-9]+: text of 1'
printed "without one" 'none: plain'
printed "and arguments to that" 'none: text of 1'
plan
