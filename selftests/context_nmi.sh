#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# NMI context at every instruction of the fast path and of the locked sections.
# Not while kmemleak is watching: its locks may be held.
# Most of its time goes into arming some 800 probes, one after the other.
# lab: timeout=600 append="kmemleak=off" when=long

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
if ! grep -q ' register_kprobe$' /proc/kallsyms; then
	echo "1..0 # SKIP no kprobes"
	exit 4
fi
run_module tcslab_test_context_nmi "$@"
