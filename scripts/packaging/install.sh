#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# `make install` and `make uninstall`: tcslab with dkms, for one kernel and for those that had it.
#
#   install.sh install KERNEL
#   install.sh uninstall
#   install.sh beside ROOT KERNEL    fail where dkms has put a tcslab.ko, before modules_install puts one
#   install.sh sources ROOT    only put the sources where dkms looks, below ROOT; the packages do
#   install.sh include ROOT    and what a driver's Makefile includes, below ROOT
#   install.sh tools ROOT      and the command tcslab, below ROOT
set -e
cd "$(dirname "$0")/../.."
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
SRC=/usr/src/tcslab-$VERSION INCLUDE=/usr/share/tcslab
TOOLS=/usr/share/tcslab-tools COMMAND=/usr/sbin/tcslab MAN=/usr/share/man/man8/tcslab.8
COMPLETION=/usr/share/bash-completion/completions/tcslab
MARK=.from-make-install

die()
{
	echo "$*" >&2
	exit 1
}

# Nothing that a build has left.
sources()
{
	rm -rf "$1$SRC.new"
	mkdir -p "$1$SRC.new"
	find Kbuild dkms.conf COPYING mod scripts/packaging/dkms.mk scripts/packaging/dkms-hook.sh \
	     scripts/packaging/tcslab.kbuild -type f ! -name '.*' ! -name '*.mod.c' \
	     \( -name '*.[ch]' -o ! -path 'mod/*' \) -exec cp --parents -t "$1$SRC.new" {} +
	rm -rf "$1$SRC"
	mv "$1$SRC.new" "$1$SRC"
}

include()
{
	mkdir -p "$1$INCLUDE"
	echo "include $SRC/scripts/packaging/tcslab.kbuild" >"$1$INCLUDE/tcslab.kbuild"
	mkdir -p "$1$INCLUDE/include/linux"
	cp mod/include/linux/tcslab_optional.h "$1$INCLUDE/include/linux"
}

tools()
{
	rm -rf "$1$TOOLS"
	install -d "$1$TOOLS/tcslab" "$1$TOOLS/fleet"
	install -m 644 scripts/tcslab/*.py "$1$TOOLS/tcslab"
	install -m 644 scripts/fleet/tcslab-rules.yml scripts/fleet/tcslab-dashboard.json "$1$TOOLS/fleet"
	install -D -m 755 /dev/null "$1$COMMAND"
	printf '#!/bin/sh\nexec /usr/bin/python3 -B %s/tcslab "$@"\n' $TOOLS >"$1$COMMAND"
	install -D -m 644 scripts/tcslab/tcslab.8 "$1$MAN"
	install -D -m 644 scripts/tcslab/tcslab.bash "$1$COMPLETION"
}

# Versions that dkms has, a line each.
versions()
{
	dkms status tcslab | sed -n 's|^tcslab/\([^,:]*\)[,:].*|\1|p' | sort -u
}

# Kernels that have a tcslab of dkms' and headers, a line each.
kernels()
{
	dkms status tcslab | sed -n 's|^tcslab/[^,]*, \([^,]*\), .*|\1|p' | sort -u |
	while read -r kernel; do
		[ ! -e "/lib/modules/$kernel/build/Makefile" ] || echo "$kernel"
	done
}

forget()
{
	dkms remove "tcslab/$1" --all >/dev/null
	# A package's sources are the package's.
	[ ! -e "/usr/src/tcslab-$1/$MARK" ] || rm -rf "/usr/src/tcslab-$1"
}

theirs()
{
	die "tcslab $1 is not from make install: take the package tcslab-dkms away first (or what dkms has" \
	    "by hand: dkms remove tcslab/$1 --all)."
}

may_install()
{
	[ "$(id -u)" = 0 ] || die "make install needs root: sudo make install"
	command -v dkms >/dev/null || die "make install needs dkms: apt-get install dkms (or dnf install dkms)"
}

case $1 in
beside)
	for file in "$2/lib/modules/$3/updates/dkms"/tcslab.ko*; do
		[ ! -e "$file" ] ||
			die "dkms has installed $file: of two modules the wrong one would be loaded." \
			    "Take it away first: make uninstall, or the package tcslab-dkms."
	done
	;;
sources | include | tools)
	"$1" "$2"
	;;
install)
	may_install
	[ -e "/lib/modules/$2/build/Makefile" ] ||
		die "There are no headers of kernel $2 to build against: apt-get install linux-headers-$2" \
		    "(or dnf install kernel-devel-$2); for another kernel: make install KVER=..."
	before=$(versions)
	for old in $before; do
		[ -e "/usr/src/tcslab-$old/$MARK" ] || theirs "$old"
	done
	scripts/packaging/dkms-hook.sh alone "$2"
	wanted=$({ echo "$2"; kernels; } | sort -u)
	sources ""
	touch "$SRC/$MARK"
	include ""
	tools ""
	if echo "$before" | grep -qxF "$VERSION"; then
		dkms remove "tcslab/$VERSION" --all >/dev/null
	fi
	dkms add "tcslab/$VERSION"
	for kernel in $wanted; do
		scripts/packaging/dkms-hook.sh alone "$kernel"
		# Else dkms leaves what is there if its version is not lower, and says that it has installed.
		dkms install --force "tcslab/$VERSION" -k "$kernel"
	done
	for old in $before; do
		[ "$old" = "$VERSION" ] || forget "$old"
	done
	;;
uninstall)
	may_install
	for old in $(versions); do
		[ -e "/usr/src/tcslab-$old/$MARK" ] || theirs "$old"
		forget "$old"
	done
	rm -rf "$SRC" "$INCLUDE" $TOOLS $COMMAND $MAN $COMPLETION
	;;
esac
