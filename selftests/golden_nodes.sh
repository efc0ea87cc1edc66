#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# As golden.sh, where there are two nodes: every free has to see of which one its object is.
# lab: kernels=debian-*[0-9] icount=1 mem=2G append="init_on_alloc=0 numa=fake=2" timeout=900

# shellcheck disable=SC2034 # for golden.inc
golden_suffix=-two-nodes
# shellcheck source=selftests/golden.inc
. ./golden.inc
