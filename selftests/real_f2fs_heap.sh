#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# f2fs on tcslab with a heap of its own: its row has all that is in use.
# lab: real=fs/f2fs+heap stock=loop,crc32_generic? programs=mkfs.f2fs:f2fs-tools,fsck.f2fs:f2fs-tools,setfacl:acl,getfacl:acl
# lab: mem=2G timeout=600 when=all kernels=debian-6.12

# shellcheck source=selftests/real.inc
. ./real.inc
OF_ITS_OWN=+heap
needs crc32_generic
begin f2fs
writable f2fs mkfs.f2fs -f
logged fsck.f2fs "$dev"
check $? "fsck"
losetup -d "$dev"
finish
