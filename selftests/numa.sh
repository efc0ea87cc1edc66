#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Two nodes: memory comes from the node that was named, and goes back to it.
# lab: smp=2 nodes=2 append="init_on_alloc=1 init_on_free=1"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_numa "$@"
