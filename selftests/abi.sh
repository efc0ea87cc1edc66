#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A consumer built with other headers is refused by the loader, and so is one for another tcslab.
# lab: timeout=60

# shellcheck source=selftests/case.inc
. ./case.inc

# What the file $1 would be with headers of another hash, to $2: wherever the name is, each of its
# tables of names included, one digit is another one.
with_other_hash()
{
	cp "$1" "$2"
	strings -t d "$2" | sed -n 's/^ *\([0-9]*\) \(tcslab_abi_[0-9a-f]*\)$/\1 \2/p' >/tmp/places
	while read -r offset name; do
		case $name in
		*0) digit=1 ;;
		*) digit=0 ;;
		esac
		printf %s "$digit" | dd of="$2" bs=1 seek=$((offset + ${#name} - 1)) conv=notrunc 2>/dev/null
	done </tmp/places
	[ -s /tmp/places ]
}

# Loading the module $1 fails for the symbol.
refused()
{
	dmesg -c >/dev/null
	! insmod "$1" 2>/dev/null && dmesg | grep -q 'Unknown symbol tcslab_abi_'
}

echo "TAP version 13"
rmmod tcslab 2>/dev/null
insmod /lib/tcslab/tcslab.ko || exit 1
for module in tcslab_example tcslab_test_slab; do
	with_other_hash "/lib/tcslab/$module.ko" "/tmp/$module.ko"
	check $? "$module refers to the hash of its headers"
	refused "/tmp/$module.ko"
	check $? "$module is refused with another one"
done
insmod /lib/tcslab/tcslab_example.ko
check $? "with its own it is loaded"
rmmod tcslab_example
rmmod tcslab
check $? "all unload"
with_other_hash /lib/tcslab/tcslab.ko /tmp/tcslab.ko
insmod /tmp/tcslab.ko
check $? "another tcslab is loaded"
refused /lib/tcslab/tcslab_example.ko
check $? "and refuses the consumer of the first"
rmmod tcslab
plan
