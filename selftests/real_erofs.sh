#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# erofs on tcslab, compressed with lz4.
# lab: real=fs/erofs stock=loop,crc32c_generic? programs=mkfs.erofs:erofs-utils
# lab: mem=2G timeout=600 when=all kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
needs crc32c_generic
begin erofs
read_only erofs mkfs.erofs -zlz4 $WORK/image-0 $WORK/ram
finish
