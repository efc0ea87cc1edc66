#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Ten thousand named caches take ten times what a thousand take, to create, read, drain, scavenge
# and destroy; all of them are read in 3 * 10^8 instructions.
# Under icount a nanosecond of the guest is an instruction.
# lab: kernels=debian-*[0-9] icount=1 mem=2G timeout=900 when=long

# shellcheck source=selftests/memory.inc
. ./memory.inc
MOST=300000000

begin
rmmod tcslab
insmod /lib/tcslab/tcslab.ko || exit 1
RESULTS=$(mktemp)

# Instructions of a command, to 10^7. The clock stands still while nothing runs.
instructions() # what, command...
{
	what=$1
	shift
	from=$(sed 's/\(.*\)\.\(..\) .*/\1\2/' /proc/uptime)
	"$@"
	now=$(sed 's/\(.*\)\.\(..\) .*/\1\2/' /proc/uptime)
	echo "$n $what $(((now - from) * 10000000))" >>"$RESULTS"
}

of() # n what
{
	awk -v n="$1" -v what="$2" '$1 == n && $2 == what { print $3 }' "$RESULTS"
}

# With interrupts off while one cache is looked at.
load_module tcslab_test_many partial=300000
check $? "300000 spans with an object in use and one that is free"
cat $DEBUGFS/spans >/dev/null
longest=$(cat /sys/module/tcslab_test_many/parameters/longest)
[ "$longest" -gt 0 ] && [ "$longest" -le 100000 ]
check $? "the longest look at a cache takes $longest instructions"
rmmod tcslab_test_many
echo 1 >$DEBUGFS/trim

for n in 1000 10000; do
	load_module tcslab_test_many n=$n
	check $? "$n caches"
	dmesg | sed -n 's/.*tcslab-many: //p' >>"$RESULTS"
	for file in caches stats spans cpu; do
		instructions read-$file cat $DEBUGFS/$file >/dev/null
	done
	[ "$(grep -c ' many-' $DEBUGFS/caches)" -eq $n ]
	check $? "all $n are shown"
	dmesg -c >/dev/null
	rmmod tcslab_test_many
	dmesg | sed -n 's/.*tcslab-many: //p' >>"$RESULTS"
done
sed 's/^/# /' "$RESULTS"
! grep -q undestroyed "$RESULTS"
check $? "all are destroyed"
for what in create drain drain-nothing destroy read-caches read-stats read-spans read-cpu; do
	less=$(of 1000 $what)
	more=$(of 10000 $what)
	# A tenth of the limit is what need not be looked at closely, and the clock's tick is 10^7.
	[ "$more" -lt $(((less + 10000000) * 15)) ] || [ "$more" -lt $((MOST / 10)) ]
	check $? "$what: $less instructions for 1000, $more for 10000"
done
for file in caches stats spans cpu; do
	[ "$(of 10000 read-$file)" -le $MOST ]
	check $? "$file of 10000 caches is read in $(of 10000 read-$file) instructions"
done
plan
