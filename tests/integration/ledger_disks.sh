#!/bin/sh
# weighlock-ledgerd and its disks: a mirror that is good, missing, full, failing, behind, ahead, another
# ledger's; a disk that fills up, with what is kept free for the last words; room again. Root: it mounts.
set -u
build=${WL_BUILD:-.}
src=${WL_SRC:-${srcdir:-.}}
daemon=$build/weighlock-ledgerd client=$build/tests/integration/ledger_client verify=$build/weighlock-verify
[ "$(id -u)" = 0 ] || { echo "skip  only root mounts"; exit 77; }
dir=$(mktemp -d /tmp/wlXXXX) || exit 99
me=$(id -un) failed=0 pid='' mirror='' wrap=''
state=$dir/s ledger=$dir/s/var/lib/weighlock-ledger run=$dir/s/run/weighlock
socket=$run/ledger/socket
hex=4b2c8f0e9a7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3

clean() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	wait 2>/dev/null
	umount "$dir/s" "$dir/m" 2>/dev/null
	rm -rf "$dir"
}
trap clean EXIT
ok() { echo "ok    $*"; }
bad() {
	echo "FAIL  $*"
	tail -n 20 "$dir/out" "$dir/log" | sed 's/^/      | /'
	failed=1
}
expect() { # expect WHAT STATUS PATTERN COMMAND...
	what=$1 want=$2 pattern=$3
	shift 3
	"$@" >"$dir/out" 2>&1
	got=$?
	if [ "$got" -eq "$want" ] && grep -Eq -- "$pattern" "$dir/out"; then ok "$what"; else bad "$what (exit $got)"; fi
}
say() { "$client" "$socket" "$@"; }
append() { "$client" "$socket" append "$@"; }
denied() { append call.denied uid:7 7 "method=$1" rule=person.unknown; }
size() { say status | sed -n 's/^SIZE //p'; }
start() {
	# shellcheck disable=SC2086
	$wrap "$daemon" --state "$state" --broker "$me" ${mirror:+--mirror "$mirror"} 2>"$dir/log" &
	pid=$!
	for _ in $(seq 400); do
		say status >/dev/null 2>&1 && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
stop() {
	kill "${1:--TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	pid=''
	rm -f "$run/ledger/failed" # what a restart of the machine does
}
open_transfer() {
	append transfer.opened tech-1 2001 "transfer=$1" direction=inbound device=x-0042 'outputs[]=delivery'
}
refused_start() { # WHAT PATTERN: it does not start, and says why
	if start; then bad "$1: it started"; else
		wait "$pid" 2>/dev/null
		grep -Eq "$2" "$dir/log" && ok "$1" || bad "$1"
	fi
	pid=''
}

mkdir -p "$dir/s" "$dir/m"
chmod 0755 "$dir"
mount -t tmpfs -o size=48m wl-ledger "$dir/s" || exit 77
mount -t tmpfs -o size=12m wl-mirror "$dir/m" || exit 77
mkdir -p "$ledger" "$run/ledger" "$run/grant"

# ---- a station, and a mirror that comes later ----
start || { cat "$dir/log"; exit 1; }
say init STN3 stations.example/stn3 1000 $hex >"$dir/out"
fingerprint=$(sed -n 's/^FINGERPRINT //p' "$dir/out") vkey=$(sed -n 's/^VKEY //p' "$dir/out")
say confirm 1001 "$fingerprint" >/dev/null
append policy.proposed uid:1000 1000 policy_version:=1 sha256=$hex >/dev/null
append policy.loaded uid:1001 1001 policy_version:=1 sha256=$hex approvals_inbound:=1 approvals_outbound:=1 \
	proposed_by=uid:1000 >/dev/null
i=0
while [ $i -lt 300 ]; do
	printf 'append\tcall.denied\tuid:7\t7\tmore\tmethod=m%d\trule=person.unknown\n' $i
	i=$((i + 1))
done | "$client" "$socket" script >"$dir/out" 2>&1
expect "a transfer" 0 '^SEQ ' open_transfer STN3-T000001
expect "without a mirror it says so" 0 '^MIRROR none$' say status
stop
mirror=$dir/m
start && ok "an unmounted mirror does not stop reading" || bad "start"
expect "it says what is missing" 0 '^RULE station.mirror-missing$' say status
expect "nothing new crosses" 1 '^error station.mirror-missing' open_transfer STN3-T000002
expect "a refusal is still written" 0 '^SEQ ' denied x
say entries 0 10000 >"$dir/out"
grep -q '"part":"mirror","rule":"station.mirror-missing"' "$dir/out" && ok "the fault is an entry" || bad "no station.fault"
stop
: >"$dir/m/weighlock-mirror"
start || bad "start with a mirror"
expect "an empty mirror is filled" 0 '^MIRROR good$' say status
expect "an independent reader agrees" 0 'signature good' "$verify" --key "$vkey" "$dir/m"
expect "a transfer again" 0 '^SEQ ' open_transfer STN3-T000002
expect "one more" 0 '^SEQ ' denied y
say status >/dev/null # brings the files up to date
cmp -s "$ledger/checkpoint" "$dir/m/checkpoint" && (cd "$dir/m" && find tile -type f) |
	while read -r f; do cmp "$ledger/$f" "$dir/m/$f" || exit 1; done >"$dir/out" 2>&1 &&
	ok "both are the same" || bad "mirror differs"

# ---- what is acknowledged is there: killed before the files are written ----
acked=$(denied z | sed -n 's/^SEQ //p')
stop -KILL
cp -a "$dir/m" "$dir/copy"
start || bad "start after kill"
[ "$(size)" -gt "$acked" ] && ok "nothing acknowledged is lost" || bad "lost"
stop
grep -aq '"method":"z"' "$dir/copy/.state/journal" "$dir/copy"/tile/entries/* "$dir/copy"/tile/entries/*/* 2>/dev/null &&
	ok "the mirror had it before the answer" || bad "not mirrored"

# ---- behind, ahead, another's, another history ----
rm -rf "$dir/kept" && cp -a "$dir/m" "$dir/kept"
mirror=''
start
denied behind >/dev/null
stop
mirror=$dir/m
start
expect "a mirror that was behind is brought up" 0 '^MIRROR good$' say status
cmp -s "$ledger/checkpoint" "$dir/m/checkpoint" && ok "to the ledger's size" || bad "behind"
expect "an independent reader agrees again" 0 'signature good' "$verify" --key "$vkey" "$dir/m"
stop
cp -a "$ledger" "$dir/older"
start
denied ahead >/dev/null
stop
rm -rf "$ledger" && cp -a "$dir/older" "$ledger"
refused_start "a ledger put back is found out by its mirror" 'put back to an older state'
mirror=''
start
denied another-history >/dev/null
denied and-more >/dev/null
stop
mirror=$dir/m
refused_start "and so is another history" 'another history'
rm -rf "$ledger" && cp -a "$dir/older" "$ledger"
find "$dir/m" -mindepth 1 -delete && cp -a "$dir/kept/." "$dir/m/"
sed -i '1s/.*/stations.example\/stn4/' "$dir/m/checkpoint"
start
expect "another ledger's disk is left alone" 0 '^RULE station.mirror-other$' say status
expect "and nothing new crosses" 1 '^error station.mirror-other' open_transfer STN3-T000003
stop
find "$dir/m" -mindepth 1 -delete && cp -a "$dir/kept/." "$dir/m/"
truncate -s 1000 "$dir/m/.state/journal"
start
expect "a damaged mirror is said" 0 '^RULE station.mirror-failed$' say status
stop
find "$dir/m" -mindepth 1 -delete && : >"$dir/m/weighlock-mirror"

# ---- EIO, and a full mirror ----
if command -v strace >/dev/null && strace -f -o /dev/null true 2>/dev/null; then
	wrap="strace -D -f -o /dev/null -P $dir/m/.state/journal -e trace=fdatasync -e inject=fdatasync:error=EIO:when=3+"
	start
	denied first >/dev/null
	expect "an append whose mirror fails is not acknowledged" 1 '^error station.mirror-failed' denied second
	expect "it says so" 0 '^RULE station.mirror-failed$' say status
	expect "the last words go on" 0 '^SEQ ' denied third
	expect "nothing new" 1 '^error station.mirror-failed' open_transfer STN3-T000003
	say entries 0 10000 >"$dir/out"
	grep -q '"part":"mirror","rule":"station.mirror-failed"' "$dir/out" && ok "an entry says it" || bad "no station.fault"
	stop
	wrap=''
else
	echo "skip  no strace"
fi
start
expect "started again it is filled" 0 '^MIRROR good$' say status
dd if=/dev/zero of="$dir/m/filler" bs=64k >/dev/null 2>&1
i=0
while [ $i -lt 12 ] && denied full >/dev/null 2>&1; do
	i=$((i + 1))
	say status >/dev/null
done
expect "a full mirror is said" 0 '^RULE station.mirror-failed$' say status
expect "nothing new on a full mirror" 1 '^error station.mirror-failed' open_transfer STN3-T000003
stop
rm -f "$dir/m/filler"
start
expect "with room again it is good" 0 '^MIRROR good$' say status
expect "and a transfer goes" 0 '^SEQ ' open_transfer STN3-T000003

# ---- the ledger's own disk fills up ----
before=$(stat -c %b "$ledger/.state/reserve")
[ "$before" -gt 4096 ] && ok "room is kept: $((before / 2048)) MiB" || bad "reserve"
say status >/dev/null # the files are written: no writing of its own meets the disk half full
dd if=/dev/zero of="$dir/s/filler" bs=64k >/dev/null 2>&1
say status >/dev/null
expect "a full disk is said" 0 '^RULE station.ledger-full$' say status
expect "no new transfer on a full disk" 1 '^error station.ledger-full' open_transfer STN3-T000004
i=0
while [ $i -lt 60 ]; do
	denied "last-words-$i" >"$dir/out" 2>&1 || break
	say status >/dev/null
	i=$((i + 1))
done
[ $i = 60 ] && ok "sixty refusals, each brought to the files" || bad "only $i last words"
[ "$(stat -c %b "$ledger/.state/reserve")" -lt "$before" ] && ok "of what was kept" || bad "reserve untouched"
expect "a transfer can be ended" 0 '^SEQ ' append transfer.cancelled tech-1 2001 transfer=STN3-T000003 cause=full
stop
start && ok "it starts on a full disk" || bad "no start on a full disk"
expect "still full" 0 '^RULE station.ledger-full$' say status
say entries 0 10000 >"$dir/out"
grep -q '"part":"ledger","rule":"station.ledger-full"' "$dir/out" && ok "an entry says so" || bad "no station.fault"
rm -f "$dir/s/filler"
say status >/dev/null
expect "with room again it goes on" 0 '^SEQ ' open_transfer STN3-T000004
[ "$(stat -c %b "$ledger/.state/reserve")" = "$before" ] && ok "and room is kept again" || bad "reserve not whole"
stop

# ---- room is gone in the moment in which the index is written: it is only a cache ----
if command -v strace >/dev/null && strace -f -o /dev/null true 2>/dev/null; then
	for error in ENOSPC EIO; do
		wrap="strace -D -f -o $dir/trace -P $ledger/.state/index.db-wal -e trace=pwrite64 -e inject=pwrite64:error=$error:when=1+"
		start
		expect "an append is acknowledged while the index has $error" 0 '^SEQ ' denied "index-$error-1"
		[ "$error" = EIO ] || dd if=/dev/zero of="$dir/s/filler" bs=64k >/dev/null 2>&1
		say status >/dev/null # everything is written that can be
		expect "and the next one" 0 '^SEQ ' denied "index-$error-2"
		[ "$error" = EIO ] || expect "of a full disk it says so" 0 '^RULE station.ledger-full$' say status
		[ "$error" = EIO ] && expect "and a transfer goes on" 0 '^SEQ ' append transfer.retried tech-1 2001 \
			transfer=STN3-T000004 from=failed to=opened cause=again
		stop
		grep -q INJECTED "$dir/trace" && ok "the index did fail" || bad "no $error was met"
		rm -f "$dir/s/filler"
		wrap=''
		start && ok "it starts afterwards" || bad "no start after $error"
		say entries 0 10000 >"$dir/out"
		[ "$(grep -c "\"method\":\"index-$error-[12]\"" "$dir/out")" = 2 ] && ok "with both entries" || bad "lost after $error"
		stop
	done
else
	echo "skip  no strace"
fi
expect "one history to the end" 0 'signature good' "$verify" --key "$vkey" "$ledger"
expect "in both places" 0 'signature good' "$verify" --key "$vkey" "$dir/m"
exit $failed
