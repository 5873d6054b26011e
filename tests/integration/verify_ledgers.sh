#!/bin/sh
# weighlock-verify against ledgers, good and tampered with, written by a producer that shares no
# code with it. Every refusal is asserted by its kind. Needs no root.
set -u
verify=${WEIGHLOCK_VERIFY:-./weighlock-verify}
make="python3 ${srcdir:-.}/tests/integration/make_ledger.py"
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0

# check NAME WANTED-STATUS WANTED-KIND SIZE TAMPER -- OPTIONS
check() {
	name=$1 want=$2 kind=$3 size=$4
	shift 4
	tamper=
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		tamper="$tamper $1"
		shift
	done
	[ $# -gt 0 ] && shift
	rm -rf "$dir/l"
	# shellcheck disable=SC2086
	$make "$dir/l" "$size" $tamper || exit 99
	out=$("$verify" --json --key "$dir/l/vkey" "$@" "$dir/l" 2>&1)
	got=$?
	if [ $got -ne "$want" ]; then
		echo "FAIL $name: exit $got, wanted $want: $out"
		failed=1
	elif [ -n "$kind" ] && ! printf '%s' "$out" | grep -q "\"kind\":\"$kind\""; then
		echo "FAIL $name: no finding $kind: $out"
		failed=1
	elif [ -z "$kind" ] && ! printf '%s' "$out" | grep -q '"findings":\[\]'; then
		echo "FAIL $name: findings where none should be: $out"
		failed=1
	else
		echo "ok $name"
	fi
}

for n in 0 1 2 3 255 256 257 511 512 65536 65537 70000; do
	check "size $n" 0 "" $n
done
check "bundle byte flipped" 1 root-differs 300 flip:tile/entries/000
check "hash tile flipped" 1 tile-differs 300 flip:tile/0/000
check "partial hash tile flipped" 1 tile-differs 300 flip:tile/0/001.p/44
check "upper tile flipped" 1 tile-differs 300 flip:tile/1/000.p/1
check "hash tile gone" 1 tile-missing 300 remove:tile/0/000
check "last bundle gone" 1 entries-missing 300 remove:tile/entries/001.p/44
check "size edited" 1 signature-wrong 300 size-edited
check "no signature of the key" 1 signature-absent 5 unsigned
check "number wrong" 1 number-wrong 5 number-wrong
check "another station's entry" 1 station-other 5 station-other
check "space in an entry" 1 entry-malformed 5 malformed
check "members out of order" 1 entry-malformed 5 unsorted

# the auditor's own memory: an older checkpoint, and cosigners
$make "$dir/old" 100 && $make "$dir/newer" 400 || exit 99
check "grows from an older checkpoint" 0 "" 300 -- --since "$dir/old/checkpoint"
check "rolled back" 1 rollback 300 -- --since "$dir/newer/checkpoint"
check "forked" 1 fork 300 fork -- --since "$dir/old/checkpoint"
check "cosigned" 0 "" 10 cosigned -- --cosigner "$dir/old/cosigner"
check "cosignature absent" 1 cosignature-absent 10 -- --cosigner "$dir/old/cosigner"
check "cosignature's time altered" 1 cosignature-wrong 10 cosigned-late -- \
	--cosigner "$dir/old/cosigner"

# what cannot be used at all
"$verify" --key nonsense "$dir/l" >/dev/null 2>&1
[ $? -eq 2 ] && echo "ok a bad key is wrong usage" || { echo "FAIL bad key"; failed=1; }
"$verify" --key "$dir/l/vkey" "$dir/nowhere" >/dev/null 2>&1
[ $? -eq 3 ] && echo "ok an absent folder is said" || { echo "FAIL absent folder"; failed=1; }
"$verify" --key "$dir/l/vkey" --since "$dir/l/vkey" "$dir/l" >/dev/null 2>&1
[ $? -eq 2 ] && echo "ok a file that is no checkpoint" || { echo "FAIL no checkpoint"; failed=1; }
"$verify" --key 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k' "$dir/l" |
	grep -q 'origin-other' && echo "ok another station's key" ||
	{ echo "FAIL another key"; failed=1; }
exit $failed
