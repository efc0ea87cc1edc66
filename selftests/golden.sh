#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The fast paths have not become longer: instructions of an allocation and a free, counted
# under icount, against those in data/golden. A row that grew by more than two instructions or
# by 2 %, whichever is more, fails. Another compiler makes other code: then there is nothing to
# compare. When a change is meant: make golden
# lab: kernels=debian-*[0-9] icount=1 mem=2G append="init_on_alloc=0" timeout=900

release=$(uname -r)
golden=golden/$(echo "$release" | cut -d . -f 1,2)
loaded_core=

finish()
{
	[ -z "$loaded_core" ] || rmmod tcslab
}

trap finish EXIT
echo "TAP version 13"
if [ ! -f "$golden" ]; then
	echo "1..0 # SKIP no counts of $release"
	exit 4
fi
if [ ! -d /sys/module/tcslab ]; then
	insmod /lib/tcslab/tcslab.ko && loaded_core=1
fi
insmod /lib/tcslab/tcslab_bench.ko run=pairs,bulk || exit 1
rmmod tcslab_bench
dmesg | sed -n 's/.*tcslab-bench: //p' >/tmp/counts

compiler=$(sed -n 's/^compiler //p' /tmp/counts)
wanted=$(sed -n 's/^compiler //p' "$golden")
if [ "$compiler" != "$wanted" ]; then
	echo "1..0 # SKIP built by compiler $compiler, the counts are of $wanted"
	exit 4
fi
sed -n '/^compiler/!p' "$golden" >/tmp/golden
echo "1..$(wc -l </tmp/golden)"
number=0
failed=0
# Counts are in hundredths.
while read -r bench count; do
	number=$((number + 1))
	now=$(sed -n "s/^$bench [a-z]* \([0-9]*\) .*/\1/p" /tmp/counts)
	slack=$((count / 50 > 200 ? count / 50 : 200))
	if [ -n "$now" ] && [ "$now" -le $((count + slack)) ]; then
		echo "ok $number - $bench"
	else
		echo "not ok $number - $bench: ${now:-none} instead of $count hundredths"
		failed=1
	fi
done </tmp/golden
[ "$failed" -eq 0 ]
