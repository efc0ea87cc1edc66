#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Installs, upgrades and removes tcslab and a driver that uses it, for two kernels of which none runs.
# First by `make install`, then by the packages.  scripts/lab/ship.py runs this as root in a copy of the
# machine that is thrown away:
#
#   check.sh PROJECT KERNEL KERNEL    prints a line "ok NAME" or "not ok NAME" for each step
#
# With TCSLAB_CHECK_STUB=1 it is not tcslab that is compiled but a few lines: to work on this file.
project=$1 first=$2 second=$3
work=/tmp/tcslab-check
log=$work/log
exec 3>&1	# the results; all else goes to the log

# step NAME COMMAND...: it has to succeed.
step()
{
	name=$1
	shift
	echo "=== $name" >>$log
	if "$@" >$log.step 2>&1; then
		echo "ok $name" >&3
	else
		echo "not ok $name" >&3
		tail -n 30 $log.step | sed 's/^/    | /' >&3
	fi
	cat $log.step >>$log
}

# It has to fail and say so.
refused()
{
	what=$1
	shift
	! "$@" >$work/said 2>&1 || { echo "was not refused: $*"; return 1; }
	cat $work/said
	said "$what"
}

said()
{
	grep -qE "$1" $work/said || { cat $work/said; echo "did not say: $1"; return 1; }
}

tcslab_ko()
{
	echo "/lib/modules/$1/updates/dkms/tcslab.ko"
}

installed()	# NAME/VERSION KERNEL
{
	dkms status "$1" -k "$2" | grep -q ": installed" || { dkms status; return 1; }
}

# The name of the binary interface that $1 has or wants.
abi()
{
	nm "$1" | grep -o 'tcslab_abi_[0-9a-z_]*' | sort -u
}

fits()
{
	[ -n "$(abi "$(tcslab_ko "$1")")" ] &&
	[ "$(abi "$(tcslab_ko "$1")")" = "$(abi "/lib/modules/$1/updates/dkms/mydriver.ko")" ]
}

only_sources()
{
	find "$1" -type f ! -name '*.[ch]' | sort
	[ -z "$(find "$1/mod" -type f ! -name '*.[ch]')$(find "$1" -name '*.mod.c')" ] &&
	[ "$(du -sk "$1" | cut -f1)" -lt 3000 ]
}

reinstalls()
{
	make -C "$work/tree" install KVER="$1" >$work/said 2>&1 || { cat $work/said; return 1; }
	cat $work/said
}

add_driver()
{
	cp -r "$work/tree/Documentation/examples/dependant" /usr/src/mydriver-1.0
	dkms add mydriver/1.0
}

# A release is a matter of minutes to compile; what is to be seen of others needs no more than this.
stub()
{
	echo "ccflags-y := -I\$(src)/mod/include
obj-m := tcslab.o
tcslab-y := mod/stub.o" >"$work/tree/Kbuild"
	cat >"$work/tree/mod/stub.c" <<END
#include <linux/module.h>
#include <linux/tcslab.h>
const char TCSLAB_ABI[1];
EXPORT_SYMBOL_GPL(TCSLAB_ABI);
DEFINE_STATIC_KEY_FALSE(tcslab_numa_key);
EXPORT_SYMBOL_GPL(tcslab_numa_key);
struct tcslab_cache *tcslab_cache_create(const char *name, const struct tcslab_cache_args *args) { return NULL; }
EXPORT_SYMBOL_GPL(tcslab_cache_create);
int tcslab_cache_destroy(struct tcslab_cache *cache) { return 0; }
EXPORT_SYMBOL_GPL(tcslab_cache_destroy);
void *tcslab_cache_alloc_slow(struct tcslab_cache *cache, gfp_t gfp, int node) { return NULL; }
EXPORT_SYMBOL_GPL(tcslab_cache_alloc_slow);
void tcslab_cache_free_slow(struct tcslab_cache *cache, void *obj) { }
EXPORT_SYMBOL_GPL(tcslab_cache_free_slow);
MODULE_LICENSE("GPL");
MODULE_VERSION("$1");
END
}

# There is no module here to look at, and it says so.
tool()
{
	/usr/sbin/tcslab --help && refused 'module tcslab is not loaded' /usr/sbin/tcslab show
}

# What a release with another table would be.
another_version()
{
	stub 0.2	# dkms would leave it because of this, see install.sh
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$1\"/" "$work/tree/dkms.conf"
	sed -i "1s/(.*)/($1)/" "$work/tree/scripts/packaging/debian/changelog"
	sed -i "s/__PASTE(tcslab_abi_[0-9a-f]*/__PASTE(tcslab_abi_$2/" \
	    "$work/tree/mod/include/linux/tcslab_abi.h"
}

