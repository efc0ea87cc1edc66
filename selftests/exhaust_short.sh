#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# All memory is taken, for a short time: see exhaust.inc.
# lab: kernels=debian-* timeout=300 smp=4 mem=256M append="kmemleak=off" when=all

# shellcheck source=selftests/exhaust.inc
. ./exhaust.inc
exhaust "${1:-6}" "${2:-3}"
