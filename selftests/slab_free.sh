#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel's slab API through tcslab_slab.h: both kinds of memory in each free.
# lab: timeout=90

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_slab_free "$@"
