#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Parameters that are bytes take K, M and G; what is impossible is refused in a sentence; what the
# module tells of itself.
# lab: timeout=60

PARAMETERS=/sys/module/tcslab/parameters
# shellcheck source=selftests/case.inc
. ./case.inc

reads() # parameter, value
{
	[ "$(cat "$PARAMETERS/$1")" = "$2" ] || { echo "# $1 is $(cat "$PARAMETERS/$1")"; false; }
}

takes() # parameter, what is written, what it then is
{
	echo "$2" >"$PARAMETERS/$1" && reads "$1" "$3"
}

# Not taken, the value stays, and the log has a sentence with parameter, value and @3.
refuses() # parameter, what is written, words
{
	before=$(cat "$PARAMETERS/$1")
	dmesg -c >/dev/null
	{ ! echo "$2" >"$PARAMETERS/$1"; } 2>/dev/null && reads "$1" "$before" &&
		dmesg | grep -F "tcslab: $1=$2: " | grep -q "$3"
}

tells() # field of modinfo, what it is to match
{
	grep -qE "^$1=$2" /tmp/modinfo
}

# Every parameter that is a number says of what, and what 0 is if it is bytes.
units()
{
	sed -n 's/^parmtype=\(.*\):bytes$/\1/p' /tmp/modinfo >/tmp/names
	[ "$(wc -l </tmp/names)" -ge 6 ] || return 1
	while read -r name; do
		grep -q "^parm=$name:.*bytes.*0: " /tmp/modinfo || { echo "# $name"; return 1; }
	done </tmp/names
	# A plain number has its unit in its name.
	! grep -E '^parmtype=.*:(u?long|u?int)$' /tmp/modinfo | grep -vE '_(ms|slots):'
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
dmesg -c >/dev/null
insmod /lib/tcslab/tcslab.ko hard_limit_bytes=64M soft_limit_bytes=0x1000000 cpu_budget_bytes=2m keep_bytes=1048576
check $? "loaded with 64M, 0x1000000, 2m and 1048576"
reads hard_limit_bytes 67108864 && reads soft_limit_bytes 16777216 && reads cpu_budget_bytes 2097152 &&
	reads keep_bytes 1048576
check $? "they read as plain numbers"
# The kernel's own is of the taint.
[ "$(dmesg | grep 'tcslab: ' | grep -vc 'verification failed\|out-of-tree')" -eq 1 ] &&
	dmesg | grep -qE 'tcslab: tcslab [0-9.]+, nodes [0-9]+, checks off, border off, guard interval 0 ms, hard limit 67108864 bytes'
check $? "one line at load"
takes hard_limit_bytes 1G 1073741824 && takes release_rate 128K 131072 &&
	takes handle_quota_bytes 16M 16777216 && takes hard_limit_bytes 0 0
check $? "1G, 128K, 16M, 0 are taken"
for wrong in lots -1 12X 1GG 64MB M 1.5G 0x; do
	refuses keep_bytes "$wrong" 'not a number of bytes' || break
done
check $? "what is no number is refused"
refuses hard_limit_bytes 99999999999G 'cannot count' &&
	refuses hard_limit_bytes 99999999999999999999999 'cannot count' && refuses keep_bytes 16E 'cannot count'
check $? "what cannot be counted is refused"
refuses hard_limit_bytes 100 'fewer bytes than the .* that a page has' && refuses hard_limit_bytes 1 'fewer'
check $? "a limit under which nothing could be allocated is refused"
rmmod tcslab
! insmod /lib/tcslab/tcslab.ko hard_limit_bytes=many 2>/dev/null && [ ! -e /sys/module/tcslab ]
check $? "with a wrong one it is not loaded"
strings /lib/tcslab/tcslab.ko | grep -E '^(author|homepage|license|version|description|parm|parmtype)=' >/tmp/modinfo
tells author . && tells homepage '[a-z]+://' && tells license GPL && tells version '[0-9]' && tells description .
check $? "modinfo: author, homepage, license, version, description"
units
check $? "modinfo: the units of all parameters"
plan
