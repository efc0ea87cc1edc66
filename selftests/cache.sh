#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Named caches: arguments, alignment, constructor, limit.
# lab: expect="tcslab_cache_alloc_slow"

. ./ktap_module.inc
run_module tcslab_test_cache "$@"
