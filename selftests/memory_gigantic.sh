#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel wants pages of 1 GiB: where objects are in use it gets none, and they stay as they are.
# What comes there meanwhile is not all ours, so how many it gets once they are free is told only.
# lab: timeout=300 mem=4G append="init_on_alloc=0" kernels=debian-*,debug-* when=long

# shellcheck source=selftests/memory.inc
. ./memory.inc
PAGES=/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages

gigantic() # how many can be had
{
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/compact_memory
	echo 4 >$PAGES
	cat $PAGES
	echo 0 >$PAGES
}

begin
if [ ! -e $PAGES ]; then
	echo "1..0 # SKIP no pages of 1 GiB"
	exit 4
fi
before=$(gigantic)
[ "$before" -gt 0 ]
check $? "$before pages of 1 GiB"
# So many that no range of 1 GiB is without one.
memory_module mode=hold count=2500
check $? "2500 MiB are in use"
in_use=$(value in_use_bytes)
while_used=$(gigantic)
[ "$while_used" -eq 0 ]
check $? "then $while_used"
[ "$(value in_use_bytes)" = "$in_use" ]
check $? "all objects are there"
let_go
check $? "and as they were written"
echo 1 >$DEBUGFS/trim
echo "# $(gigantic) once they are free"
[ "$(held_pages)" -eq 0 ]
check $? "0 pages are held"
plan
