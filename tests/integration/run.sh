#!/bin/sh
# Runs every integration test (tests/integration/*_*.sh, or those named) one after the other and
# counts: `N passed, N failed, N skipped` of single checks at the end, and the status of it all.
#
# usage: run.sh [BUILD-FOLDER [TEST…]]      logs: BUILD-FOLDER/tests/integration/NAME.log
set -u
src=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=$(CDPATH='' cd -- "${1:-.}" && pwd)
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- "$src"/tests/integration/*_*.sh
mkdir -p "$build/tests/integration"
passed=0 failed=0 skipped=0
for test in "$@"; do
	name=$(basename "$test" .sh)
	log=$build/tests/integration/$name.log
	WL_SRC=$src WL_BUILD=$build sh "$test" >"$log" 2>&1
	status=$?
	p=$(grep -c '^ok    ' "$log")
	f=$(grep -c '^FAIL  ' "$log")
	s=$(grep -c '^skip  ' "$log")
	case $status in
	0) word=ok ;;
	77) word=skip ;;
	*)
		word=FAIL
		[ "$f" -gt 0 ] || f=1
		grep -v '^ok    ' "$log" | tail -n 60
		;;
	esac
	printf '%-5s %s (%d passed, %d failed, %d skipped)\n' "$word" "$name" "$p" "$f" "$s"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
