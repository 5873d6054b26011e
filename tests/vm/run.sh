#!/bin/sh
# run.sh BUILD: the tests in a virtual machine. Builds the packages from the committed tree, a Debian 12
# with them, and runs each test in a copy of it. Without KVM a quarter of an hour; needs root, the
# network (Debian's packages), qemu-system-x86, mmdebstrap and debhelper: without those 77, as of tests
# that could not be tried. Everything lies in BUILD/vm; the Debian without our packages stays there.
set -u
build=$(CDPATH='' cd -- "$1" && pwd) || exit 99
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
for tool in qemu-system-x86_64 mmdebstrap dpkg-buildpackage; do
	command -v "$tool" >/dev/null || { echo "skipped: no $tool (apt install qemu-system-x86 mmdebstrap dpkg-dev debhelper)"; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "skipped: only root can make the image"; exit 77; }
sh "$here/../../packaging/deb.sh" "$build/vm/deb" || exit 1
sh "$here/image.sh" "$build/vm/image" "$build"/vm/deb/weighlock_*.deb || { tail -n 30 "$build"/vm/image/*.log; exit 1; }
failed=0
for test in "$here"/*_vm.sh; do
	echo "== $(basename "$test")"
	WL_BUILD=$build sh "$test" "$build/vm/image" || failed=1
done
exit $failed
