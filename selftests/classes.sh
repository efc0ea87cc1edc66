#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The size classes follow the cache line of machines whose devices are not coherent.
# lab: timeout=60

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_classes "$@"
