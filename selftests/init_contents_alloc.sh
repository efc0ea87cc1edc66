#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The same where allocations clear and frees do not, as by default on Debian.
# lab: mem=768M append="init_on_alloc=1 init_on_free=0"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_contents "$@"
