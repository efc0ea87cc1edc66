#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# 512 MiB in use, all freed, then idle; then a trim.
# lab: kernels=debian-*[0-9] timeout=300 mem=2G append="init_on_alloc=0" when=all

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_memory mode=idle "$@"
