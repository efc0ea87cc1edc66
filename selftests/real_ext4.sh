#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ext4 on tcslab; jbd2 and mbcache beside it stay the kernel's.
# lab: real=fs/ext4 stock=loop,crc32c_generic? programs=mkfs.ext4:e2fsprogs,fsck.ext4:e2fsprogs,setfacl:acl,getfacl:acl
# lab: mem=2G timeout=600 when=all kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
needs crc32c_generic
begin ext4
writable ext4 mkfs.ext4 -q -F
logged fsck.ext4 -fn "$dev"
check $? "fsck"
losetup -d "$dev"
finish
