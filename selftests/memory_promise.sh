#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# With all memory taken: what is promised is served, as by a mempool, and what lies idle comes
# before NULL.
# lab: kernels=debian-* timeout=240 smp=2 mem=384M

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
# Nobody who counts is killed, and somebody is there who may be.
for p in /proc/[0-9]*; do
	echo -999 >"$p/oom_score_adj"
done 2>/dev/null
echo -1000 >/proc/self/oom_score_adj
victims=
for _ in 1 2 3 4 5 6 7 8; do
	sh -c 'echo 1000 >/proc/self/oom_score_adj; exec sleep 1000' &
	victims="$victims $!"
done
lsmod | grep -q '^tcslab ' || insmod /lib/tcslab/tcslab.ko || exit 1
# What is freed without sleeping stays ours.
echo $((4 << 20)) >/sys/module/tcslab/parameters/keep_bytes
run_module tcslab_test_promise "$@"
# shellcheck disable=SC2086 # several
kill $victims 2>/dev/null
echo $((64 << 10)) >/sys/module/tcslab/parameters/keep_bytes
