#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Reserves keep their promise, in hard interrupts too.
# lab: timeout=120

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_context_reserve "$@"
