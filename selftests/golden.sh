#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The fast paths have not become longer: instructions of an allocation and a free, counted
# under icount, against those in data/golden. A row that grew by more than two instructions or
# by 2 %, whichever is more, fails. Another compiler makes other code: then there is nothing to
# compare. When a change is meant: make golden
# lab: kernels=debian-*[0-9] icount=1 mem=2G append="init_on_alloc=0" timeout=900

# shellcheck disable=SC2034 # for golden.inc
golden_suffix=
# shellcheck source=selftests/golden.inc
. ./golden.inc
