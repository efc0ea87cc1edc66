#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's first process. Everything it has to say goes through the kernel log, so that the
# console is one ordered stream: "lab> " marks what programs print, "lab: " what init says, and
# the rest is the kernel's. (Written to the tty, programs and kernel would mix within a line.)

export PATH=/bin:/usr/bin HOME=/root TERM=dumb

say()
{
	echo "<6>lab: $*" >/dev/kmsg
}

# The kernel takes at most some 900 bytes a line.
relay()
{
	while IFS= read -r line || [ -n "$line" ]; do
		# shellcheck disable=SC3057 # busybox has substrings
		while [ ${#line} -gt 800 ]; do
			echo "<6>lab+ ${line:0:800}" >/dev/kmsg
			line=${line:800}
		done
		echo "<6>lab> $line" >/dev/kmsg
	done
}

# A leak is reported when it is older than 5 seconds and two scans have seen it. A scan takes long:
# there is one pair for all tests of a boot, and the time of the allocation tells whose it was.
scan_for_leaks()
{
	[ -w /sys/kernel/debug/kmemleak ] || return
	sleep 5
	echo scan >/sys/kernel/debug/kmemleak
	echo scan >/sys/kernel/debug/kmemleak
	head -n 200 /sys/kernel/debug/kmemleak | while IFS= read -r line; do
		echo "<4>$line" >/dev/kmsg
	done
	echo clear >/sys/kernel/debug/kmemleak
}

# WARN_ONCE() shall warn in every test.
forget_warnings()
{
	[ ! -w /sys/kernel/debug/clear_warn_once ] || echo 1 >/sys/kernel/debug/clear_warn_once
}

run_test() # name, seconds
{
	forget_warnings
	say "test $1 begins jiffies=$(sed -n 's/^jiffies: //p' /proc/timer_list | head -n 1)"
	(
		cd /selftests/tcslab || exit
		export BASE_DIR=/selftests kselftest_override_timeout="$2" DIR=tcslab
		# shellcheck disable=SC1091 # comes from the kernel's source
		. /selftests/kselftest/runner.sh
		# shellcheck disable=SC1091
		. /lab/runner.sh
		run_one "$DIR" "$1" 1
	) </dev/null 2>&1 | relay
	say "test $1 ends taint=$(cat /proc/sys/kernel/tainted)"
}

run_command()
{
	say "command begins"
	{
		sh /lab/command </dev/null 2>&1
		echo $? >/lab/status
	} | relay
	scan_for_leaks
	say "command ends status=$(cat /lab/status) taint=$(cat /proc/sys/kernel/tainted)"
}

save_out()
{
	[ -n "$(ls -A /out)" ] || return
	if [ ! -b /dev/vda ]; then
		modprobe virtio_pci
		modprobe virtio_blk
	fi
	tar -C /out -cf - . | dd of=/dev/vda bs=1M conv=fsync 2>/dev/null && say "out saved"
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
mkdir -p /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /out
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
ifconfig lo 127.0.0.1 up 2>/dev/null
dmesg -n 8
[ ! -w /proc/sys/kernel/hung_task_timeout_secs ] || echo 600 >/proc/sys/kernel/hung_task_timeout_secs
# Tests that do less on some kernels know them by the name of the lab's file.
LAB_KERNEL=$(cat /lab/kernel)
export LAB_KERNEL
say "up $(uname -r) $(nproc) CPUs taint=$(cat /proc/sys/kernel/tainted)"
[ ! -w /sys/kernel/debug/kmemleak ] || echo clear >/sys/kernel/debug/kmemleak

while read -r module; do
	modprobe "$module" || say "no module $module"
done </lab/modules
if [ -f /lab/command ]; then
	run_command
else
	while read -r name seconds; do
		run_test "$name" "$seconds"
	done </lab/tests
	say "leaks begin"
	scan_for_leaks
fi
save_out
say "done"
# Without ACPI a kernel can only halt; QEMU runs with -no-reboot and so ends here too. User-mode
# Linux would really start again.
if grep -q 'User Mode' /proc/cpuinfo; then
	poweroff -f
fi
reboot -f
