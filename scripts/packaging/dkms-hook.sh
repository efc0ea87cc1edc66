#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What drivers that use tcslab are built with, kept for each kernel outside of dkms' tree, which
# forgets it.  Called by dkms (see dkms.conf) and by `make modules_install`:
#
#   alone KERNEL            fail if there is a tcslab.ko that dkms did not install
#   built BASE              dkms has built us: into its own BASE, where this build's tcslab.ko is
#   installed KERNEL BASE   that build is installed: keep it, and build its dependants again
#   keep KERNEL [ROOT]      keep what is in the current folder
#   removed KERNEL VERSION  it has gone, unless another version has come instead
#
# What is kept: /var/lib/tcslab/KERNEL/{Module.symvers,include/,version}, see tcslab.kbuild.
set -e
what=$1 KEPT=/var/lib/tcslab
cd "$(dirname "$0")/../.."

version()
{
	sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf
}

# All of it or nothing is at $2.
copy()
{
	rm -rf "$2.new"
	mkdir -p "$2.new"
	cp -r "$1/Module.symvers" "$1/include" "$1/version" "$2.new"
	rm -rf "$2"
	mv "$2.new" "$2"
}

stage()
{
	mkdir -p "$1"
	cp Module.symvers "$1"
	cp -r mod/include "$1"
	version >"$1/version"
}

# Drivers whose dkms.conf says BUILD_DEPENDS, as "name/version".
dependants()
{
	dkms status -k "$1" | sed -n 's/^\([^,]*\), .*: \(installed\|built\).*/\1/p' | sort -u |
	while read -r driver; do
		if grep -qE '^BUILD_DEPENDS(\[[0-9]+\])?=.*\<tcslab\>' \
		   "/var/lib/dkms/$driver/source/dkms.conf" 2>/dev/null; then
			echo "$driver"
		fi
	done
}

# First what was there has to go: dkms forgets it when a build fails, and it would stay for ever.
rebuilt() # driver, kernel
{
	# From here, the running one's variables are in the way.
	env -i PATH="$PATH" dkms uninstall "$1" -k "$2" || :
	env -i PATH="$PATH" dkms build --force "$1" -k "$2" &&
		env -i PATH="$PATH" dkms install "$1" -k "$2"
}

case $what in
alone)
	file=$(find "/lib/modules/$2/" -name 'tcslab.ko*' ! -path '*/updates/dkms/*' | head -n 1)
	if [ -n "$file" ]; then
		echo "tcslab: $file is there, not from dkms: of two modules the wrong one would be loaded." >&2
		echo "tcslab: Take it away (rm $file; depmod $2), then install again." >&2
		exit 1
	fi
	;;
built)
	stage "$2/kept"
	;;
installed)
	changed=
	cmp -s "$3/kept/Module.symvers" "$KEPT/$2/Module.symvers" || changed=yes
	mkdir -p "$KEPT"
	copy "$3/kept" "$KEPT/$2"
	[ -n "$changed" ] || exit 0
	for driver in $(dependants "$2"); do
		echo "tcslab: building $driver again for kernel $2: it uses tcslab"
		if ! rebuilt "$driver" "$2" >&2; then
			echo "tcslab: $driver could not be built with tcslab $(version), and is not installed for" >&2
			echo "tcslab: kernel $2 any more: the kernel would have refused it. Get a version of it that" >&2
			echo "tcslab: builds, or go back to the tcslab before, then: dkms install $driver -k $2" >&2
		fi
	done
	;;
keep)
	mkdir -p "$3$KEPT"
	stage "$3$KEPT/.stage"
	copy "$3$KEPT/.stage" "$3$KEPT/$2"
	rm -rf "$3$KEPT/.stage"
	;;
removed)
	if [ "$(cat "$KEPT/$2/version" 2>/dev/null)" = "$3" ]; then
		rm -rf "${KEPT:?}/${2:?}"
		rmdir --ignore-fail-on-non-empty "$KEPT"
	fi
	;;
esac
