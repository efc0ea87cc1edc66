#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ts_kmp and ts_bm on tcslab: what alloc_ts_config() of a header allocates, the core frees.
# lab: real=lib/ts_kmp,lib/ts_bm timeout=120 when=all kernels=debian-*[0-9]

# shellcheck source=selftests/real.inc
. ./real.inc
# shellcheck disable=SC2034 # real.inc reads it
NATIVE=1
begin ts_kmp
# shellcheck disable=SC2154 # begin sets it
if [ "$REAL" = untouched ]; then
	modprobe ts_bm
else
	insmod /lib/real/ts_bm.ko
fi
check $? "ts_bm loads"
for module in ts_kmp ts_bm; do
	dmesg -c >/dev/null
	insmod /lib/tcslab/tcslab_test_textsearch.ko "algorithm=${module#ts_}"
	check $? "$module finds what is there, 1000 times, 8 patterns"
	rmmod tcslab_test_textsearch
done
rmmod ts_bm
check $? "ts_bm unloads"
finish
