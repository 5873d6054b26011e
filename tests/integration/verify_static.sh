#!/bin/sh
# weighlock-verify with nothing to load: made, looked at with file(1) and ldd(1), and run in a folder that
# is the whole world to it. WL_BUILD is the build; needs the static libraries of libssl-dev and
# libsqlite3-dev, and root for the empty world (chroot).
set -u
src=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=$(CDPATH='' cd -- "${WL_BUILD:-.}" && pwd)
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0
check() {
	what=$1
	shift
	if "$@" >"$dir/out" 2>&1; then echo "ok $what"; else
		echo "FAIL $what"
		cat "$dir/out"
		failed=1
	fi
}
found=$(${CC:-cc} -print-file-name=libcrypto.a)
[ "$found" != libcrypto.a ] || { echo "no static libcrypto here"; exit 77; }
check "it is made" make -s -C "$build" weighlock-verify-static
program=$build/weighlock-verify-static
no_libraries() { ! ldd "$program" 2>/dev/null | grep '=>'; }
check "ldd: no library" no_libraries
check "file: static" sh -c "file -L '$program' | grep -E 'static(-pie|ally) linked'"
nothing_needed() { ! readelf -d "$program" | grep NEEDED; }
check "readelf: nothing needed, no interpreter" nothing_needed
check "no interpreter" sh -c "! readelf -l '$program' | grep -q INTERP"
python3 "$src/tests/integration/make_story.py" "$dir/l" 3000 || exit 99
said() { "$1" --json --key "$dir/l/vkey" "$dir/l"; }
said "$build/weighlock-verify" >"$dir/one"
said "$program" >"$dir/two"
check "it says what the other one says" cmp "$dir/one" "$dir/two"
check "and that is good" grep -q '"verdict":"pass"' "$dir/two"
check "the SQLite file too" sh -c "'$program' --key '$dir/l/vkey' --import '$dir/x' '$dir/l' && test -s '$dir/x'"
if [ "$(id -u)" -eq 0 ]; then
	cp "$program" "$dir/verify"
	check "alone in the world" chroot "$dir" /verify --key /l/vkey /l
fi
exit $failed
