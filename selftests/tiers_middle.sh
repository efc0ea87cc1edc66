#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The middle and the back tier linked without the others, with stubs for their hooks.
# lab: timeout=120

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_middle "$@"
