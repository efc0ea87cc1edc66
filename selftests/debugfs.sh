#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The statistics in debugfs: the files, that every sum adds up to the byte, and that the classes
# are those of the size class table.

# shellcheck source=selftests/case.inc
. ./case.inc

DEBUGFS=/sys/kernel/debug/tcslab
MODULES=/lib/tcslab
CLASSES=tcslab_size_classes.h
WORK=$(mktemp -d) || exit 1
TESTS=19
loaded_core=
loaded_caches=
holder=

finish()
{
	[ -z "$holder" ] || kill "$holder" 2>/dev/null
	wait
	[ -z "$loaded_caches" ] || rmmod named_caches
	[ -z "$loaded_core" ] || rmmod tcslab
	rm -rf "$WORK"
}

# A consistent set of all files: nothing changed while they were read. The background release
# may come in between, so several tries.
snapshot() # directory
{
	mkdir -p "$1"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		cat "$DEBUGFS/stats" >"$1/stats"
		for file in classes caches heaps page_heap cpu spans summary; do
			cat "$DEBUGFS/$file" >"$1/$file"
		done
		cat "$DEBUGFS/stats" >"$1/stats.after"
		sed -i '/^uptime_ms: /d' "$1/stats.after"
		grep -v '^uptime_ms: ' "$1/stats" | cmp -s - "$1/stats.after" && return 0
	done
	echo "# the statistics do not come to rest"
	return 1
}

value() # directory name
{
	sed -n "s/^$2: //p" "$1/stats"
}

# The sum of one column, found by its title, times an optional other one.
column() # file title [factor]
{
	awk -v title="$2" -v factor="$3" '
		NR == 1 {
			for (i = 1; i <= NF; i++) {
				if ($i == title) c = i
				if ($i == factor) f = i
			}
			if (!c || (factor != "" && !f)) exit 1
			next
		}
		{ sum += $c * (f ? $f : 1) }
		END { printf "%.0f\n", sum }' "$1"
}

# One field of the row of a cache, found by its title.
field() # file cache title
{
	awk -v name="$2" -v title="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == title) c = i }
		NR > 1 && $NF == name && c { print $c }' "$1"
}

same() # what got wanted
{
	[ "$2" = "$3" ] && [ -n "$2" ] && return 0
	echo "# $1: $2, expected $3"
	return 1
}

files_exist()
{
	bad=0
	for file in stats classes caches heaps page_heap cpu spans summary; do
		same "mode of $file" "$(stat -c %a "$DEBUGFS/$file")" 400 || bad=1
		[ "$(wc -l <"$DEBUGFS/$file")" -ge 1 ] || bad=1
	done
	same "mode of trim" "$(stat -c %a "$DEBUGFS/trim")" 200 || bad=1
	same "mode of reset_peaks" "$(stat -c %a "$DEBUGFS/reset_peaks")" 200 || bad=1
	if cat "$DEBUGFS/trim" >/dev/null 2>&1; then
		echo "# trim can be read"
		bad=1
	fi
	return $bad
}

# Every row of a table has as many fields as its title.
tables_are_regular()
{
	bad=0
	for file in classes caches heaps page_heap cpu spans summary; do
		awk 'NR == 1 { n = NF } NF != n { print "# " FILENAME ": " $0; bad = 1 }
		     END { exit bad }' "$WORK/$1/$file" || bad=1
	done
	return $bad
}

tiers_add_up()
{
	sum=0
	for name in in_use cpu_cached transfer_cached central_free tail heap_free; do
		sum=$((sum + $(value "$WORK/$1" "${name}_bytes")))
	done
	same "sum of the tiers" "$sum" "$(value "$WORK/$1" held_bytes)"
}

both() # directory title factor: of classes and caches
{
	echo $(($(column "$WORK/$1/classes" "$2" "$3") + $(column "$WORK/$1/caches" "$2" "$3")))
}

