#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Caches with debug=: red zones, poison, who allocated and freed, validate. Each mistake is made through
# <linux/tcslab.h> and through the drop-in; Documentation/mistakes.md has the table.
# lab: timeout=180 smp=2 expect="mod/(caches/free|caches/cache|debug/objects_report|middle/mistakes)\\.c:"

DEBUG=/sys/kernel/debug/tcslab/debug
# shellcheck source=selftests/case.inc
. ./case.inc

# The mistake, and what the log has to say of it.
wanted="right-1 write right of object .* found by the free from
right-8 write right of object .* found by the free from
right-104 write right of object .* found by the free from
left-1 write left of object .* found by the free from
left-8 write left of object .* found by the free from
left-104 write left of object .* found by the free from
padding write to the padding of object .* found by the free from
right-general it is 0 bytes right of object .* of cache normal-208, 201 bytes in
right-validate write right of object .* found by validate
written-reuse write to freed object .* found by an allocation from
written-first-word write to freed object .* found by an allocation from
written-validate write to freed object .* found by validate
written-shrink write to freed object .* found when its memory was given back
twice free of .* which is free already; left alone
twice-after-1 free of .* which is free already; left alone
twice-after-100 free of .* which is free already; left alone
twice-after-10000 free of .* \(which is free already\|where no object is\|which is not ours\)
twice-two-cpus free of .* which is free already; left alone
twice-rcu free of .* \(which is free already\|where no object is\)
interior free of .* which points into an object; left alone
leak object .* is in use"

# What the log says between the act of a mistake and its end; with "users" who had the object.
told_of() # mistake
{
	sed -n "/mistakes: act $1\$/,/mistakes: end $1\$/p" /tmp/debug.log
}

# Who allocated and who freed, with the function of this test that did.
users()
{
	told_of "$1" >/tmp/told
	case $1 in
	*general | *rcu | *10000 | interior) return ;;
	leak) grep -A3 'tcslab: allocated by insmod/' /tmp/told | grep -q 'planted_alloc.*tcslab_test_debug' ;;
	twice* | written*) grep -A8 'tcslab: freed by ' /tmp/told | grep -q 'tcslab_test_debug' ;;
	*) grep -A4 'tcslab: allocated by insmod/' /tmp/told | grep -q 'one_inside.*tcslab_test_debug' ;;
	esac
}

# 150 of 300 are in use again; of these nearly all were freed before.
traces_are_right() # file, function, at least
{
	awk -v wanted="$2" -v least="$3" '/age_ms=/ { count = $1 } index($0, wanted) && /tcslab_test_debug/ && count >= least && count <= 150 { found = 1 }
		END { exit !found }' "$1" || { sed 's/^/# /' "$1"; false; }
}

mistakes() # who
{
	insmod /lib/tcslab/tcslab.ko debug="FZPU,debug-*,normal-*" || exit 1
	dmesg -c >/dev/null
	rm -f /tmp/alloc.traces /tmp/free.traces
	insmod /lib/tcslab/tcslab_test_debug.ko who="$1"
	dmesg >/tmp/debug.log
	while read -r name what; do
		told_of "$name" | grep -q "tcslab:.* $what" && users "$name"
		check $? "$1: $name"
	done <<END
$wanted
END
	traces_are_right /tmp/alloc.traces planted_alloc 150
	check $? "$1: alloc_traces"
	traces_are_right /tmp/free.traces planted_free 75
	check $? "$1: free_traces"
	! sed -n '/mistakes: none from here on/,$p' /tmp/debug.log | grep -qE 'tcslab: (write|free of)'
	check $? "$1: nothing is said where nothing is wrong"
	sed -n 's/.*tcslab-context: ok [0-9]* - /0 /p; s/.*tcslab-context: not ok [0-9]* - /1 /p' \
		/tmp/debug.log >/tmp/cases
	while read -r status what; do
		check "$status" "$1: $what"
	done </tmp/cases
	[ "$(wc -l </tmp/cases)" -eq 15 ]
	check $? "$1: all cases were there"
	rmmod tcslab_test_debug
	rmmod tcslab
	[ ! -d /sys/module/tcslab ]
	check $? "$1: unloads"
}

# Is a folder there for each of @2, and for none of @3?
debugged() # pattern, names, other names
{
	insmod /lib/tcslab/tcslab.ko debug="$1" || return 1
	ok=0
	for name in $2; do
		[ -d "$DEBUG/$name" ] || { echo "# $1: no $name"; ok=1; }
	done
	for name in $3; do
		[ ! -d "$DEBUG/$name" ] || { echo "# $1: $name"; ok=1; }
	done
	rmmod tcslab
	return $ok
}

refused()
{
	dmesg -c >/dev/null
	! insmod /lib/tcslab/tcslab.ko debug="$1" 2>/dev/null && dmesg | grep -q "tcslab: debug=$1: not letters"
}

later()
{
	insmod /lib/tcslab/tcslab.ko
	[ "$(ls $DEBUG)" = pattern ] && echo "FZ,debug-*" >$DEBUG/pattern && [ "$(cat $DEBUG/pattern)" = "FZ,debug-*" ] &&
		{ ! echo "Q" >$DEBUG/pattern; } 2>/dev/null && [ "$(cat $DEBUG/pattern)" = "FZ,debug-*" ]
	check $? "the pattern is written and read in debugfs"
	dmesg -c >/dev/null
	for one in right-1 right-general; do
		insmod /lib/tcslab/tcslab_test_debug.ko who=api only=$one
		rmmod tcslab_test_debug
	done
	dmesg >/tmp/debug.log
	told_of right-1 | grep -q "write right of object" && ! told_of right-general | grep -q "write right of object"
	check $? "caches that were made later are debugged, those that were there are not"
	rmmod tcslab
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
mount -t debugfs none /sys/kernel/debug 2>/dev/null
mistakes api
mistakes slab
debugged "FZPU" "normal-8 normal-208 normal-65536" "" &&
	debugged "U,normal-1*,normal-208" "normal-16 normal-1024 normal-208" "normal-8 normal-256" &&
	debugged ",normal-8;-,normal-1*;F" "normal-8 normal-208" "normal-16" && debugged "-" "" "normal-8" &&
	debugged "" "" "normal-8"
check $? "patterns name caches"
refused FQ && refused "F;zz" && refused "-F"
check $? "what is no pattern is refused"
later
plan
