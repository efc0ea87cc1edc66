#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What requests of 65 to 32768 bytes waste, on average.

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_memory mode=waste "$@"
