#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A thread per CPU, random sizes, objects freed on other CPUs than they came from.
# lab: timeout=120 append="kmemleak=off"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_stress "$@"
