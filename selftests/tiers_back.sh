#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The back tier linked alone, with stubs for its hooks.
# lab: timeout=120

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_back "$@"
