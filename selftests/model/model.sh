#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Model checks on the host: each model as it is must hold, and each known-wrong variant of
# it must fail. Needs spin and gcc; prints KTAP.

here=$(cd "$(dirname "$0")" && pwd)
wrong="cpu_array/COUNT_EARLY cpu_array/DRAIN_ANYWAY cpu_array/NMI_SPINS cpu_array/PARKED_STAY
	minimum/FIRST_ONLY minimum/ROOM_FIRST minimum/NO_SECOND_LOOK
	limit_wait/NO_SETTLE limit_wait/NO_SECOND_LOOK limit_wait/LOOK_FIRST limit_wait/N_FIRST
	limit_wait/NO_PASS limit_look/NO_SETTLE limit_look/EVENTS_FIRST
	limit_look/COUNT_FIRST limit_look/HELD_ONLY_FREE limit_look/NOT_COUNTED slots/NO_CHANGES"
models="cpu_array minimum limit_wait limit_look slots"
number=0
failed=0

echo "TAP version 13"
for tool in spin gcc; do
	if ! command -v "$tool" >/dev/null; then
		echo "1..0 # SKIP no $tool"
		exit 4
	fi
done
# shellcheck disable=SC2086 # one word each
set -- $wrong $models
echo "1..$#"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# The errors that spin finds in a model: a number, or nothing when the search did not end.
errors() # model, its options
{
	model=$1
	shift
	rm -f pan*
	spin -a "$@" "$here/$model.pml" >spin.log 2>&1 &&
		gcc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=1024 -o pan pan.c &&
		./pan -m100000 >pan.log || return
	grep -q 'Search not completed' pan.log && ! grep -q '^pan:1:' pan.log && return
	sed -n 's/.*errors: \([0-9]*\)$/\1/p' pan.log
}

result()
{
	number=$((number + 1))
	if "$1"; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' spin.log pan.log 2>/dev/null | tail -n 20
		failed=1
	fi
}

# Called by result.
# shellcheck disable=SC2317
holds()
{
	[ "$found" = 0 ]
}

# shellcheck disable=SC2317
breaks()
{
	[ "${found:-0}" -gt 0 ]
}

for model in $models; do
	found=$(errors "$model")
	result holds "$model holds: $(sed -n 's/^ *\([0-9]*\) states, stored/\1 states/p' pan.log)"
done
for variant in $wrong; do
	found=$(errors "${variant%/*}" "-D${variant#*/}")
	result breaks "known wrong: $variant"
done
exit "$failed"
