#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Every single allocation of the life of caches and the first, the last and some others of the
# module's init fail once, on a machine of one node, where no other helps out: who asked hears of
# it, nothing is left, the next one works. Not on 6.1, whose SLUB leaks the name of a cache that it
# cannot show in sysfs.
# lab: timeout=400 kernels=debug-7.3 smp=2 nodes=1 append="no_debug_objects" when=all

# shellcheck source=selftests/memory.inc
. ./memory.inc
FAIL=/sys/kernel/debug
NTH=/sys/module/fail_init/parameters

echo "TAP version 13"
if [ ! -d $FAIL/fail_page_alloc ] || [ ! -d $FAIL/failslab ]; then
	echo "1..0 # SKIP no fault injection"
	exit 4
fi
for what in fail_page_alloc failslab; do
	echo N >$FAIL/$what/ignore-gfp-wait
	echo 0 >$FAIL/$what/verbose
done
echo 0 >$FAIL/fail_page_alloc/min-order

loaded()
{
	grep -q '^tcslab ' /proc/modules
}

echo 1 >/sys/kernel/rcu_expedited
! loaded || rmmod tcslab || exit 1
insmod /lib/tcslab/fail_init.ko || exit 1
refused=0
wrong=0

# Load the module with its $1-th allocation failing; it can do without some, as without debugfs.
load()
{
	echo "$1" >$NTH/nth
	if insmod /lib/tcslab/tcslab.ko 2>"$WORK"; then
		rmmod tcslab || wrong=$((wrong + 1))
	else
		refused=$((refused + 1))
		if ! grep -q "Cannot allocate memory" "$WORK" || loaded; then
			cat "$WORK"
			wrong=$((wrong + 1))
		fi
	fi
}

load 100000
all=$((100000 - $(cat $NTH/left)))
# All at the ends; between them each cache asks for much the same.
n=1
while [ $n -le $all ]; do
	load $n
	if [ $n -lt 30 ] || [ $n -gt $((all - 160)) ]; then
		n=$((n + 1))
	else
		n=$((n + 37))
		[ $n -le $((all - 160)) ] || n=$((all - 159))
	fi
done
echo "# $refused loads refused, of $all allocations"
[ $refused -gt 5 ] && [ $all -lt 50000 ]
check $? "a load with an allocation that fails is refused"
[ $wrong -eq 0 ]
check $? "and leaves nothing behind"
echo 0 >$NTH/nth
rmmod fail_init
insmod /lib/tcslab/tcslab.ko
check $? "the next one works"

load_module tcslab_test_sites
check $? "caches hear of each allocation that fails"
rmmod tcslab_test_sites
[ "$(value in_use_bytes)" -eq 0 ]
check $? "nothing is in use: $(value in_use_bytes) bytes"
echo 1 >$DEBUGFS/trim
[ "$(held_pages)" -eq 0 ]
check $? "nothing is held"
rmmod tcslab
check $? "unloaded, with no page that is counted and not held"
plan
