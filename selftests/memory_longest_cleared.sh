#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The same as memory_longest.sh where the kernel clears all that it gives and gets.
# lab: icount=1 mem=1G append="init_on_alloc=1 init_on_free=1" kernels=debian-*[0-9] timeout=900

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
# The kernel moves up to 2000 pages at once between its own lists, unless they are short.
high=/proc/sys/vm/percpu_pagelist_high_fraction
before=$(cat $high)
echo 1000000 >$high
run_module tcslab_test_longest "$@"
echo "$before" >$high
