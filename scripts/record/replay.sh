#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Replay a trace with all that the replay module can do, and say what came out. Runs in the
# lab's guest, and as root on any machine where tcslab and its test modules are installed.
#
#   replay.sh TRACE [RUN...]        RUN: verify, "time 5", "longest 3", pages

trace=$1
shift
[ $# -gt 0 ] || set -- verify "time 5" "longest 3" pages
replay=/sys/kernel/debug/tcslab_replay
stats=/sys/kernel/debug/tcslab/stats

for module in tcslab tcslab_replay; do
	[ -d /sys/module/$module ] || insmod /lib/tcslab/$module.ko 2>/dev/null ||
		modprobe $module || exit 1
done
case $trace in
*.xz) unxz -c "$trace" ;;
*.gz) gunzip -c "$trace" ;;
*) cat "$trace" ;;
esac >$replay/trace || exit 1

for run; do
	echo "== $run"
	echo "$run" >$replay/run || exit 1
	cat $replay/result
done
echo "== afterwards"
sed -n 's/^in_use_bytes: \(.*\)/\1 bytes in use/p' $stats
echo 1 >/sys/kernel/debug/tcslab/trim
echo "$(($(sed -n 's/^held_bytes: //p' $stats) / 4096)) pages held after trim"
