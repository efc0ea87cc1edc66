#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Heaps: counted to the byte, limited as a whole, made class by class, ended at once.
# lab: timeout=120 smp=2

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_heap "$@"
