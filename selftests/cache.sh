#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Named caches: arguments, alignment, constructor, limit.
# lab: expect="mod/(caches/object|caches/cache)\\.c:"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_cache "$@"
