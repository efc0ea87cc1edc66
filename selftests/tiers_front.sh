#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The three tiers linked without the caches above, with stubs for their hooks.
# lab: timeout=120

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_front "$@"
