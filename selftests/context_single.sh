#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A machine with one CPU, of 64 that could come: nobody else can do what we wait for.
# lab: smp=1 timeout=180 append="possible_cpus=64"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
busy=3000
case $LAB_KERNEL in
x86-32) busy=1000 ;;
esac
run_module tcslab_test_context_irq busy=$busy "$@"
