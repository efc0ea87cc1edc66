#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Frees after a grace period, and type-safe caches, under readers.
# Not while kmemleak is watching: it allocates where the timer code's lock is held.
# lab: timeout=120 append="kmemleak=off"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_context_rcu "$@"
