#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# On a kernel with KASAN: each access beside an object or after its free is reported when it is made,
# with the object and who used it, and none that is right. Documentation/mistakes.md has the table;
# SLUB's column is printed beside ours.
# lab: timeout=120 smp=2 kernels=debug-* append="kasan_multi_shot" expect="in (reads|writes|tcslab_shadow_check|tcslab_slab_krealloc|kfree|ksize|free_named|slab_cache_free|slub)|mod/(caches/free|middle/mistakes)\\.c:"

# shellcheck source=selftests/case.inc
. ./case.inc

# The mistake, what KASAN says, what we do.
wanted="read-right-1 slab-out-of-bounds 0 bytes right of object .* of cache .*, 200 bytes in .*, in use
read-right-8 slab-out-of-bounds 7 bytes right of object .* of cache .*, 200 bytes in .*, in use
read-left-1 slab-\(out-of-bounds\|use-after-free\) of cache .*, 200 bytes in
write-right-1 slab-out-of-bounds 0 bytes right of object .* of cache .*, 200 bytes in .*, in use
general-right-1 slab-out-of-bounds 0 bytes right of object .* of cache normal-208, 201 bytes in .*, in use
general-slack slab-out-of-bounds 10 bytes right of object .* of cache normal-.*, 1030 bytes in .*, in use
large-right-1 .* 0 bytes right of a large object .*, 70000 bytes in 18 pages
shrunk slab-out-of-bounds 0 bytes right of object .* of cache normal-.*, 400 bytes in .*, in use
moved slab-use-after-free 0 bytes into object .* of cache normal-.*, free
read-freed slab-use-after-free 0 bytes into object .* of cache .*, free
write-freed slab-use-after-free 50 bytes into object .* of cache .*, free
general-freed slab-use-after-free 199 bytes into object .* of cache normal-.*, free
large-freed use-after-free -
rcu-freed slab-use-after-free 100 bytes into object .* of cache normal-.*, free
read-freed-late .* -
realloc-freed slab-use-after-free 0 bytes into object .* of cache normal-.*, free"
twice="twice twice-late twice-cpus"

# What the log says between the act of a mistake and its end.
told_of() # mistake
{
	sed -n "/mistakes: begin $1\$/,/mistakes: begin/p" /tmp/kasan.log | sed -n '/mistakes: act/,/mistakes: end/p'
}

# Who allocated it, and who freed it, with a function of the test.
users() # mistake
{
	case $1 in
	large* | read-left* | read-freed-late) return ;;
	*right* | general-slack | shrunk) grep -A6 'tcslab: allocated by insmod/' /tmp/told | grep -q 'tcslab_test_kasan' ;;
	*) grep -A6 'tcslab: freed by ' /tmp/told | grep -q 'tcslab_test_kasan\|tcslab' ;;
	esac
}

make_them() # who
{
	dmesg -c >/dev/null
	insmod /lib/tcslab/tcslab_test_kasan.ko who="$1"
	rmmod tcslab_test_kasan
	dmesg >/tmp/kasan.log
	while read -r name kind what; do
		told_of "$name" >/tmp/told
		echo "# $1 $name: $(grep -oE 'BUG: KASAN: [^ ]* in [a-z_]*|free of .*already' /tmp/told | head -n 1)"
		[ "$1" = slub ] && continue
		grep -q "BUG: KASAN: $kind in " /tmp/told && { [ "$what" = - ] || grep -q "tcslab: .*$what" /tmp/told; } &&
			users "$name"
		check $? "$1: $name"
	done <<END
$wanted
END
	for name in $twice; do
		told_of "$name" >/tmp/told
		echo "# $1 $name: $(grep -oE 'BUG: KASAN: [^ ]* in [a-z_]*|which is free already; left alone' /tmp/told | head -n 1)"
		[ "$1" = slub ] && continue
		grep -q "which is free already; left alone" /tmp/told
		check $? "$1: $name"
	done
	! sed -n '/mistakes: none from here on/,$p' /tmp/kasan.log | grep -E 'tcslab: |KASAN' && grep -q 'mistakes: done' /tmp/kasan.log
	check $? "$1: nothing is said where nothing is wrong"
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
insmod /lib/tcslab/tcslab.ko kasan_full=1 || exit 1
make_them api
make_them slab
make_them slub
plan
