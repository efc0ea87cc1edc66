#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Waiting at a cache's limit for a free object: who waits sleeps, and one passes it to the next.
# lab: timeout=240 smp=4 append="isolcpus=3"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_limit_wait "$@"
