#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Guarded objects: each mistake is found, by a fault or at the next free, none is found where
# there is none, and what dies of one says what it was about.
# lab: timeout=300 expect="mod/debug/guard_report\\.c:|:(reads|writes)\\+0x"

# shellcheck source=selftests/case.inc
. ./case.inc

stats=/sys/kernel/debug/tcslab/stats

stat()
{
	sed -n "s/^$1: //p" $stats
}

# A mistake, made by the module and with the parameters that follow: counts.
mistakes()
{
	mistake=$1
	module=$2
	shift 2
	before=$(stat guard_reports)
	dmesg -c >/dev/null
	insmod "/lib/tcslab/$module.ko" mistake="$mistake" "$@" || echo "# $module: no insmod"
	rmmod "$module"
	line=$(dmesg | sed -n 's/.*tcslab-context: # //p')
	echo "# $module: $line"
	runs=$(echo "$line" | sed -n 's/.* runs \([0-9]*\).*/\1/p')
	guarded=$(echo "$line" | sed -n 's/.* guarded \([0-9]*\).*/\1/p')
	faults=$(echo "$line" | sed -n 's/.* faults \([0-9]*\).*/\1/p')
	reports=$(($(stat guard_reports) - before))
	seen=$((faults + reports))
}

# All of the guarded ones are found.
all_seen()
{
	mistakes "$@"
	[ "$guarded" -eq "$wanted" ] && [ "$seen" -eq "$guarded" ]
	check $? "$*: $seen of $guarded seen ($faults faults), $runs runs"
}

# What is read at the edge that is not a page's is not.
some_seen()
{
	mistakes "$@"
	[ "$guarded" -eq "$wanted" ] && [ "$seen" -ge $((wanted / 5)) ] &&
		[ "$seen" -le $((wanted * 4 / 5)) ] && [ "$reports" -eq 0 ]
	check $? "$*: $seen of $guarded seen, $runs runs"
}

# What the log says of the thread that died: $1 is the mistake, then as before.
told()
{
	words=$1
	shift
	mistakes "$@" oops=1
	dmesg >/tmp/guard.log
	grep -q "tcslab: guard: $words at .* of object" /tmp/guard.log &&
		grep -q "tcslab: guard: object of cache .*, ${size:-64} bytes asked" /tmp/guard.log &&
		grep -A 12 "tcslab: guard: allocated by tcslab_mistake/" /tmp/guard.log |
			grep -q " make_mistake+0x.*tcslab_test_guard"
	check $? "an oops says \"$words\""
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
insmod /lib/tcslab/tcslab.ko guard_interval=1 || exit 1
wanted=50
cat /proc/sys/kernel/panic_on_oops >/tmp/oops
echo 0 >/proc/sys/kernel/panic_on_oops

# Named caches whose frees do not look at the page find theirs where every free is verified.
for named in 0 1; do
	for module in tcslab_test_guard tcslab_test_guard_slab; do
		mistakes none "$module" "named=$named"
		[ "$guarded" -eq "$wanted" ] && [ "$seen" -eq 0 ]
		check $? "$module, named=$named: no false alarm in $runs runs, $guarded guarded"
		all_seen write_right "$module" "named=$named"
		some_seen read_right "$module" "named=$named"
		all_seen write_left "$module" "named=$named"
		some_seen read_left "$module" "named=$named"
		# A general one has the bytes of its class.
		[ "$named" -eq 0 ] || all_seen write_right "$module" "named=$named" size=61
		all_seen read_freed "$module" "named=$named"
		all_seen write_freed "$module" "named=$named"
		all_seen write_freed_late "$module" "named=$named"
		all_seen free_twice "$module" "named=$named"
		all_seen free_twice_late "$module" "named=$named"
		all_seen free_inside "$module" "named=$named"
	done
	[ "$named" -eq 1 ] || { rmmod tcslab && insmod /lib/tcslab/tcslab.ko guard_interval=1 checks=1; }
	check $? "unloads"
done
[ "$(stat guard_canaries_only)" -eq 0 ]
check $? "pages can be taken away"

told "use after free, read" read_freed tcslab_test_guard
grep -A 12 "tcslab: guard: freed by tcslab_mistake/" /tmp/guard.log | grep -q " read_freed+0x"
check $? "and who freed it"
told "use after free, write" write_freed tcslab_test_guard_slab
told "out of bounds, read" read_right tcslab_test_guard
grep -q "read at .*, 1 bytes right of object" /tmp/guard.log
check $? "and how far it was"
# Who dies has his object still: of a named cache that would be seen when it is destroyed.
told "out of bounds, write" write_left tcslab_test_guard_slab
grep -q "write at .*, 1 bytes left of object" /tmp/guard.log
check $? "and how far it was"
[ "$(stat guard_live)" -le 2 ]
check $? "only the dead have guarded objects"

cat /tmp/oops >/proc/sys/kernel/panic_on_oops
rmmod tcslab
check $? "unloads"
! dmesg | grep -q "BUG: Bad page"
check $? "without a complaint about pages"
plan
