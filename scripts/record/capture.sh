#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Record the kernel's allocations: arm the kmem tracepoints, run a command, and leave the raw
# pages of the trace buffers in a directory, from which `make record` (scripts/record) makes a
# trace. Runs in the lab's guest, and as root on any machine with tracefs.
#
#   capture.sh DIRECTORY COMMAND...
#
# With trace_event=... on the kernel's command line the recording began at boot, and this only
# ends it; else it begins now.

out=$1
shift
tracing=/sys/kernel/tracing
[ -d $tracing/events ] || tracing=/sys/kernel/debug/tracing
# Before 6.3 allocations with a node had events of their own.
events="kmalloc kmalloc_node kmem_cache_alloc kmem_cache_alloc_node kfree kmem_cache_free"

mkdir -p "$out" || exit 1
if [ "$(cat $tracing/events/kmem/kfree/enable)" = 0 ]; then
	echo 0 >$tracing/tracing_on
	echo >$tracing/trace
	# A counter that all CPUs share: their events have an order, whatever their clocks do.
	echo counter >$tracing/trace_clock
	echo "${BUFFER_KB:-131072}" >$tracing/buffer_size_kb
	# Frees first, so that no allocation is recorded whose free would be missed.
	for event in kfree kmem_cache_free $events; do
		[ ! -d "$tracing/events/kmem/$event" ] ||
			echo 1 >"$tracing/events/kmem/$event/enable"
	done
	echo 1 >$tracing/tracing_on
fi

"$@"
status=$?

echo 0 >$tracing/tracing_on
echo 0 >$tracing/events/kmem/enable
for event in $events; do
	format=$tracing/events/kmem/$event/format
	[ ! -f "$format" ] || cat "$format" >"$out/$event.format"
done
uname -srvm >"$out/uname"
cat /proc/cmdline >"$out/cmdline"

# A reader of the raw buffer waits at its end for more, and now and then is told too early that
# this is the end: read until the kernel says that nothing is left.
entries() # directory of the CPU
{
	sed -n 's/^entries: //p' "$1/stats"
}

for dir in "$tracing"/per_cpu/cpu*; do
	cpu=${dir##*/}
	cat "$dir/stats" >"$out/$cpu.stats"
	before=-1
	while left=$(entries "$dir") && [ "$left" -ne 0 ] && [ "$left" -ne "$before" ]; do
		before=$left
		dd if="$dir/trace_pipe_raw" bs=4096 2>/dev/null >>"$out/$cpu.raw" &
		reader=$!
		size=-1
		while sleep 1 && now=$(wc -c <"$out/$cpu.raw") && [ "$now" -ne "$size" ]; do
			size=$now
		done
		kill $reader 2>/dev/null
		wait $reader 2>/dev/null
	done
	echo "unread: $left" >>"$out/$cpu.stats"
done
exit $status
