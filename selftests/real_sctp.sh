#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# sctp on tcslab: associations over the loopback interface.
# lab: real=net/sctp stock=crc32c_generic? mem=1200M
# lab: timeout=300 when=all kernels=debian-*[0-9],debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
# Its control socket holds it: no sctp that was ever loaded can be unloaded, ours or not.
# So the boot is its own (mem=).
# shellcheck disable=SC2034 # real.inc reads it
PINNED=1
needs crc32c_generic
needs_of sctp
begin sctp
for round in $rounds; do
	./real_load sctp 8 400
	check $? "round $round: 8 associations, 3200 messages arrive as they were sent"
done
finish
