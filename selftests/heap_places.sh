#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Heaps on two nodes, with memory that is cleared when it is freed, and a CPU that goes with some.
# lab: smp=2 nodes=2 append="init_on_alloc=1 init_on_free=1"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_heap mode=places
