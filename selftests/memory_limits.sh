#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Limits of caches: under concurrency, where objects lie idle, and beyond them.
# lab: timeout=240 smp=4 append="isolcpus=3"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_limits "$@"
