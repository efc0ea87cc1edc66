#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The example drivers of Documentation/examples: tcslab linked into two of them, beside tcslab.ko and
# one that uses that; and one that can do without.
# lab: timeout=120 drivers=embedded:embedded_one,embedded:embedded_two,dependant:with_module,optional:can_do_without
# lab: when=long

DEBUGFS=/sys/kernel/debug
DRIVERS=/lib/drivers
# shellcheck source=selftests/case.inc
. ./case.inc

load() # module, parameters
{
	module=$1
	shift
	insmod "$DRIVERS/$module.ko" "$@"
}

# What the driver $1 has in its cache.
in_use()
{
	awk '$NF == "request" { for (i = 1; i <= NF; i++) if (title[i] == "in_use") print $i }
	     NR == 1 { for (i = 1; i <= NF; i++) title[i] = $i }' "$DEBUGFS/$1/tcslab/caches"
}

# No symbol of @1 is for others, none is missing that only tcslab.ko has.
on_its_own()
{
	! strings "$DRIVERS/$1.ko" | grep -qE '__ksymtab|tcslab_abi_|^depends=.*tcslab'
}

# @1 says: memory from @2
memory_from()
{
	dmesg | grep 'memory from' | tail -n 1 | grep -q "$1: memory from $2"
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
on_its_own embedded_one && on_its_own embedded_two
check $? "a driver with tcslab in it exports nothing and needs nothing"
load embedded_one count=1000
check $? "it is loaded where there is no tcslab"
insmod /lib/tcslab/tcslab.ko && load embedded_two count=500 && load with_module
check $? "another one, tcslab.ko, and a driver that uses that"
[ "$(in_use embedded_one)" = 1000 ] && [ "$(in_use embedded_two)" = 500 ]
check $? "each has its own statistics in its own folder"
! grep -q ' request$' $DEBUGFS/tcslab/caches && [ "$(ls $DEBUGFS/embedded_one)" = tcslab ]
check $? "and nothing of theirs is in tcslab.ko's"
ls /sys/module/embedded_one/parameters >/tmp/parameters
grep -q '^tcslab_hard_limit_bytes$' /tmp/parameters && grep -q '^count$' /tmp/parameters &&
	! grep -q '^hard_limit_bytes$' /tmp/parameters && [ "$(cat /sys/module/embedded_one/parameters/tcslab_hard_limit_bytes)" = 4194304 ]
check $? "parameters have a prefix, the driver's limit is there"
rmmod embedded_two && [ ! -e $DEBUGFS/embedded_two ] && [ "$(in_use embedded_one)" = 1000 ]
check $? "one goes, the other stays"
! load embedded_two count=100000 2>/dev/null && dmesg | grep -q 'embedded_two: [0-9]* of 100000 requests'
check $? "its limit is for all of it"
# insmod tries twice. 4 MiB of 1024 bytes each.
got=$(dmesg | sed -n 's/.*embedded_two: \([0-9]*\) of 100000 requests.*/\1/p' | tail -n 1)
[ "$got" -gt 3000 ] && [ "$got" -le 4096 ]
check $? "and is reached, not passed"
[ ! -e /sys/module/embedded_two ] && load embedded_two tcslab_hard_limit_bytes=32M count=20000
check $? "the administrator's limit comes before the driver's"
echo 1 >$DEBUGFS/embedded_one/tcslab/trim
rmmod with_module && rmmod tcslab && [ "$(in_use embedded_one)" = 1000 ]
check $? "tcslab.ko goes, they stay"
rmmod embedded_one && rmmod embedded_two
check $? "they go"

dmesg -c >/dev/null
load can_do_without && memory_from can_do_without kmalloc
check $? "without tcslab.ko a driver takes the kernel's memory"
insmod /lib/tcslab/tcslab.ko && rmmod can_do_without && load can_do_without &&
	memory_from can_do_without tcslab
check $? "with it, tcslab's"
grep -q 'can_do_without_request$' $DEBUGFS/tcslab/caches && ! rmmod tcslab 2>/dev/null
check $? "which then is in use"
rmmod can_do_without && rmmod tcslab
check $? "and is not when the driver has gone"
strings $DRIVERS/can_do_without.ko | grep -q '^softdep=pre: tcslab' &&
	! strings $DRIVERS/can_do_without.ko | grep -q '^depends=.*tcslab'
check $? "modprobe would load it before"
plan
