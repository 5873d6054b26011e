#!/bin/sh
# deb.sh: builds the Debian packages from the committed tree, in a folder of its own.
#
#   sh packaging/deb.sh [FOLDER]      FOLDER (build/deb if not given) then holds the packages
#
# Nothing of the working tree's own state goes in: the sources are what `git archive` gives, the time is
# the changelog's, so two builds of one commit are equal to the byte.
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
out=${1:-$top/build/deb}
rm -rf "$out/source"
mkdir -p "$out/source"
git -C "$top" archive HEAD | tar -x -C "$out/source"
mv "$out/source/packaging/debian" "$out/source/debian"
cd "$out/source"
DEB_BUILD_OPTIONS="nocheck parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}" dpkg-buildpackage -b -us -uc >"$out/build.log" 2>&1 || {
	tail -n 40 "$out/build.log"
	exit 1
}
ls "$out"/*.deb
