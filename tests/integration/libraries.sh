#!/bin/sh
# Nobody maps what it does not need: holds the libraries that each program names (NEEDED) against
# the list here, which is DESIGN 6. Looks at the programs of this build; one that is not built fails.
set -u
allowed() {
	case $1 in
	worker-volume) echo 'libc libcap-ng libseccomp libntfs-3g' ;;
	worker-update) echo 'libc libcap-ng libseccomp libcrypto' ;;
	worker-archive) echo 'libc libcap-ng libseccomp libarchive libz' ;;
	worker-image) echo 'libc libcap-ng libseccomp libpng16 libjpeg libtiff libz' ;;
	worker-tool) echo 'libc libcap-ng libseccomp libcrypto libisal' ;;
	weighlock-spawnd) echo 'libc libcap-ng libseccomp libsystemd' ;;
	esac
}
# what a sanitizer or coverage build adds, and the loader itself
build_own='libasan libubsan libgcov libclang_rt libm libgcc_s ld-linux'
bad=0
check() {
	name=${1##*/}
	[ -f "$1" ] || { echo "FAIL: $1 is not built"; bad=1; return; }
	needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p') || exit 99
	[ -n "$needed" ] || { echo "FAIL: $name names no library at all"; bad=1; }
	for file in $needed; do
		library=${file%%.so*}
		library=${library%%-x86*}
		case " $(allowed "$name") $build_own " in
		*" $library "*) ;;
		*) echo "FAIL: $name links $file"; bad=1 ;;
		esac
	done
}
command -v readelf >/dev/null || { echo 'skipped: no readelf'; exit 77; }
for worker in volume update archive image tool; do
	check "daemon/worker/worker-$worker"
done
check daemon/spawn/weighlock-spawnd
exit $bad
