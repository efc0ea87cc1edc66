#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# How much a heap keeps: more at once when it is missed, less in time.

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_keep "$@"
