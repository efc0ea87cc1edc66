#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# xfs on tcslab. Each readlink() gives memory of the module's to kfree_link().
# lab: real=fs/xfs stock=loop,crc32c_generic? programs=mkfs.xfs:xfsprogs,xfs_repair:xfsprogs,setfacl:acl,getfacl:acl
# lab: mem=2G timeout=600 when=all kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
needs crc32c_generic
needs_of xfs
begin xfs
writable xfs mkfs.xfs -f
logged xfs_repair -n "$dev"
check $? "xfs_repair has nothing to say"
losetup -d "$dev"
finish
