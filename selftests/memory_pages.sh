#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What drivers, networking and the kernel's memory management do to the pages of an object is
# as harmless as with kmalloc(), which is tried beside it.
# lab: kernels=debian-*,debug-*,kcsan-* mem=512M append="init_on_alloc=0"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_pages "$@"
