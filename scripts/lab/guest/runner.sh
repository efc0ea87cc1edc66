#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Sourced after kselftest's runner.sh, which sets $kselftest_timeout: replaces what needs perl or
# coreutils.

# Its sed keeps lines in a buffer; a line must get out before the kernel dies.
tap_prefix()
{
	while IFS= read -r line || [ -n "$line" ]; do
		echo "# $line"
	done
}

# busybox's timeout kills one process; what that one started would keep the pipe open.
tap_timeout()
{
	rm -f /lab/late
	# shellcheck disable=SC2086 # a command and its arguments
	setsid $1 </dev/null &
	test=$!
	# shellcheck disable=SC2154
	setsid sh -c "sleep $kselftest_timeout; touch /lab/late; kill -TERM -$test; sleep 2;
		kill -KILL -$test" >/dev/null 2>&1 &
	watch=$!
	wait "$test"
	status=$?
	# It is no group of its own yet where the test took no time.
	kill -KILL "$watch" "-$watch" 2>/dev/null
	# 124 is how coreutils and kselftest say it.
	[ ! -f /lab/late ] || return 124
	return "$status"
}
