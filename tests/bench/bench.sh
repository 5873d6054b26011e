#!/bin/sh
# make bench: how fast it is, as ratios to what plain tools need for the same, in one run on one
# disk. Each figure is the median of 5 interleaved runs (ours, theirs, ours, theirs …). Nothing here
# is asserted by a test: machines differ.
#
#   WL_BENCH="read ledger" make bench   only these of: spawn pictures ledger start verify read memory
#   bench.sh BUILD-FOLDER [MIB]         where TMPDIR is decides which disk is measured
set -eu
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
src=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=$(CDPATH='' cd -- "$1" && pwd)
mib=${2:-1024}
runs="1 2 3 4 5"
entries=${WL_BENCH_ENTRIES:-1000000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
cd "$folder"
chmod 0755 .
export WEIGHLOCK_WORKERS="$build/daemon/worker"
export MTOOLS_SKIP_CHECK=1
spawnd=$build/daemon/spawn/weighlock-spawnd

# row WHAT OURS THEIRS UNIT GOAL: `-` for what there is not
row() {
	ratio=$(awk -v a="$2" -v b="$3" 'BEGIN { if (b + 0 > 0) printf "%.2f", a / b; else print "-" }')
	printf '%-52s %9s %9s %-4s %6s  %s\n' "$1" "$2" "$3" "$4" "$ratio" "$5" >>table
}
median() { sort -n "$1" | sed -n 3p; }
scale() { awk -v v="$1" -v by="$2" -v f="${3:-%.2f}" 'BEGIN { printf f, v / by }'; }
# timed FILE COMMAND…: adds its seconds to FILE
timed() {
	timed_file=$1
	shift
	timed_start=$(date +%s.%N)
	"$@"
	echo "$(date +%s.%N) $timed_start" | awk '{ printf "%.3f\n", $1 - $2 }' >>"$timed_file"
}
forget() { dd if="$1" iflag=nocache count=0 status=none; }

# ---- a medium from its first read to sealed in a file; neither source is in the page cache ----
read_theirs() {
	cp source.bin out/copy
	sync -f out/copy
	openssl dgst -sha256 out/copy >out/digest
}
bench_read() {
	head -c "${mib}M" /dev/urandom >source.bin
	truncate -s "$((mib + 200))M" medium.img
	mkfs.fat -F 32 medium.img >/dev/null
	mcopy -i medium.img source.bin ::/
	sync
	mkdir out
	for run in $runs; do
		forget source.bin
		timed theirs read_theirs
		rm out/copy
		forget medium.img
		"$build/tests/bench/bench_read" "$spawnd" medium.img out >said
		sed -n 's/^seconds //p' said >>ours
		rm out/1
	done
	sed 's/.*= //' out/digest >theirs.sha256
	awk 'NR == 1 { print $2 }' said >ours.sha256
	cmp theirs.sha256 ours.sha256
	row "$mib MiB, read to sealed : cp + sync -f + openssl" "$(median ours)" "$(median theirs)" s \
		"ratio 1.2"
	rm -f medium.img source.bin
}

# ---- a worker in its whole sandbox, and one item forked from it ----
bench_spawn() {
	for run in $runs; do
		"$build/tests/bench/bench_spawn" "$spawnd" 21 >said
		sed -n 's/^worker_start_us //p' said >>worker
		sed -n 's/^item_us //p' said >>item
	done
	row "worker started in its sandbox" "$(scale "$(median worker)" 1000)" - ms "10 ms"
	row "item forked, run, ended" "$(scale "$(median item)" 1000)" - ms "2 ms"
}

# ---- entries of the ledger ----
bench_ledger() {
	for run in $runs; do "$build/tests/bench/bench_ledger" "$folder" 21 >>ledger; done
	for name in one thousand; do
		awk -v n=$name '$1 == n { print $2 }' ledger >"$name.ours"
		awk -v n=$name '$1 == n { print $3 }' ledger >"$name.theirs"
	done
	row "1 ledger entry, durable : write + fdatasync" "$(scale "$(median one.ours)" 1000)" \
		"$(scale "$(median one.theirs)" 1000)" ms "ratio 1.5"
	row "1000 ledger entries in one commit : 1 entry, durable" \
		"$(scale "$(median thousand.ours)" 1000)" "$(scale "$(median one.ours)" 1000)" ms "ratio 3"
	row "  the same : one write + fdatasync of their bytes" \
		"$(scale "$(median thousand.ours)" 1000)" "$(scale "$(median thousand.theirs)" 1000)" ms -
	awk '$1 == "thousand" { print $4 }' ledger >thousand.cpu
	row "  time of a processor for each of them" "$(scale "$(median thousand.cpu)" 1000)" - us -
}

# a start from an index that matches: of the whole ledger as many entries as verification has below
bench_start() {
	"$build/tests/bench/bench_ledger" "$folder" 1 "$entries" >start
	row "start, $entries entries, index matches" "$(awk '$1 == "start" { print $2 / 1e6 }' start)" - s "0.5 s"
	row "  time of a processor" "$(awk '$1 == "start" { print $3 / 1e6 }' start)" - s -
}

# ---- the auditor's check of a whole ledger: real stories, one processor and two ----
# verify_ours THREADS FILE: its seconds and peak of memory go to FILE
verify_ours() {
	python3 "$src/tests/bench/measure.py" "$2" "$build/weighlock-verify" --threads "$1" \
		--key l/vkey l >said || { cat said; exit 1; }
}
verify_theirs() { find l/tile -type f -exec openssl dgst -sha256 {} + >/dev/null; }
column() { cut -d' ' -f"$2" "$1" >"$1.$2" && median "$1.$2"; }
bench_verify() {
	python3 "$src/tests/integration/make_story.py" l "$entries"
	for run in $runs; do
		timed verify.theirs verify_theirs
		verify_ours 1 one
		[ "$(nproc)" -lt 2 ] || verify_ours 2 two
	done
	wall=$(column one 1)
	cpu=$(column one 2)
	row "weighlock-verify, $entries entries : openssl dgst" "$wall" "$(median verify.theirs)" s -
	row "  entries a second of one processor's time" "$(scale "$entries" "$cpu" %.0f)" - /s 800000
	row "  peak memory" "$(scale "$(column one 3)" 1024 %.1f)" - MiB "64 MiB"
	[ "$(nproc)" -lt 2 ] ||
		row "  the same on two processors : on one" "$(column two 1)" "$wall" s "ratio 0.5"
	rm -rf l
}

# ---- memory, over a whole transfer ----
bench_memory() {
	if ! WL_BUILD=$build sh "$src/tests/bench/memory.sh" >memory 2>&1; then
		grep -v '^ok ' memory >&2 || :
		row "peak memory (needs root and loop devices)" - - MiB "64 MiB, worker 512 MiB"
		return
	fi
	awk '$1 == "peak" { print $2, $3 }' memory | while read -r name kib; do
		case $name in worker-*) goal=512 ;; *) goal=64 ;; esac
		row "peak memory, $name" "$(scale "$kib" 1024 %.1f)" - MiB "$goal MiB"
	done
}

# ---- pictures, against whatever of vips, ImageMagick and mat2 is there ----
bench_pictures() {
	if ! command -v pnmtopng >/dev/null || ! command -v cjpeg >/dev/null; then
		row "pictures (needs netpbm and cjpeg)" - - s -
		return
	fi
	python3 "$src/tests/bench/bench_pictures.py" "$build" 3 >pictures
	while IFS="$(printf '\t')" read -r what ours theirs unit goal; do
		row "$what" "$ours" "$theirs" "$unit" "$goal"
	done <pictures
}

for part in ${WL_BENCH:-spawn pictures ledger start verify read memory}; do "bench_$part"; done
printf '%-52s %9s %9s %-4s %6s  %s\n' "what (ours : theirs)" ours theirs "" ratio goal
cat table
