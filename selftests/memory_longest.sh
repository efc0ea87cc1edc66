#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# How long one call keeps its CPU at most, in instructions, whatever has piled up before.
# lab: icount=1 mem=1G append="init_on_alloc=0" kernels=debian-*[0-9] timeout=900

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
# How long the kernel's own frees are is told, not judged.
insmod /lib/tcslab/tcslab.ko && insmod /lib/tcslab/tcslab_test_longest.ko as_is=1 &&
	dmesg | sed -n 's/.*tcslab-context: #/#/p'
rmmod tcslab_test_longest
dmesg -c >/dev/null
# The kernel moves up to 2000 pages at once between its own lists, unless they are short.
high=/proc/sys/vm/percpu_pagelist_high_fraction
before=$(cat $high)
echo 1000000 >$high
run_module tcslab_test_longest "$@"
echo "$before" >$high
