#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What waits for a grace period is counted, goes back soon although RCU is lazy, and a trim
# waits for it. The kernel's kfree_rcu() gives a million objects back within a second.
# lab: kernels=debian-* timeout=240 smp=4 mem=1G append="init_on_alloc=0 rcu_nocbs=all rcutree.enable_rcu_lazy=1"

# shellcheck source=selftests/memory.inc
. ./memory.inc

begin
load_module tcslab_test_rcu mode=million
check $? "a million frees"
rmmod tcslab_test_rcu
load_module tcslab_test_rcu mode=trim
check $? "a trim right after frees"
rmmod tcslab_test_rcu
load_module tcslab_test_rcu mode=typed
check $? "type-safe spans"
rmmod tcslab_test_rcu

load_module tcslab_test_rcu mode=hold
check $? "a reader holds 1000 objects of 64 bytes and 100 of 16 KiB back"
objects=$(value rcu_objects)
bytes=$(value rcu_bytes)
rmmod tcslab_test_rcu
[ "$objects" -eq 1100 ] && [ "$bytes" -eq $((1000 * 64 + 100 * 16384)) ]
check $? "they are counted: $objects objects, $bytes bytes"
[ "$(value rcu_objects)" -eq 0 ] && [ "$(value rcu_bytes)" -eq 0 ]
check $? "and gone after the barrier: $(value rcu_objects) objects, $(value rcu_bytes) bytes"
plan
