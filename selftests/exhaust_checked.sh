#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# All memory is taken, on kernels that check much and take more of it for themselves: see
# exhaust.inc.
# lab: kernels=debug-*,kcsan-* timeout=600 smp=4 mem=640M append="kmemleak=off" when=all

# shellcheck source=selftests/exhaust.inc
. ./exhaust.inc
exhaust "${1:-40}" "${2:-10}"
