#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Builds the Debian packages of these sources:
#
#   packages.sh OUT [options of dpkg-buildpackage]
#
# The files that dpkg wants in debian/ are in scripts/packaging/debian/: this makes the tree that it
# wants below OUT, of sources and nothing else.
set -e
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../.."
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
[ "$(sed -n '1s/.*(\(.*\)).*/\1/p' scripts/packaging/debian/changelog)" = "$VERSION" ] ||
	{ echo "scripts/packaging/debian/changelog is not of $VERSION" >&2; exit 1; }
rm -rf "$out/tcslab-$VERSION"
sh scripts/packaging/install.sh sources "$out"
mv "$out/usr/src/tcslab-$VERSION" "$out/tcslab-$VERSION"
rm -r "${out:?}/usr"
tree=$out/tcslab-$VERSION
cp -r Documentation README.md "$tree"
cp scripts/packaging/install.sh scripts/packaging/docs.sh "$tree/scripts/packaging"
cp -r scripts/tcslab scripts/fleet "$tree/scripts"
rm -rf "$tree/scripts/tcslab/__pycache__"
cp -r scripts/packaging/debian "$tree/debian"
cd "$tree"
dpkg-buildpackage -us -uc "$@"
