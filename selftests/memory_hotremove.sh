#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Memory blocks go offline while objects are in use: each try ends, whether it works or not,
# and no object is lost.
# lab: timeout=300 mem=1G append="init_on_alloc=0" when=long

# shellcheck source=selftests/memory.inc
. ./memory.inc
MEMORY=/sys/devices/system/memory

begin
if ! ls $MEMORY/memory*/state >/dev/null 2>&1; then
	echo "1..0 # SKIP this kernel has no memory hot-remove"
	exit 4
fi
memory_module mode=hold count=64
check $? "64 MiB are in use"
in_use=$(value in_use_bytes)
gone=0
refused=0
for state in "$MEMORY"/memory*/state; do
	if echo offline >"$state" 2>/dev/null; then
		gone=$((gone + 1))
		echo online >"$state"
	else
		refused=$((refused + 1))
	fi
done
check 0 "every try came back: $gone blocks went, $refused stayed"
[ "$refused" -gt 0 ]
check $? "those with objects in use stayed"
[ "$(value in_use_bytes)" = "$in_use" ]
check $? "all objects are there"
let_go
check $? "and as they were written"
echo 1 >$DEBUGFS/trim
[ "$(held_pages)" -eq 0 ]
check $? "0 pages are held after they are freed"
plan
