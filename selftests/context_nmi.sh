#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# NMI context at every instruction of the fast path and of the locked sections.
# lab: timeout=120

module=tcslab_test_context_nmi

echo "TAP version 13"
lsmod | grep -q '^tcslab ' || insmod /lib/tcslab/tcslab.ko || exit 1
dmesg -c >/dev/null
insmod "/lib/tcslab/$module.ko" "$@" || exit 1
rmmod "$module"
# A module prints as it goes and knows the plan in the end: KTAP allows that.
dmesg | sed -n 's/.*tcslab-context: //p'
