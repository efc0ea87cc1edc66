#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Frees after a grace period, and type-safe caches, under readers.
# lab: timeout=120

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_context_rcu "$@"
