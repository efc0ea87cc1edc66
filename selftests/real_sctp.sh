#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# sctp on tcslab: associations over the loopback interface.
# lab: real=net/sctp stock=crc32c_generic?
# lab: timeout=300 when=all kernels=debian-6.1,debian-6.12,debian-7.3,debug-7.3

# shellcheck source=selftests/real.inc
. ./real.inc
needs crc32c_generic
begin sctp
for round in 1 2 3; do
	./real_load sctp 8 400
	check $? "round $round: 8 associations, 3200 messages arrive as they were sent"
	measure
done
finish
