#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A recorded kernel's allocations played through tcslab and SLUB: every object filled and
# verified, nothing in use afterwards, nothing held after a trim. And that damage is noticed.
# lab: timeout=1200 append="kmemleak=off"

# shellcheck source=selftests/case.inc
. ./case.inc
TRACE=boot-6.12.trace.xz
DEBUGFS=/sys/kernel/debug/tcslab
REPLAY=/sys/kernel/debug/tcslab_replay
MODULES=/lib/tcslab
loaded_core=
loaded_replay=

finish()
{
	[ -z "$loaded_replay" ] || rmmod tcslab_replay
	[ -z "$loaded_core" ] || rmmod tcslab
}

value() # file name
{
	sed -n "s/^$2:* //p" "$1"
}

same() # what got wanted
{
	[ "$2" = "$3" ] && return
	echo "# $1: $2 instead of $3"
	return 1
}

refused() # bytes of a trace that must not be played
{
	printf '%b' "$1" >$REPLAY/trace
	! echo verify >$REPLAY/run 2>/dev/null
}

# All of the events take minutes where everything is checked.
part=
case $LAB_KERNEL in
debug-* | kcsan-*) part=300000 ;;
esac
trap finish EXIT
echo "TAP version 13"
if [ ! -d /sys/module/tcslab ]; then
	insmod $MODULES/tcslab.ko || exit 1
	loaded_core=1
fi
if [ ! -d /sys/module/tcslab_replay ]; then
	insmod $MODULES/tcslab_replay.ko || exit 1
	loaded_replay=1
fi
if ! grep -q debugfs /proc/filesystems; then
	echo "1..0 # SKIP no debugfs"
	exit 4
fi
echo "1..7"
before=$(value $DEBUGFS/stats in_use_bytes)

refused "nonsense" && refused "tcslabtr\001" && refused "tcslabtr\001\000\000\000\001\000\000\000"
check $? "what is no trace is refused"

unxz -c $TRACE >$REPLAY/trace
echo "verify $part" >$REPLAY/run && [ "$(value $REPLAY/result events)" -ge "${part:-1000000}" ]
check $? "${part:-a million} events or more are played"
sed 's/^/# /' $REPLAY/result
echo "# $(value $REPLAY/result corruptions) corruptions"
same corruptions "$(value $REPLAY/result tcslab_corruptions)" 0 &&
	same "not zeroed" "$(value $REPLAY/result tcslab_not_zeroed)" 0 &&
	same failed "$(value $REPLAY/result tcslab_failed)" 0
check $? "0 corruptions through tcslab"
same corruptions "$(value $REPLAY/result slub_corruptions)" 0 &&
	same "not zeroed" "$(value $REPLAY/result slub_not_zeroed)" 0 &&
	same failed "$(value $REPLAY/result slub_failed)" 0
check $? "0 corruptions through SLUB"

same "bytes in use" "$(value $DEBUGFS/stats in_use_bytes)" "$before"
check $? "0 bytes in use afterwards"
echo 1 >$DEBUGFS/trim
if [ "$before" -eq 0 ]; then
	same "bytes held" "$(value $DEBUGFS/stats held_bytes)" 0
	check $? "0 pages held after trim"
else
	same releasable "$(value $DEBUGFS/stats releasable_bytes)" 0
	check $? "no free page held after trim # others use tcslab"
fi

echo "verify-spoiled $part" >$REPLAY/run
objects=$(value $REPLAY/result objects)
same "spoiled objects found" "$(value $REPLAY/result tcslab_corruptions)" \
	"$(((objects + 999) / 1000))"
check $? "a spoiled byte in one object of a thousand is found each time"
