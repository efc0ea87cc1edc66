#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A heap with objects in use is not destroyed, and says so once.
# lab: expect="mod/caches/heap\\.c:"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_heap mode=busy
