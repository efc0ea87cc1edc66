#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: tcslab loaded, a module that uses it, a real kernel's allocations replayed.
set -e
insmod /lib/tcslab/tcslab.ko
insmod /lib/tcslab/tcslab_example.ko
dmesg | sed -n 's/.*\(tcslab_example: \)/\1/p'
sh /replay.sh /boot.trace.xz verify "time 1"
echo "== /sys/kernel/debug/tcslab/stats"
cat /sys/kernel/debug/tcslab/stats
rmmod tcslab_replay tcslab_example
rmmod tcslab
