#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# All memory is taken, for ten minutes: see exhaust.inc.
# lab: kernels=debian-* timeout=1800 smp=4 mem=256M append="kmemleak=off" beside=1 when=all

# shellcheck source=selftests/exhaust.inc
. ./exhaust.inc
exhaust "${1:-160}" "${2:-40}"
