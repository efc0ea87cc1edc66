#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: tcslab loaded, a module that uses it, a real kernel's allocations replayed.
set -e
tcslab=/sys/kernel/debug/tcslab
echo "== insmod tcslab.ko, and a module that allocates from it"
insmod /lib/tcslab/tcslab.ko
insmod /lib/tcslab/tcslab_example.ko
dmesg | sed -n 's/.*\(tcslab_example: \)/\1/p'
echo "== $tcslab/caches"
cat $tcslab/caches
echo "== $tcslab/stats"
cat $tcslab/stats
# It holds an object as long as it lives; behind the replay nothing is left.
rmmod tcslab_example
echo "== the allocations of a kernel that booted, replayed: every object filled and verified"
sh /replay.sh /boot.trace.xz verify "time 1" | tee /tmp/replay
awk '/^tcslab_cycles/ { ours = $2 } /^slub_cycles/ { slub = $2 } /^empty_cycles/ { empty = $2 }
	/^corruptions/ { bad = $2 }
	END { printf "== %d corruptions; tcslab took %.2f of the cycles that SLUB did\n", bad,
		(ours - empty) / (slub - empty) }' /tmp/replay
rmmod tcslab_replay tcslab
