#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Limits of caches under concurrency, and waiting for a free object.
# lab: timeout=120 smp=4

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_limits "$@"
