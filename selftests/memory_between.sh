#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# At a limit: what has been freed and is not there yet, and arrays that lose their room meanwhile.
# lab: timeout=240 smp=4

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_between "$@"
