#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Before the kernel kills anybody for memory, tcslab is asked for all that it has free, in
# chunks and in parts of them, and loses nothing that is in use.
# lab: kernels=debian-*[0-9],debug-* timeout=120 smp=4 mem=768M append="init_on_alloc=0" when=long

# shellcheck source=selftests/memory.inc
. ./memory.inc

begin
if [ ! -w /proc/sysrq-trigger ]; then
	echo "1..0 # SKIP no sysrq"
	exit 4
fi
keep=$(cat $PARAMETERS/keep_bytes)
echo $((200 << 20)) >$PARAMETERS/keep_bytes
memory_module mode=leave-free count=64
check $? "64 MiB are free"
rmmod tcslab_memory
memory_module mode=hold count=8
check $? "8 MiB are in use"
used=$(value in_use_bytes)
held=$(value held_bytes)
[ "$held" -gt $((48 << 20)) ]
check $? "$held bytes are held"
# It kills somebody although it has been served: he was asked for by hand.
sh -c 'echo 1000 >/proc/self/oom_score_adj; exec sleep 1000' &
victim=$!
while [ "$(cat /proc/$victim/oom_score_adj)" != 1000 ]; do
	sleep 0.1
done
# Somebody has the mutex for most of the time.
for _ in 1 2 3; do
	while [ -e "$WORK" ]; do
		cat $DEBUGFS/classes >/dev/null
	done &
done
sleep 1
echo f >/proc/sysrq-trigger
for _ in 1 2 3 4 5 6 7 8 9 10; do
	kill -0 $victim 2>/dev/null || break
	sleep 1
done
rm "$WORK"
after=$(value held_bytes)
[ "$after" -le $((held / 2)) ]
check $? "then $after, for $used in use"
left=$(($(value cpu_cached_bytes) + $(value transfer_cached_bytes) + $(value heap_free_bytes)))
[ $left -le 65536 ]
check $? "$left are free beyond spans with an object in use"
[ "$(value shrunk_bytes)" -ge $((held - after)) ]
check $? "given back on demand: $(value shrunk_bytes) bytes"
[ "$(value in_use_bytes)" -eq "$used" ]
check $? "as many are in use"
rmmod tcslab_memory
check $? "and can be freed"
[ "$(value in_use_bytes)" -eq 0 ]
check $? "all of them"
kill $victim 2>/dev/null
echo "$keep" >$PARAMETERS/keep_bytes
plan