caches_add_up()
{
	bad=0
	at=$WORK/$1
	large=$(value "$at" large_bytes)
	same in_use "$(($(both "$1" in_use size) + large))" "$(value "$at" in_use_bytes)" || bad=1
	same cpu "$(both "$1" cpu size)" "$(value "$at" cpu_cached_bytes)" || bad=1
	same transfer "$(both "$1" transfer size)" "$(value "$at" transfer_cached_bytes)" || bad=1
	same central "$(both "$1" central size)" "$(value "$at" central_free_bytes)" || bad=1
	same tails "$(both "$1" tail_bytes)" "$(value "$at" tail_bytes)" || bad=1
	for name in entries refills flushes nested; do
		same $name "$(both "$1" $name)" "$(value "$at" $name)" || bad=1
	done
	idle=$(both "$1" idle_bytes)
	for name in cpu_cached transfer_cached central_free tail; do
		idle=$((idle - $(value "$at" "${name}_bytes")))
	done
	same "idle_bytes beyond the tiers" "$idle" 0 || bad=1
	return $bad
}

cpus_add_up()
{
	bad=0
	at=$WORK/$1
	for name in entries refills flushes nested; do
		same $name "$(column "$at/cpu" $name)" "$(value "$at" $name)" || bad=1
	done
	same bytes "$(column "$at/cpu" bytes)" "$(value "$at" cpu_cached_bytes)" || bad=1
	same objects "$(column "$at/cpu" objects)" "$(both "$1" cpu)" || bad=1
	hits=$(($(value "$at" entries) - 2 * ($(value "$at" refills) + $(value "$at" flushes))))
	[ "$hits" -ge 0 ] || hits=0
	same hits "$(value "$at" hits)" "$hits" || bad=1
	return $bad
}

heaps_add_up()
{
	bad=0
	at=$WORK/$1
	page=4096
	same held "$(($(column "$at/page_heap" held) * page))" "$(value "$at" held_bytes)" || bad=1
	same free "$(($(column "$at/page_heap" free) * page))" "$(value "$at" heap_free_bytes)" || bad=1
	same large "$(($(column "$at/page_heap" large) * page))" "$(value "$at" large_bytes)" || bad=1
	same small "$(column "$at/page_heap" small)" "$(both "$1" held)" || bad=1
	same spans "$(column "$at/page_heap" small_spans)" "$(both "$1" spans)" || bad=1
	# The lengths, 1:3,2:1,>32:2, are all the free spans; without long ones they are all pages.
	awk 'NR > 1 {
		spans = pages = long = 0
		n = $NF == "-" ? 0 : split($NF, list, ",")
		for (i = 1; i <= n; i++) {
			split(list[i], pair, ":")
			spans += pair[2]
			if (pair[1] ~ /^>/) long = 1
			else pages += pair[1] * pair[2]
		}
		if (spans != $11 || (!long && pages != $6) || $5 != $6 + $7 + $8) {
			print "# " $0; bad = 1
		}
	} END { exit bad }' "$at/page_heap" || bad=1
	return $bad
}

# Each row's histogram is its spans, and the rows are those of the caches that have some.
histograms_add_up()
{
	bad=0
	at=$WORK/$1
	awk 'NR > 1 {
		sum = 0
		for (i = 5; i < NF; i++) sum += $i
		if (sum != $4) { print "# " $0; bad = 1 }
	} END { exit bad }' "$at/spans" || bad=1
	same "spans in all" "$(column "$at/spans" spans)" "$(both "$1" spans)" || bad=1
	return $bad
}

# Class, size, pages, objects and tail, once for each zone.
classes_are_the_table()
{
	awk '$1 == "*" && $2 ~ /^[0-9]+$/ && NF == 8 { print $2, $3, $4, $5, $6 }' \
		"$CLASSES" >"$WORK/table"
	[ "$(wc -l <"$WORK/table")" -gt 40 ] || { echo "# no table in $CLASSES"; return 1; }
	for zone in normal dma32 dma; do
		awk -v zone=$zone '$1 == zone { print $2, $3, $4, $5, $6 }' "$WORK/$1/classes" \
			>"$WORK/zone"
		# Those of the low zones are made when somebody asks for them.
		if [ $zone = normal ] && ! cmp -s "$WORK/table" "$WORK/zone" ||
		   grep -qvxF -f "$WORK/table" "$WORK/zone"; then
			echo "# zone $zone differs from the table"
			return 1
		fi
	done
}

named_caches_are_shown()
{
	bad=0
	at=$WORK/$1/caches
	same "nc-plain in use" "$(awk '$NF == "nc-plain" { print $9 }' "$at")" 33 || bad=1
	same "size of nc-plain" "$(awk '$NF == "nc-plain" { print $3, $4 }' "$at")" "100 104" || bad=1
	same "a blank in a name" "$(grep -c 'nc\\040two$' "$at")" 1 || bad=1
	same "constructors" "$(awk 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "ctor") c = i }
		$c == "yes" { print $NF }' "$at")" nc-ctor || bad=1
	return $bad
}

