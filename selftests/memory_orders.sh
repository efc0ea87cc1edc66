#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Where no block of four pages is free: who asks for a page or two is served, and attempts at more
# than he needs wake neither kswapd nor kcompactd.
# lab: smp=2 mem=512M append="init_on_alloc=0" kernels=debian-*

# shellcheck source=selftests/memory.inc
. ./memory.inc

TRACE=/sys/kernel/tracing

# Wake-ups for blocks of four pages and more.
woken()
{
	grep -c 'wakeup_k.* order=\([2-9]\|10\)' $TRACE/trace
}

begin
[ -d $TRACE/events ] || mount -t tracefs none $TRACE 2>/dev/null
if [ ! -d $TRACE/events/vmscan/mm_vmscan_wakeup_kswapd ]; then
	echo "1..0 # SKIP no tracepoints"
	exit 4
fi
echo 0 >$TRACE/tracing_on
for event in vmscan/mm_vmscan_wakeup_kswapd compaction/mm_compaction_wakeup_kcompactd; do
	echo 1 >$TRACE/events/$event/enable
done
echo >$TRACE/trace
echo 1 >$TRACE/tracing_on
load_module tcslab_test_orders
check $? "a large heap grows by small blocks"
echo 0 >$TRACE/tracing_on
rmmod tcslab_test_orders
grep 'wakeup_k.* order=\([2-9]\|10\)' $TRACE/trace | sort -k 5 | head -20 | sed 's/^/# /'
[ "$(woken)" -eq 0 ]
check $? "and wakes nobody for larger ones: $(woken)"
load_module tcslab_test_orders compare=1
check $? "as many as kmalloc() where larger blocks are few"
rmmod tcslab_test_orders
plan
