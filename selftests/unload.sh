#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Loading and unloading 50 times loses no page; twice at once, or under a user, is refused.
# lab: timeout=150 when=long mem=768M append="init_on_alloc=0 init_on_free=0"

# shellcheck source=selftests/memory.inc
. ./memory.inc
echo "TAP version 13"
echo "1..6"
rmmod tcslab 2>/dev/null
round=0
first=5
rounds=50
fails=0
# There it takes long, and pages cannot be counted.
if grep -q ' kasan_report$' /proc/kallsyms; then
	first=1
	rounds=4
fi
while [ $round -lt $((first + rounds)) ]; do
	# The first few rounds make what the kernel keeps: module and per-CPU areas.
	[ $round -ne $first ] || before=$(free_pages)
	insmod /lib/tcslab/tcslab.ko && insmod /lib/tcslab/tcslab_example.ko &&
		rmmod tcslab_example && rmmod tcslab || fails=$((fails + 1))
	round=$((round + 1))
done
after=$(free_pages)
check $fails "$rounds rounds"
echo "# free pages: $before before, $after after"
# A page a round would be 50; the kernel's own caches move by a few dozen.
if [ $rounds -lt 50 ]; then
	number=$((number + 1))
	echo "ok $number - no page lost # SKIP KASAN keeps pages for what is gone"
else
	[ $((before - after)) -lt 40 ]
	check $? "no page lost"
fi
insmod /lib/tcslab/tcslab.ko
! insmod /lib/tcslab/tcslab.ko 2>/dev/null
check $? "a second load is refused"
insmod /lib/tcslab/tcslab_example.ko
! rmmod tcslab 2>/dev/null
check $? "unloading under a user is refused"
rmmod tcslab_example
exec 3</dev/tcslab
! rmmod tcslab 2>/dev/null
check $? "unloading is refused while the device is open"
exec 3<&-
rmmod tcslab
check $? "and done when it is closed"