# The table for people has those that hold something, with the same figures, and fits a terminal.
summary_is_the_same()
{
	bad=0
	at=$WORK/$1
	same "held in the summary" "$(column "$at/summary" held_KiB)" "$(($(both "$1" held) * 4))" || bad=1
	same "objects in the summary" "$(column "$at/summary" in_use)" "$(both "$1" in_use)" || bad=1
	same "rows" "$(awk 'NR > 1' "$at/summary" | wc -l)" "$(awk 'NR > 1' "$at/spans" | wc -l)" || bad=1
	same "lines above 100 columns" "$(awk 'length > 100' "$at/summary" | wc -l)" 0 || bad=1
	return $bad
}

# The peak of a cache is what it held when it held most, until peaks are reset.
peaks_are_kept() # snapshot at the most, snapshot afterwards
{
	bad=0
	for cache in nc-plain normal-1024; do
		file=$([ $cache = nc-plain ] && echo caches || echo classes)
		most=$(field "$WORK/$1/$file" $cache held)
		same "peak of $cache" "$(field "$WORK/$2/$file" $cache peak_held)" "$most" || bad=1
		[ "$(field "$WORK/$2/$file" $cache held)" -lt "$most" ] || { echo "# $cache holds $most"; bad=1; }
	done
	echo 1 >"$DEBUGFS/reset_peaks"
	snapshot "$WORK/reset"
	same "peaks of caches" "$(both reset peak_held)" "$(both reset held)" || bad=1
	same "peaks of heaps" "$(column "$WORK/reset/page_heap" peak_held)" \
		"$(column "$WORK/reset/page_heap" held)" || bad=1
	same "peak of all" "$(value "$WORK/reset" peak_held_bytes)" "$(value "$WORK/reset" held_bytes)" || bad=1
	return $bad
}

# A cache that is made says when; others stay as old as they are.
age_is_known()
{
	bad=0
	before=$(value "$WORK/trimmed" uptime_ms)
	[ "$(field "$WORK/trimmed/caches" nc-plain created_ms)" -le "$before" ] || bad=1
	echo 1 >/sys/module/named_caches/parameters/destroy || return 1
	snapshot "$WORK/anew"
	[ "$(field "$WORK/anew/caches" nc-plain created_ms)" -ge "$before" ] || bad=1
	[ "$(field "$WORK/anew/caches" nc-plain created_ms)" -le "$(value "$WORK/anew" uptime_ms)" ] || bad=1
	same "age of nc-ctor" "$(field "$WORK/anew/caches" nc-ctor created_ms)" \
		"$(field "$WORK/trimmed/caches" nc-ctor created_ms)" || bad=1
	return $bad
}

# One allocation that the hard limit leaves without memory, one of whole pages, one that a cache's own
# limit refuses: each is counted once, where it belongs.
failures_have_a_reason()
{
	bad=0
	parameters=/sys/module/tcslab/parameters
	snapshot "$WORK/f0"
	limit=$(cat $parameters/hard_limit_bytes)
	echo "$(($(value "$WORK/f0" held_bytes) + 4096))" >$parameters/hard_limit_bytes
	./hold_objects 32768:1 </dev/null >/dev/null 2>&1
	./hold_objects 300000:1 </dev/null >/dev/null 2>&1
	echo "$limit" >$parameters/hard_limit_bytes
	./hold_objects nc-tight:1000 </dev/null >/dev/null 2>&1
	snapshot "$WORK/f1"
	same "without memory" "$(($(field "$WORK/f1/classes" normal-32768 no_memory) - \
		$(field "$WORK/f0/classes" normal-32768 no_memory)))" 1 || bad=1
	same "without memory in all" \
		"$(($(value "$WORK/f1" no_memory) - $(value "$WORK/f0" no_memory)))" 2 || bad=1
	same "nc-tight without memory" "$(field "$WORK/f1/caches" nc-tight no_memory)" 0 || bad=1
	same "nc-tight at its limit" "$(($(field "$WORK/f1/caches" nc-tight refusals) - \
		$(field "$WORK/f0/caches" nc-tight refusals)))" 1 || bad=1
	return $bad
}

