#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ntfs3 on tcslab. Debian's is built without ACLs.
# lab: real=fs/ntfs3 stock=loop programs=mkfs.ntfs:ntfs-3g,ntfsfix:ntfs-3g
# lab: mem=2G timeout=600 when=all kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
needs_of ntfs3
begin ntfs3
# shellcheck disable=SC2034 # real.inc reads it
no_acl=1
writable ntfs3 mkfs.ntfs -Q -F
logged ntfsfix -n "$dev"
check $? "ntfsfix has nothing to say"
losetup -d "$dev"
finish
