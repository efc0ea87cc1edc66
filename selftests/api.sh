#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# General allocation: every call, every size to 40000, zones.
# lab: timeout=90

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_api "$@"
