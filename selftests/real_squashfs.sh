#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# squashfs on tcslab, compressed with zlib.
# lab: real=fs/squashfs stock=loop programs=mksquashfs:squashfs-tools
# lab: mem=2G timeout=600 when=long kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
begin squashfs
read_only squashfs mksquashfs $WORK/ram $WORK/image-0 -no-progress -Xcompression-level 1
finish
