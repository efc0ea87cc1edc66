#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A million objects of mixed sizes, nine of ten freed at random, both allocators shrunk.
# lab: kernels=debian-*[0-9] timeout=300 mem=2G append="init_on_alloc=0" when=long

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_memory mode=sparse "$@"
