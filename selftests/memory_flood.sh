#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Eight CPUs free after a grace period as fast as they can, in 512 MiB: as rcuscale's
# kfree_rcu_test, with which the kernel's kfree_rcu() once ran out of memory.
# lab: kernels=debian-*[0-9] timeout=600 smp=8 mem=512M append="init_on_alloc=0 rcu_nocbs=all rcutree.enable_rcu_lazy=1" when=all

# shellcheck source=selftests/memory.inc
. ./memory.inc

begin
dmesg -c >/dev/null
load_module tcslab_test_rcu mode=flood "loops=${LOOPS:-50}"
check $? "8 threads of ${LOOPS:-50} x 8000 frees"
rmmod tcslab_test_rcu
! dmesg | grep -qi "out of memory\|oom-kill"
check $? "nobody was killed"
plan
