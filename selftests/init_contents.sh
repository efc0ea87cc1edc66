#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What a cache leaves in its memory is not seen in another one, if frees clear and allocations
# do not; through the header that stands for the kernel's.
# lab: mem=768M append="init_on_alloc=0 init_on_free=1"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_contents "$@"
