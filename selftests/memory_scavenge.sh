#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The background release, while its parameters change: keeps what it is told to, gives nothing
# back at a rate of 0, and at another one takes its time.
# lab: timeout=200

# shellcheck source=selftests/memory.inc
. ./memory.inc

MIB=32
PER_SECOND=4

seconds()
{
	cut -d. -f1 /proc/uptime
}

begin
echo 1 >$DEBUGFS/trim
rate=$(cat $PARAMETERS/release_rate)
keep=$(cat $PARAMETERS/keep_bytes)
echo $((2 * MIB << 20)) >$PARAMETERS/keep_bytes
memory_module mode=leave-free count=$MIB
check $? "$MIB MiB are used and freed"
rmmod tcslab_memory
sleep 3
[ "$(value releasable_bytes)" -ge $((MIB * 9 / 10 << 20)) ]
check $? "what is to be kept is kept: $(value releasable_bytes) bytes"

scavenged=$(value scavenged_bytes)
echo 0 >$PARAMETERS/release_rate
echo 0 >$PARAMETERS/keep_bytes
sleep 3
[ "$(value scavenged_bytes)" -eq "$scavenged" ]
check $? "a rate of 0 gives nothing back: $(value releasable_bytes) bytes are left"

from=$(seconds)
echo $((PER_SECOND << 20)) >$PARAMETERS/release_rate
until [ "$(value releasable_bytes)" -lt $((1 << 20)) ] || [ $(($(seconds) - from)) -gt 100 ]; do
	sleep 0.2
done
took=$(($(seconds) - from))
[ "$(value releasable_bytes)" -lt $((1 << 20)) ]
check $? "$PER_SECOND MiB a second give all of it back: $(value releasable_bytes) bytes are left"
[ $took -ge $((MIB / PER_SECOND - 3)) ]
check $? "and no faster than that: $took s"
echo "$rate" >$PARAMETERS/release_rate
echo "$keep" >$PARAMETERS/keep_bytes
plan
