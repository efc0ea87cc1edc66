#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The tracepoints tcslab:...: each of them comes, and their pages are those of the statistics.
# lab: smp=1 timeout=120 append="init_on_alloc=0" expect="mod/debug/guard_report\\.c:"

# shellcheck source=selftests/memory.inc
. ./memory.inc
TRACE=/sys/kernel/tracing
EVENTS=$TRACE/events/tcslab
WORK=$(mktemp) || exit 1

on()
{
	echo >$TRACE/trace
	echo 1 >$EVENTS/enable
}

# No more comes; what came is in $TRACE/trace.
off()
{
	echo 0 >$EVENTS/enable
	! grep -q '[1-9][0-9]* entries-lost\|LOST' $TRACE/trace
}

# The sum of a field of an event.
sum() # event field
{
	sed -n "s/.* $1: .*[ (]$2=\([0-9]*\).*/\1/p" $TRACE/trace |
		awk '{ n += $1 } END { print n + 0 }'
}

comes() # event, what is in its line
{
	grep -q " $1: .*$2" $TRACE/trace
	check $? "$1: $2"
}

# Pages in spans, of objects and large ones.
in_spans()
{
	echo $(($(heaps small) + $(heaps large)))
}

# At rest what came is what there is; $pages and $spans were there before.
adds_up() # what
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		held=$(held_pages) used=$(in_spans)
		chunks=$((pages + $(sum chunk_grow pages) - $(sum chunk_release pages)))
		runs=$((spans + $(sum span_new pages) - $(sum span_free pages)))
		[ "$chunks" -ne "$held" ] || [ "$runs" -ne "$used" ] || [ ! -s "$WORK" ] || break
		sleep 0.5
	done
	[ "$chunks" -eq "$held" ] && [ "$runs" -eq "$used" ] && [ "$(sum span_new pages)" -gt 500 ]
	check $? "$1: $held pages, in chunks that came $chunks; $used in spans, in those that came $runs"
}

begin
[ -d $TRACE/events ] || mount -t tracefs none $TRACE 2>/dev/null
if [ ! -d $EVENTS ]; then
	echo "1..0 # SKIP no tracepoints"
	exit 4
fi
echo 8192 >$TRACE/buffer_size_kb
echo 1 >$TRACE/tracing_on
echo 1 >$DEBUGFS/trim
insmod /lib/tcslab/named_caches.ko
pages=$(held_pages) spans=$(in_spans)
on
mkfifo "$WORK.fifo"
./hold_objects 64:5000 3000:700 100000:7 nc-plain:500 <"$WORK.fifo" >"$WORK" &
exec 4>"$WORK.fifo"
adds_up "held"
comes span_new 'cache=nc-plain .* pages=[1-9]'
comes refill 'cache=nc-plain .* objects=[1-9]'
exec 4>&-
wait
echo 1 >$DEBUGFS/trim
adds_up "given back"
comes flush 'cache=nc-plain .* objects=[1-9]'
comes span_free 'cache=nc-plain .* pages=[1-9]'
comes chunk_release 'pages=[1-9]'
off
check $? "nothing is lost"
rmmod named_caches

on
load_module tcslab_test_limits >/dev/null
rmmod tcslab_test_limits
off
comes limit_refused 'cache=.'
on
load_module tcslab_test_context_reserve >/dev/null
rmmod tcslab_test_context_reserve
off
comes reserve_taken 'cache=.* left=[0-9]'
rmmod tcslab
insmod /lib/tcslab/tcslab.ko guard_interval=1
on
insmod /lib/tcslab/tcslab_test_guard.ko mistake=free_twice && rmmod tcslab_test_guard
off
comes guard_hit 'cache=normal-64 mistake="double free"'
rmmod tcslab
check $? "unloads"
rm -f "$WORK" "$WORK.fifo"
plan
