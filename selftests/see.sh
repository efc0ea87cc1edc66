#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The command tcslab on a module that is loaded: by debugfs and by the device, what it shows is what is
# held, what grew is what leaked.
# lab: programs=python3:python3 scripts=tcslab when=long timeout=900 kernels=debian-*

# shellcheck source=selftests/case.inc
. ./case.inc
DEBUGFS=/sys/kernel/debug/tcslab
MODULES=/lib/tcslab
WORK=$(mktemp -d) || exit 1
loaded=
server=
# Or each start of Python compiles its library.
export PYTHONPYCACHEPREFIX="$WORK/compiled"

finish()
{
	[ -z "$server" ] || kill $server 2>/dev/null
	exec 4>&-
	wait
	# shellcheck disable=SC2086 # those that were not there
	[ -z "$loaded" ] || rmmod $loaded
	rm -rf "$WORK"
}

tcslab()
{
	python3 /scripts/tcslab "$@"
}

# The first number behind NAME in some JSON, of one cache if it is named.
number_in() # file name [cache]
{
	if [ -n "$3" ]; then
		sed -n "/\"name\": \"$3\"/,/}/p" "$1"
	else
		cat "$1"
	fi | sed -n "s/.*\"$2\": \(-*[0-9]*\).*/\1/p" | head -n 1
}

hold() # what
{
	mkfifo "$WORK/fifo"
	./hold_objects "$@" <"$WORK/fifo" >"$WORK/held" &
	exec 4>"$WORK/fifo"
	rm "$WORK/fifo"
	until [ -s "$WORK/held" ]; do
		sleep 0.2
	done
}

same() # what got wanted
{
	[ "$2" = "$3" ] && [ -n "$2" ] && return 0
	echo "# $1: $2, expected $3"
	return 1
}

trap finish EXIT
echo "TAP version 13"
for module in tcslab named_caches; do
	if [ ! -d /sys/module/$module ]; then
		insmod $MODULES/$module.ko || exit 1
		loaded="$module $loaded"
	fi
done

tcslab show --json >"$WORK/before"
hold nc-plain:3000 5000:20
tcslab show --json >"$WORK/after"
same "objects" "$(number_in "$WORK/after" in_use nc-plain)" 3000 &&
	same "bytes" "$(number_in "$WORK/after" used_bytes nc-plain)" 312000
check $? "show has what is held"

tcslab diff --json "$WORK/before" >"$WORK/diff" &&
	same "more objects" "$(number_in "$WORK/diff" in_use_delta nc-plain)" 3000 &&
	tcslab diff "$WORK/before" "$WORK/after" | sed 's/^/# /' &&
	tcslab diff "$WORK/before" "$WORK/after" | grep -q '^nc-plain  *+3000 '
check $? "diff has what became more"

# Locked down: only the device.
device_agrees()
{
	tcslab show --json --debugfs /nowhere >"$WORK/device" || return 1
	for name in in_use held_bytes peak_held_bytes slot_size spans created_ms; do
		same "$name by ioctl" "$(number_in "$WORK/device" $name nc-plain)" \
			"$(number_in "$WORK/after" $name nc-plain)" || return 1
	done
}

device_agrees
check $? "without debugfs the device has the same"

tcslab watch --once --textfile "$WORK/t.prom" --openmetrics "$WORK/t.om" &&
	grep -qx 'tcslab_cache_in_use_objects{cache="nc-plain",zone="normal",kind="named"} 3000' "$WORK/t.prom" &&
	tail -n 1 "$WORK/t.om" | grep -qx '# EOF'
check $? "watch writes metrics"

python3 /scripts/tcslab watch --listen 0 >"$WORK/url" 4>&- &
server=$!
until [ -s "$WORK/url" ]; do
	sleep 0.2
done
wget -q -O - "$(cat "$WORK/url")" | grep -q '^tcslab_held_bytes [1-9]'
check $? "watch answers on loopback"

kill $server
exec 4>&-
wait
tcslab trim --json >"$WORK/trim" &&
	same "held afterwards" "$(number_in "$WORK/trim" held_bytes_after)" 0 &&
	same "held by the module" "$(sed -n 's/^held_bytes: //p' $DEBUGFS/stats)" 0 &&
	tcslab reset | grep -q 'held now: 0$'
check $? "trim gives it back, and peaks begin anew"

kept=$(cat /sys/module/tcslab/parameters/keep_bytes)
tcslab set keep_bytes=3M >"$WORK/set" && grep -qx keep_bytes=3145728 "$WORK/set" &&
	same keep_bytes "$(cat /sys/module/tcslab/parameters/keep_bytes)" 3145728 &&
	tcslab set --debugfs /nowhere | grep -q '^soft_limit_bytes=0$' && ! tcslab set checks=1 2>/dev/null
check $? "set changes parameters"
tcslab set keep_bytes="$kept" >/dev/null
plan
