#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Mistakes of users, through <linux/tcslab.h> and through the drop-in: which free is refused at
# once, which is found later, what is not found. Documentation/mistakes.md has the table, which this
# prints, beside that of SLUB (who=slub; some of it kills who did it).
# lab: timeout=120 smp=2 kernels=debian-* expect="mod/(caches/free|caches/general|middle/mistakes)\\.c:"

# The mistake, and what is to be said of it at worst, with hardened=1 and with debug=: 2 at once, 1 later,
# 0 nothing.
wanted="free-twice 2 2 2
free-twice-after-1 0 2 2
free-twice-after-100 0 2 2
free-twice-after-10000 0 2 2
free-twice-two-cpus 0 2 2
free-twice-rcu 0 2 2
free-interior 2 2 2
free-interior-general 2 2 2
free-other-cache 2 2 2
free-kmalloc-to-cache 2 2 2
free-page-to-cache 2 2 2
free-stack-to-cache 2 2 2
free-vmalloc-to-cache 2 2 2
free-live-neighbour 0 0 0
realloc-after-free 0 2 2"

# shellcheck source=selftests/case.inc
. ./case.inc

# What the log says of each mistake.
read_log()
{
	awk '/mistakes: begin/ { name = $NF; when = "not"; acted = 0; two = "" }
	/mistakes: act/ { acted = 1 }
	/mistakes: after/ { acted = 2 }
	/mistakes: died/ { if (when == "not") when = acted == 2 ? "later" : "at-once" }
	/mistakes: two-owners/ { two = ", two owners" }
	/cut here|BUG|Oops|general protection|tcslab: free of/ {
		if (when == "not" && acted) when = acted == 1 ? "at-once" : "later" }
	/mistakes: end/ { print name, when two }' "$1"
}

make_them() # who, parameter or nothing
{
	insmod /lib/tcslab/tcslab.ko ${2:+"$2"} || exit 1
	dmesg -c >/dev/null
	insmod /lib/tcslab/tcslab_test_mistakes.ko who="$1"
	dmesg >/tmp/mistakes.log
	read_log /tmp/mistakes.log >/tmp/mistakes.found
	sed "s/^/# $1 $2: /" /tmp/mistakes.found
	while read -r name least hardened debugged; do
		case $(sed -n "s/^$name //p" /tmp/mistakes.found) in
		at-once) is=2 ;;
		later) is=1 ;;
		not*) is=0 ;;
		*) is=-1 ;;
		esac
		case $2 in
		hardened*) least=$hardened ;;
		debug*) least=$debugged ;;
		esac
		[ $is -ge "$least" ]
		check $? "$1: $name${2:+, $2}"
	done <<END
$wanted
END
	rmmod tcslab_test_mistakes
	rmmod tcslab
	[ ! -d /sys/module/tcslab ]
	check $? "$1: unloads${2:+, $2}"
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
make_them api
make_them slab
make_them api hardened=1
make_them slab hardened=1
make_them api debug=FZPU
make_them slab debug=FZPU
plan
