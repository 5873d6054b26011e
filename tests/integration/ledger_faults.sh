#!/bin/sh
# Every system call of weighlock-ledgerd's start and append, in turn: killed there, and made to fail with
# EIO, ENOSPC or EINTR (strace). Afterwards the ledger starts with everything that was acknowledged and one
# history, in both of its places. Without WL_LONG=1 every call that writes and a sample of the others.
# Root: it mounts.
set -u
build=${WL_BUILD:-.}
src=${WL_SRC:-$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}
[ "$(id -u)" = 0 ] || { echo "skip  only root mounts"; exit 77; }
command -v strace >/dev/null && strace -f -o /dev/null true 2>/dev/null || { echo "skip  no strace"; exit 77; }
grep -q __asan_init "$build/weighlock-ledgerd" && { echo "skip  strace does not go with LeakSanitizer"; exit 77; }
dir=$(mktemp -d /tmp/wlXXXX) || exit 99
folders=''
clean() {
	for f in $folders; do umount "$f" 2>/dev/null; done
	rm -rf "$dir"
}
trap clean EXIT
trap 'exit 130' INT TERM
for i in $(seq "$(nproc)"); do
	mkdir "$dir/$i" && mount -t tmpfs -o size=64m wl-faults "$dir/$i" || { echo "skip  no tmpfs"; exit 77; }
	folders="$folders $dir/$i"
done
# shellcheck disable=SC2086
/usr/bin/python3 "$src/tests/integration/ledger_faults.py" "$build" ${WL_LONG:+--all} $folders