# Everybody reads everything while objects come and go.
read_under_load()
{
	(
		for _ in 1 2 3; do
			./hold_objects 64:3000 3000:300 100000:5 nc-plain:500 </dev/null >/dev/null &
			./hold_objects 3000:300 64:3000 100000:5 nc-plain:500 </dev/null >/dev/null
			wait
		done
	) &
	load=$!
	while kill -0 $load 2>/dev/null; do
		for file in stats classes caches page_heap cpu spans; do
			cat "$DEBUGFS/$file" >/dev/null || return 1
		done
		echo >"$DEBUGFS/trim" || return 1
	done
	wait $load
}

# Nobody holds anything, so nothing is held: no span was left behind in the rush.
nothing_is_left()
{
	same "bytes in use before" "$(value "$WORK/before" in_use_bytes)" 0 || return 1
	echo 1 >"$DEBUGFS/trim"
	snapshot "$WORK/end"
	same "bytes held" "$(value "$WORK/end" held_bytes)" 0
}

open_file_keeps_module()
{
	refs=$(cat /sys/module/tcslab/refcnt)
	exec 3<"$DEBUGFS/stats"
	now=$(cat /sys/module/tcslab/refcnt)
	exec 3<&-
	same "users with a file open" "$now" "$((refs + 1))" || return 1
	same "users afterwards" "$(cat /sys/module/tcslab/refcnt)" "$refs"
}

hold()
{
	mkfifo "$WORK/fifo"
	./hold_objects "$@" <"$WORK/fifo" >"$WORK/held" &
	holder=$!
	exec 4>"$WORK/fifo"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -s "$WORK/held" ] && return 0
		sleep 0.5
	done
	return 1
}

let_go()
{
	exec 4>&-
	wait "$holder"
	holder=
}

trap finish EXIT
echo "TAP version 13"
if [ ! -d /sys/module/tcslab ]; then
	insmod "$MODULES/tcslab.ko" || exit 1
	loaded_core=1
fi
if ! grep -q debugfs /proc/filesystems; then
	echo "1..0 # SKIP no debugfs"
	exit 4
fi
if [ ! -d /sys/module/named_caches ]; then
	insmod "$MODULES/named_caches.ko" || exit 1
	loaded_caches=1
fi
echo "1..$TESTS"

files_exist
check $? "the files and their modes"

snapshot "$WORK/before"
hold 8:1000 24:777 100:333 1000:100 4096:50 5000:40 32768:20 100000:3 65536:2 nc-plain:33
snapshot "$WORK/held-now"
tables_are_regular held-now
check $? "tables have a title for every column"
same "bytes in use" "$(value "$WORK/held-now" in_use_bytes)" \
	"$(($(value "$WORK/before" in_use_bytes) + $(cat "$WORK/held")))"
check $? "in use is what the holder holds"
tiers_add_up held-now
check $? "in use + cached + free = held, while objects are held"
caches_add_up held-now
check $? "classes and caches add up"
cpus_add_up held-now
check $? "CPUs add up"
heaps_add_up held-now
check $? "page heaps add up"
histograms_add_up held-now
check $? "span histograms add up"
classes_are_the_table held-now
check $? "classes are those of the size class table"
named_caches_are_shown held-now
check $? "named caches are shown"
summary_is_the_same held-now
check $? "the summary is the same in short"
let_go

snapshot "$WORK/after"
tiers_add_up after && caches_add_up after && cpus_add_up after && heaps_add_up after &&
	same "bytes in use" "$(value "$WORK/after" in_use_bytes)" "$(value "$WORK/before" in_use_bytes)"
check $? "everything adds up after the objects are gone"

echo 1 >"$DEBUGFS/trim"
snapshot "$WORK/trimmed"
tiers_add_up trimmed &&
	same releasable "$(value "$WORK/trimmed" releasable_bytes)" 0 &&
	same "in arrays" "$(value "$WORK/trimmed" cpu_cached_bytes)" 0 &&
	same "in transfer caches" "$(value "$WORK/trimmed" transfer_cached_bytes)" 0
check $? "trim leaves nothing to release"
peaks_are_kept held-now trimmed
check $? "peaks are kept, and reset"
age_is_known
check $? "a cache's age is known"
failures_have_a_reason
check $? "failures are counted by reason"

read_under_load
check $? "all files can be read under load"
nothing_is_left
check $? "nothing is held when nothing is in use"
open_file_keeps_module
check $? "an open file keeps the module"
