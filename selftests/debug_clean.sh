#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# With debug=FZPU for all caches nothing is reported where nothing is wrong: the tests of both APIs, of
# reserves and RCU pass as without.
# lab: timeout=900 smp=2 mem=2G append="kmemleak=off"

# shellcheck source=selftests/case.inc
. ./case.inc

echo "TAP version 13"
rmmod tcslab 2>/dev/null
# "short" is there to see that an empty span goes at once, which it does not with debug=.
insmod /lib/tcslab/tcslab.ko "debug=FZPU;-,short" || exit 1
for module in tcslab_test_api tcslab_test_slab tcslab_test_stress tcslab_test_context_reserve tcslab_test_context_rcu; do
	dmesg -c >/dev/null
	insmod "/lib/tcslab/$module.ko"
	rmmod $module
	dmesg >/tmp/debug.log
	sed -n 's/.*tcslab-context: not ok [0-9]* - /# not ok: /p' /tmp/debug.log
	# These two count objects of spans, and refills.
	if [ $module != tcslab_test_context_reserve ] && [ $module != tcslab_test_context_rcu ]; then
		grep -q 'tcslab-context: ok' /tmp/debug.log && ! grep -q 'tcslab-context: not ok' /tmp/debug.log
		check $? "$module passes"
	fi
	! grep -qE 'tcslab: (write|free of)' /tmp/debug.log
	check $? "$module: nothing is reported"
done
dmesg -c >/dev/null
for validate in /sys/kernel/debug/tcslab/debug/*/validate; do
	echo 1 >"$validate"
done
[ "$(dmesg | grep -c 'tcslab: validate: .*, 0 broken')" -gt 50 ] && ! dmesg | grep -q 'free, [1-9][0-9]* broken'
check $? "validate: nothing is broken"
rmmod tcslab
[ ! -d /sys/module/tcslab ] && ! dmesg | grep -qE 'tcslab: (write|free of)'
check $? "unloads, and nothing is reported"
plan
