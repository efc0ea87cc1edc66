#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The limit of all caches together: never exceeded, refusals counted; and the soft one.
# lab: timeout=120 smp=4

# shellcheck source=selftests/memory.inc
. ./memory.inc
begin
before=$(value limit_refusals)
echo $((16 << 20)) >$PARAMETERS/hard_limit_bytes
overruns=$(value limit_overruns)
load_module tcslab_test_hard_limit hard_mib=16
check $? "16 MiB are 16 MiB on all CPUs"
[ "$(value limit_overruns)" -eq $((overruns + 1)) ]
check $? "but for who cannot be refused, once: $(value limit_overruns)"
rmmod tcslab_test_hard_limit
[ "$(value limit_refusals)" -gt "$before" ]
check $? "refusals are counted: $(value limit_refusals)"

# Nor does anybody take chunks and give them back over and over, to have some in stock.
memory_module mode=hold count=15
check $? "15 MiB are in use"
grown=$(heaps grown)
sleep 2
[ $(($(heaps grown) - grown)) -le 64 ]
check $? "and little is done meanwhile: $(($(heaps grown) - grown)) chunks"
rmmod tcslab_memory
echo 0 >$PARAMETERS/hard_limit_bytes

# Much is kept free, but not above the soft limit.
echo $((64 << 20)) >$PARAMETERS/keep_bytes
memory_module mode=leave-free count=32 && [ "$(held_pages)" -ge 7000 ]
check $? "32 MiB are kept free: $(held_pages) pages"
rmmod tcslab_memory
echo $((4 << 20)) >$PARAMETERS/soft_limit_bytes
# The scavenger's turn comes each second, on a slow host when it can.
for _ in $(seq 60); do
	[ "$(held_pages)" -gt 1024 ] || break
	sleep 1
done
[ "$(held_pages)" -le 1024 ]
check $? "a soft limit of 4 MiB gives it back: $(held_pages) pages"
echo 0 >$PARAMETERS/soft_limit_bytes

# Nor does growing put it off.
memory_module mode=leave-free count=32 && [ "$(held_pages)" -ge 7000 ]
check $? "32 MiB are kept free again: $(held_pages) pages"
rmmod tcslab_memory
echo $((4 << 20)) >$PARAMETERS/soft_limit_bytes
load_module tcslab_test_hard_limit grow_pages=2048
check $? "and go while another zone grows"
rmmod tcslab_test_hard_limit
echo 0 >$PARAMETERS/soft_limit_bytes
echo $((64 << 10)) >$PARAMETERS/keep_bytes
plan
