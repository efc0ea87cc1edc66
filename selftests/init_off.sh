#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Without init_on_alloc and init_on_free nothing is cleared but what __GFP_ZERO asks for.
# lab: mem=768M append="init_on_alloc=0 init_on_free=0" when=long

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
run_module tcslab_test_init "$@"
