#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copies to and from user space: of an object of a module that was not written for tcslab as much may be
# copied as of SLUB's, and who copies more dies as there.
# lab: timeout=120 kernels=debian-* expect="mm/usercopy\\.c:|mod/caches/usercopy\\.c:"

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
oops=$(cat /proc/sys/kernel/panic_on_oops)
echo 0 >/proc/sys/kernel/panic_on_oops
run_module tcslab_test_usercopy "$@"
echo "$oops" >/proc/sys/kernel/panic_on_oops
