#!/bin/sh
# check.sh: all the tests, from a clean clone, as root on Debian 12. Installs what it needs by
# package name, works in build/check only, and ends with one line: N passed, N failed, N skipped.
#
#   sh packaging/check.sh [STAGE...]     only these stages (packages and gcc are always run)
#   sh packaging/check.sh analysis-long  clang-tidy and gcc's analyzer over the whole tree: not in the default
#   sh packaging/check.sh vm             a station from its packages in a virtual machine: not in the default
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 99
out=$top/build/check
jobs=$(nproc)
passed=0 failed=0 skipped=0
mkdir -p "$out/log"
export LC_ALL=C.UTF-8

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

# step NAME COMMAND...: one check that passes or fails as a whole; its output is in the log
step() {
	name=$1
	shift
	log=$out/log/$(printf %s "$name" | tr ' /' '__').log
	start=$(date +%s)
	"$@" >"$log" 2>&1
	rc=$?
	took=$(($(date +%s) - start))
	case $rc in
	0) passed=$((passed + 1)); say "ok    $name (${took} s)" ;;
	77) skipped=$((skipped + 1)); say "skip  $name: $(tail -n 1 "$log")" ;;
	*) failed=$((failed + 1)); say "FAIL  $name (exit $rc, ${took} s): $log"; tail -n 40 "$log" ;;
	esac
	return $rc
}

# suite NAME COMMAND...: a `make check`; counts its tests one by one
suite() {
	name=$1
	shift
	log=$out/log/$(printf %s "$name" | tr ' /' '__').log
	start=$(date +%s)
	"$@" >"$log" 2>&1
	rc=$?
	took=$(($(date +%s) - start))
	p=$(sed -n 's/^# PASS: *//p' "$log" | tail -n 1)
	f=$(sed -n 's/^# FAIL: *//p' "$log" | tail -n 1)
	e=$(sed -n 's/^# ERROR: *//p' "$log" | tail -n 1)
	s=$(sed -n 's/^# SKIP: *//p' "$log" | tail -n 1)
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-0} + ${e:-0}))
	skipped=$((skipped + ${s:-0}))
	if [ "$rc" -ne 0 ] || [ -z "$p" ]; then
		[ $((${f:-0} + ${e:-0})) -gt 0 ] || failed=$((failed + 1))
		say "FAIL  $name (exit $rc, ${took} s): $log"
		grep -E '^(FAIL|ERROR):|: error:|\*\*\*' "$log" | head -n 40
	else
		say "ok    $name: $p passed, ${s:-0} skipped (${took} s)"
	fi
	return $rc
}

configure() { # configure FOLDER OPTIONS...
	dir=$out/$1
	shift
	mkdir -p "$dir"
	(cd "$dir" && "$top/configure" --quiet "$@")
}

stage_gcc() {
	step "gcc configure" configure gcc --enable-werror
	step "gcc build" make -C "$out/gcc" -j"$jobs" all || return
	suite "gcc units and replays" make -C "$out/gcc" -j"$jobs" check
}

stage_clang() {
	step "clang configure" configure clang CC=clang --enable-werror
	step "clang build" make -C "$out/clang" -j"$jobs" all
}

stage_sanitizers() {
	step "sanitizers configure" configure san CC=clang --enable-werror --enable-sanitizers \
		CFLAGS="-g -O1"
	step "sanitizers build" make -C "$out/san" -j"$jobs" all || return
	# a program with them takes ten times as long to start: fewer of the spoiled bytes, whose every one
	# the stage before has tried without
	suite "sanitizers units and replays" env WL_SPOIL_EVERY=7 WL_VOLUMES=6 make -C "$out/san" -j"$jobs" check
}

stage_style() {
	step "style clang-format" sh -c \
		"git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror"
	step "style tree" python3 tests/tree_rules.py
	step "style rules have tests" python3 tests/rules_tested.py
	step "style manuals" sh -c "mandoc -Tlint -Wwarning docs/*.[1-8]"
}

stage_analysis() {
	step "analysis cppcheck" make -C "$out/gcc" -s cppcheck
}

# the attack surface and few checks, which find bugs and no style: minutes less than the whole
stage_tidy() {
	step "analysis clang-tidy of workers, formats and the sandbox" make -C "$out/gcc" -s tidy \
		TIDY_CHECKS='-*,clang-analyzer-core.*,clang-analyzer-unix.*,bugprone-sizeof-expression,bugprone-suspicious-memory-comparison,bugprone-infinite-loop,bugprone-use-after-move' \
		TIDY_FILES="$(ls daemon/worker/*.c daemon/update/*.c daemon/image/*.c daemon/spawn/*.c | tr '\n' ' ')"
}

# by name only: the whole tree, an hour of one core
stage_analysis_long() {
	step "analysis-long clang-tidy" make -C "$out/gcc" -s tidy
	step "analysis-long gcc -fanalyzer" make -C "$out/gcc" -s analyzer
}

# by name only: a quarter of an hour without KVM
stage_vm() {
	step "vm tools" apt-get install -y -q --no-install-recommends qemu-system-x86 mmdebstrap dpkg-dev debhelper
	step "vm tests" make -s -C "$out/gcc" check-vm
}

# what systemd thinks of the units, in tenths: the three without a device 2.0 at most, mediad 4.5
stage_units() {
	for u in weighlockd:20 weighlock-ledgerd:20 weighlock-spawnd:20 weighlock-mediad:45; do
		make -s -C "$out/gcc" "packaging/systemd/${u%:*}.service" || :
		step "units ${u%:*}" systemd-analyze security --no-pager --offline=true \
			--threshold="${u#*:}" "$out/gcc/packaging/systemd/${u%:*}.service"
	done
}

stage_dist() {
	# the units once more, from what is distributed, on fewer of the spoiled bytes
	step "dist distcheck" env WL_SPOIL_EVERY=29 WL_VOLUMES=3 make -C "$out/gcc" -j"$jobs" distcheck
}

stage_integration() {
	for t in $(make -s -C "$out/gcc" print-integration | grep "^tests/"); do
		step "integration $(basename "$t" .sh)" env WL_BUILD="$out/gcc" sh "$top/$t"
	done
}

stage_demo() {
	step "demo" env WL_DEMO_BUILD="$out/gcc" sh packaging/demo.sh
}

stages=${*:-style gcc clang sanitizers analysis units dist integration demo}
step "packages" sh packaging/install-packages.sh || exit 1
step "autogen" sh ./autogen.sh
case " $stages " in *" gcc "*) ;; *) stages="gcc $stages" ;; esac
for s in $stages; do
	say "== $s"
	"stage_$(printf %s "$s" | tr - _)"
done
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