nothing_is_left()
{
	[ -z "$(dkms status tcslab)" ] && ! ls -d /usr/src/tcslab-* /var/lib/tcslab /usr/share/tcslab* /usr/sbin/tcslab &&
	! ls "/lib/modules/$first"/updates/dkms/tcslab.ko "/lib/modules/$second"/updates/dkms/tcslab.ko
}

rm -rf $work
mkdir -p $work
cp -r "$project" $work/tree
cd $work/tree || exit 1
[ -z "$TCSLAB_CHECK_STUB" ] || stub 0.2
# What a build may leave, and what an editor does.
head -c 1000000 /dev/zero >mod/main.o
touch mod/main.mod.c mod/.main.c.swp mod/main.c.orig

step 'without headers it says what to install' \
     refused 'apt-get install linux-headers-1.2.3' make install KVER=1.2.3
mkdir -p "/lib/modules/$first/updates"
touch "/lib/modules/$first/updates/tcslab.ko"
step 'it does not install beside modules_install' \
     refused "updates/tcslab.ko is there, not from dkms" make install KVER="$first"
rm "/lib/modules/$first/updates/tcslab.ko"
step 'installed for a kernel that does not run' reinstalls "$first"
step 'dkms has it' installed tcslab/0.2 "$first"
step 'the command runs' tool
step 'nothing but sources is copied' only_sources /usr/src/tcslab-0.2
step 'modules_install does not install beside it' \
     refused 'dkms has installed' make modules_install KDIR="/lib/modules/$first/build"
step 'a driver is added' add_driver
step 'the driver builds against it' dkms install mydriver/1.0 -k "$first"
step 'they fit' fits "$first"
dkms build mydriver/1.0 -k "$second" >/dev/null 2>&1
step 'without tcslab the driver says what to do' \
     grep -q "There is no tcslab for kernel $second.*Install it first" /var/lib/dkms/mydriver/1.0/build/make.log
step 'a new kernel comes: both are built, in order' dkms autoinstall -k "$second"
step 'both fit there' fits "$second"
step 'installed once more' reinstalls "$first"
step 'on the other kernel, too' installed tcslab/0.2 "$second"
step 'and the driver is there' installed mydriver/1.0 "$second"

another_version 0.3 0123456789abcdef
step 'an upgrade with another table' reinstalls "$first"
step 'the old version has gone' test -z "$(dkms status tcslab/0.2)" -a ! -e /usr/src/tcslab-0.2
for kernel in "$first" "$second"; do
	step "upgraded on $kernel" installed tcslab/0.3 "$kernel"
	step "the driver was built again on $kernel" fits "$kernel"
done
echo '#error not ported yet' >>/usr/src/mydriver-1.0/mydriver.c
another_version 0.4 fedcba9876543210
step 'an upgrade past a driver that does not build' reinstalls "$first"
step 'that is said' said 'mydriver/1.0 could not be built with tcslab 0.4'
step 'and nothing of it is left' test ! -e "/lib/modules/$first/updates/dkms/mydriver.ko" -a \
     -z "$(find /var/lib/dkms/mydriver -name 'kernel-*')"
step 'uninstalled' make uninstall
step 'nothing is left' nothing_is_left

# The packages, with the driver as it was.
dkms remove mydriver/1.0 --all >>$log 2>&1
rm -rf "$work/tree" /usr/src/mydriver-1.0
cp -r "$project" "$work/tree"
cd $work/tree || exit 1
[ -z "$TCSLAB_CHECK_STUB" ] || stub 0.2
packages()
{
	DEB_BUILD_OPTIONS=nodoc DEB_BUILD_PROFILES=nodoc "$work/tree/scripts/packaging/packages.sh" \
		"$work/packages" -d -b
}

unpacked()
{
	dpkg -i "$work/packages/tcslab-dkms_$1_all.deb" "$work/packages/tcslab-dev_$1_all.deb" \
		"$work/packages/tcslab-tools_$1_all.deb"
}

step 'packages are built' packages
another_version 0.3 0123456789abcdef
step 'and of another version' packages
step 'the packages are installed' unpacked 0.2
step 'the driver is added once more' add_driver
for kernel in "$first" "$second"; do
	step "tcslab is on $kernel" installed tcslab/0.2 "$kernel"
	step "the driver builds on $kernel" dkms install mydriver/1.0 -k "$kernel"
	step "they fit on $kernel" fits "$kernel"
done
step 'make install does not mix with them' \
     refused 'take the package tcslab-dkms away' make install KVER="$first"
step 'the command of the package runs' tool
step 'the packages are upgraded' unpacked 0.3
for kernel in "$first" "$second"; do
	step "the package is upgraded on $kernel" installed tcslab/0.3 "$kernel"
	step "and the driver built again on $kernel" fits "$kernel"
done
step 'the packages are removed' dpkg -r tcslab-tools tcslab-dev tcslab-dkms
step 'nothing is left of the packages' nothing_is_left
step 'the packages are purged' dpkg -P tcslab-dkms
