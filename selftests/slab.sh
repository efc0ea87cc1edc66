#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel's slab API through tcslab_slab.h: every call that allocates.
# lab: timeout=90

# shellcheck source=selftests/ktap_module.inc
. ./ktap_module.inc
# In a memory cgroup of its own, where the kernel charges what it is asked to.
mkdir -p /tmp/cgroup
if mount -t cgroup2 none /tmp/cgroup 2>/dev/null; then
	echo +memory >/tmp/cgroup/cgroup.subtree_control
	mkdir /tmp/cgroup/slab && echo $$ >/tmp/cgroup/slab/cgroup.procs
fi
run_module tcslab_test_slab "$@"
status=$?
echo $$ >/tmp/cgroup/cgroup.procs
rmdir /tmp/cgroup/slab
umount /tmp/cgroup
exit $status
