#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# With all memory taken: what is promised is served, as by a mempool, and what lies idle comes
# before NULL.
# lab: kernels=debian-*,debug-*,kcsan-* timeout=240 smp=2 mem=384M

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
# Nobody who counts is killed, and there are those who may be, who have something: each page
# fault of the others may take one.
for p in /proc/[0-9]*; do
	echo -999 >"$p/oom_score_adj"
done 2>/dev/null
echo -1000 >/proc/self/oom_score_adj
never=$(mktemp -u)
mkfifo "$never"
victims=
for _ in $(seq 24); do
	sh -c "echo 1000 >/proc/self/oom_score_adj
	       much=\$(head -c 300000 /dev/zero | tr '\\0' x)
	       read -r _ <$never; echo \"\$much\"" >/dev/null 2>&1 &
	victims="$victims $!"
done
lsmod | grep -q '^tcslab ' || insmod /lib/tcslab/tcslab.ko || exit 1
# What is freed without sleeping stays ours.
echo $((4 << 20)) >/sys/module/tcslab/parameters/keep_bytes
run_module tcslab_test_promise "$@"
# shellcheck disable=SC2086 # several
kill $victims 2>/dev/null
rm "$never"
echo $((64 << 10)) >/sys/module/tcslab/parameters/keep_bytes
