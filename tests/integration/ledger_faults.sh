#!/bin/sh
# Every system call of weighlock-ledgerd's start and append that touches its disk, in turn: killed there,
# and made to fail with EIO, ENOSPC or EINTR (strace). Afterwards the ledger starts with everything that
# was acknowledged and one history, or it was refused with a reason. WL_LONG=1: every call; else a sample.
set -u
build=${WL_BUILD:-.}
daemon=$build/weighlock-ledgerd client=$build/tests/integration/ledger_client verify=$build/weighlock-verify
command -v strace >/dev/null && strace -f -o /dev/null true 2>/dev/null || { echo "skip  no strace"; exit 77; }
grep -q __asan_init "$daemon" && { echo "skip  strace does not go with LeakSanitizer"; exit 77; }
dir=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/wlXXXX") || exit 99
me=$(id -un) failed=0 pid='' runs=0 refused=0
state=$dir/s ledger=$dir/s/var/lib/weighlock-ledger run=$dir/s/run/weighlock
socket=$run/ledger/socket
hex=4b2c8f0e9a7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3
calls=write,pwrite64,pread64,read,fsync,fdatasync,openat,rename,renameat,mkdir,mkdirat,unlink,unlinkat,ftruncate,fallocate,newfstatat,close,flock,faccessat2,fstatfs,statfs

clean() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap clean EXIT
bad() {
	echo "FAIL  $*"
	tail -n 5 "$dir/log" | sed 's/^/      | /'
	failed=1
}
say() { "$client" "$socket" "$@"; }
# Waits for an answer or the end; 0 where it answers.
up() {
	for _ in $(seq 400); do
		[ -S "$socket" ] && say status >"$dir/status" 2>/dev/null && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.02
	done
	return 1
}
# The short script: three appends, each acknowledged one goes into `acked`; the files brought up; the end.
script() {
	: >"$dir/acked"
	for n in 1 2 3; do
		"$client" "$socket" append call.denied uid:7 7 "nonce=$(printf %032x $n)" "method=s$n" rule=person.unknown \
			2>/dev/null | sed -n "s/^SEQ /s$n /p" >>"$dir/acked"
	done
	say status >/dev/null 2>&1
}
# shellcheck disable=SC2086
begin() { # begin [STRACE-OPTIONS]
	rm -rf "$run/ledger" && mkdir -p "$run/ledger"
	if [ $# -gt 0 ]; then
		strace -D -f -o "$dir/trace" "$@" "$daemon" --state "$state" --broker "$me" 2>"$dir/log" </dev/null &
	else
		"$daemon" --state "$state" --broker "$me" 2>"$dir/log" </dev/null &
	fi
	pid=$!
}
end() {
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	pid=''
}
fresh() { rm -rf "$ledger" && cp -a --sparse=always "$dir/pristine" "$ledger"; }
# After a fault: everything acknowledged is there and verifies.
check() { # check WHAT
	runs=$((runs + 1))
	begin
	if ! up; then
		wait "$pid" 2>/dev/null
		pid=''
		grep -Eq 'disagree|journal|damaged|missing|checkpoint|cannot' "$dir/log" && refused=$((refused + 1)) &&
			[ ! -s "$dir/acked" ] || bad "$1: does not start again"
		return
	fi
	say entries 0 1000 >"$dir/entries"
	while read -r method seq; do
		sed -n "$((seq + 1))p" "$dir/entries" | grep -q "\"method\":\"$method\".*\"seq\":$seq," ||
			bad "$1: $method, acknowledged as $seq, is lost"
	done <"$dir/acked"
	end
	"$verify" --key "$vkey" --since "$dir/pristine/checkpoint" "$ledger" >"$dir/out" 2>&1 || bad "$1: $(head -n 2 "$dir/out")"
}

mkdir -p "$ledger" "$run/ledger" "$run/grant"
begin
up || { cat "$dir/log"; exit 1; }
say init STN3 stations.example/stn3 1000 $hex >"$dir/out"
vkey=$(sed -n 's/^VKEY //p' "$dir/out")
say confirm 1001 "$(sed -n 's/^FINGERPRINT //p' "$dir/out")" >/dev/null
i=0
while [ $i -lt 252 ]; do # so that the script fills a tile
	printf 'append\tcall.denied\tuid:7\t7\tmore\tmethod=m%d\trule=person.unknown\n' $i
	i=$((i + 1))
done | "$client" "$socket" script >/dev/null 2>&1
end
cp -a --sparse=always "$ledger" "$dir/pristine"

# what a run without faults does, on paths below the ledger's folder or on descriptors of such
begin -y -e "trace=$calls"
up && script
end
check "no fault"
cut -d' ' -f2- "$dir/trace" | grep -F "$ledger" | sed -n 's/^ *\([a-z0-9]*\)(.*/\1/p' | sort | uniq -c >"$dir/counts"
[ -s "$dir/counts" ] || { echo "FAIL  nothing was traced"; exit 1; }

# the N-th of all calls of that name, whatever it touches: the ledger's are among them
for name in $(awk '{ print $2 }' "$dir/counts"); do
	total=$(cut -d' ' -f2- "$dir/trace" | grep -c "^ *$name(")
	step=1
	[ -n "${WL_LONG:-}" ] || step=$(((total + 1) / 2))
	at=1
	while [ "$at" -le "$total" ]; do
		for fault in signal=KILL error=EIO error=ENOSPC error=EINTR; do
			case $name:$fault in
			close:error=* | *stat*:error=E[NI]* | flock:error=ENOSPC) continue ;;
			esac
			[ -z "${WL_LONG:-}" ] && [ "$fault" = error=EINTR ] && [ "$at" -gt 1 ] && continue
			fresh
			: >"$dir/acked"
			begin -e "trace=$name" -e "inject=$name:$fault:when=$at"
			up && script
			end
			check "$name number $at, $fault"
		done
		at=$((at + step))
	done
done
echo "ok    $runs runs over $(wc -l <"$dir/counts") system calls, $refused of them refused at the start with nothing acknowledged"
[ $runs -gt 30 ] || { echo "FAIL  too few"; failed=1; }

# every byte of a small ledger flipped: read as it was, or refused
flipped=0
width=$(sed -n 2p "$dir/pristine/checkpoint")
for file in checkpoint keys/station "tile/0/000.p/$width" "tile/entries/000.p/$width"; do
	[ -f "$dir/pristine/$file" ] || { bad "no $file"; continue; }
	n=$(stat -c %s "$dir/pristine/$file") at=0 step=1
	[ -n "${WL_LONG:-}" ] || step=$((n / 5 + 1))
	while [ "$at" -lt "$n" ]; do
		fresh
		byte=$(od -An -tu1 -j "$at" -N 1 "$ledger/$file")
		printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$ledger/$file" bs=1 seek="$at" conv=notrunc 2>/dev/null
		begin
		if up; then
			end
			[ "$file" = keys/station ] || bad "$file byte $at: flipped and accepted"
		else
			wait "$pid" 2>/dev/null
			pid=''
			[ -s "$dir/log" ] || bad "$file byte $at: refused without a word"
		fi
		flipped=$((flipped + 1))
		at=$((at + step))
	done
done
echo "ok    $flipped flipped bytes"
exit $failed
