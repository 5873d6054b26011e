#!/bin/sh
# 1 GiB on a FAT32 volume from the first read to sealed in a file, by the workers in their sandboxes,
# against cp, sync and openssl one after the other: five interleaved runs, medians, and their ratio.
# Both read a source that is not in the page cache.
#
#   read.sh BUILD-FOLDER [MIB]      where TMPDIR is decides which disk is measured
set -eu
PATH=$PATH:/usr/sbin
build=$(cd "$1" && pwd)
mib=${2:-1024}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
cd "$folder"
chmod 0755 .
export WEIGHLOCK_WORKERS="$build/daemon/worker"
export MTOOLS_SKIP_CHECK=1

head -c "${mib}M" /dev/urandom >source.bin
truncate -s "$((mib + 200))M" medium.img
mkfs.fat -F 32 medium.img >/dev/null
mcopy -i medium.img source.bin ::/
sync
mkdir out

forget() { dd if="$1" iflag=nocache count=0 status=none; }
theirs() {
	forget source.bin
	start=$(date +%s.%N)
	cp source.bin out/copy
	sync -f out/copy
	openssl dgst -sha256 out/copy >out/digest
	echo "$(date +%s.%N) $start" | awk '{ printf "%.3f\n", $1 - $2 }' >>theirs
	rm out/copy
}
ours() {
	forget medium.img
	"$build/tests/bench/bench_read" "$build/daemon/spawn/weighlock-spawnd" medium.img out >said
	sed -n 's/^seconds //p' said >>ours
	rm out/1
}
for run in 1 2 3 4 5; do
	theirs
	ours
done
sed 's/.*= //' out/digest >theirs.sha256
awk 'NR == 1 { print $2 }' said >ours.sha256
cmp theirs.sha256 ours.sha256
median() { sort -n "$1" | sed -n 3p; }
a=$(median ours) b=$(median theirs)
echo "read to sealed, $mib MiB: $a s; cp + sync + openssl: $b s; ratio $(awk "BEGIN { printf \"%.2f\", $a / $b }")"
