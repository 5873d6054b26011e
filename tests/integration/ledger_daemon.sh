#!/bin/sh
# weighlock-ledgerd by itself, on its real socket: set-up by two people, a whole inbound transfer with
# its grant, the note checked with openssl and python, kill -9, a clock behind, a disk that fails.
# Needs no root; as root it also tries strangers and mediad's side of the grants.
set -u
build=${WL_BUILD:-.}
src=${WL_SRC:-${srcdir:-.}}
daemon=$build/weighlock-ledgerd client=$build/tests/integration/ledger_client
verify=$build/weighlock-verify check="python3 $src/tests/integration/tlog_check.py"
dir=$(mktemp -d /tmp/wlXXXX) || exit 99
me=$(id -un) failed=0 pid='' grants=''
state=$dir/s ledger=$dir/s/var/lib/weighlock-ledger run=$dir/s/run/weighlock
socket=$run/ledger/socket
hex=4b2c8f0e9a7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3

clean() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	[ -z "$grants" ] || kill "$grants" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap clean EXIT
ok() { echo "ok    $*"; }
bad() {
	echo "FAIL  $*"
	sed 's/^/      | /' "$dir/out" | tail -n 20
	failed=1
}
# expect WHAT STATUS PATTERN COMMAND...: the status, and a line of the output like the pattern
expect() {
	what=$1 want=$2 pattern=$3
	shift 3
	"$@" >"$dir/out" 2>&1
	got=$?
	if [ "$got" -eq "$want" ] && grep -Eq -- "$pattern" "$dir/out"; then ok "$what"; else bad "$what (exit $got)"; fi
}
say() { "$client" "$socket" "$@"; }
append() { "$client" "$socket" append "$@"; }
value() { sed -n "s/^$1 //p" "$dir/out" | head -n 1; }
start() {
	"$@" "$daemon" --state "$state" --broker "$me" 2>>"$dir/log" &
	pid=$!
	for _ in $(seq 200); do
		say status >/dev/null 2>&1 && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
stop() {
	kill "${1:--TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	stopped=$?
	pid=''
}

mkdir -p "$ledger/tile" "$run/ledger" "$run/grant"
chmod 0755 "$dir"
start || { cat "$dir/log"; exit 1; }

# ---- beginning ----
expect "no station yet" 0 '^RULE station.no-keys$' say status
expect "nothing is appended yet" 1 '^error station.no-keys' append station.stop station 0 cause=x
expect "no card yet" 1 '^error station.no-keys' say card
expect "a station's name has a form" 1 '^error  22 ' say init stn3 stations.example/stn3 1000 $hex
expect "init" 0 '^FINGERPRINT ([0-9a-f]{4}-){7}[0-9a-f]{4}$' say init STN3 stations.example/stn3 1000 $hex
fingerprint=$(value FINGERPRINT) vkey=$(value VKEY)
expect "the same person cannot confirm" 1 '^error approval.same-person' say confirm 1000 "$fingerprint"
expect "another fingerprint is not confirmed" 1 '^error  129 ' say confirm 1001 0000-0000
stop
start
expect "a proposal survives a restart" 0 '^INITIALISED 0$' say status
expect "and is the same" 0 "^FINGERPRINT $fingerprint\$" say init STN3 stations.example/stn3 1000 $hex
expect "another person confirms, in another spelling" 0 '^SEQ 0$' say confirm 1001 \
	"$(echo "$fingerprint" | tr 'a-f-' 'A-F ')"
expect "only once" 1 '^error  17 ' say confirm 1001 "$fingerprint"
expect "the card holds the first checkpoint" 0 '^1$' say card
expect "entry 0 names both" 0 '"actor":"uid:1000".*"second_actor":"uid:1001".*"event":"station.init".*"seq":0' \
	say entries 0 1
if [ "$(id -u)" = 0 ]; then
	chmod 0777 "$run" "$run/ledger" "$socket"
	expect "a stranger is not spoken to" 1 '^lost ' setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$client" "$socket" status
fi
expect "no transfer before a policy" 1 '^error station.no-policy' append transfer.opened tech-1 2001 \
	transfer=STN3-T000001 direction=inbound device=x-0042 'outputs[]=delivery'
expect "a policy is proposed" 0 '^SEQ ' append policy.proposed uid:1000 1000 policy_version:=1 sha256=$hex
expect "its proposer does not load it" 1 '^error approval.same-person' append policy.loaded uid:1000 1000 \
	policy_version:=1 sha256=$hex approvals_inbound:=1 approvals_outbound:=1 proposed_by=uid:1000
expect "nor anybody one that was not proposed" 1 '^error approval.missing' append policy.loaded uid:1001 1001 \
	policy_version:=2 sha256=$hex approvals_inbound:=1 approvals_outbound:=1 proposed_by=uid:1000
expect "another person does" 0 '^SEQ ' append policy.loaded uid:1001 1001 \
	policy_version:=1 sha256=$hex approvals_inbound:=1 approvals_outbound:=1 proposed_by=uid:1000
expect "the policy goes only up" 1 '^error policy.version-floor' append policy.loaded uid:1001 1001 \
	policy_version:=0 sha256=$hex approvals_inbound:=1 approvals_outbound:=1 proposed_by=uid:1000

# ---- a transfer ----
t=STN3-T000001
expect "numbers cannot be skipped" 1 '^error  116 the next transfer is STN3-T000001' append transfer.opened tech-1 2001 \
	transfer=STN3-T000002 direction=inbound device=x-0042 'outputs[]=delivery'
expect "opened" 0 '^SEQ ' append transfer.opened tech-1 2001 transfer=$t direction=inbound device=x-0042 'outputs[]=delivery'
printf '%s  67108864  %s.00001  pass  pass.update-covered  update.tar.gz\n%s  812  %s.00002  leave  leave.not-delivered  LISEZ MOI%%21.TXT\n%s  5  %s.00003  pass  pass.update-covered  d/%%C3%%A9t%%C3%%A9.bin\n' \
	$hex $t $hex $t $hex $t >"$dir/manifest"
sum=$(sha256sum <"$dir/manifest" | cut -c1-64)
inspected() {
	append transfer.inspected station 990 transfer=$t "$@" output=delivery verdict=hold rule=pass.update-covered \
		'holds[]=transfer.unsigned-vendor' files:=2 refused:=0 left:=1 bytes:=67108869 \
		component=scan-app release:=40201 ticket=AA-2026-0117
}
expect "no inspection without its manifest" 1 '^error  22 transfer.inspected without' inspected manifest_sha256=$sum
expect "nor with another one" 1 '^error  22 the manifest does not' inspected manifest="$dir/manifest" manifest_sha256=$hex
sed 's/pass  pass/pass pass/' "$dir/manifest" >"$dir/manifest.bad"
expect "nor with one of a wrong form" 1 '^error  22 the manifest is not of its form at line 1' \
	inspected manifest="$dir/manifest.bad" manifest_sha256="$(sha256sum <"$dir/manifest.bad" | cut -c1-64)"
expect "inspected" 0 '^SEQ ' inspected manifest="$dir/manifest" manifest_sha256=$sum
cmp -s "$dir/manifest" "$ledger/manifests/$sum" && ok "the manifest lies under its digest" || bad "no manifest"
until=$(date -u -d '+8 hours' +%Y-%m-%dT%H:%M:%SZ)
append transfer.approved appr-1 3001 transfer=$t "manifests_sha256[]=$sum" 'accepted[]=transfer.unsigned-vendor' \
	"until=$until" method=account >"$dir/out"
approval=STN3#$(value SEQ)
expect "a medium is seen" 0 '^SEQ ' append medium.seen station 990 insertion=STN3-I000001 port=b1 diskseq:=77 \
	'medium=?9f3c51a2b07e' bytes:=134217728
intent() {
	append release.intent tech-1 2001 transfer=$t policy=$hex "approvals[]=$approval" output=delivery device=x-0042 \
		component=scan-app version=4.2.1 release:=40201 vendor_signature=none sanitised=no \
		rule=pass.update-covered ticket=AA-2026-0117 manifest_sha256=$sum files:=2 'medium=?9f3c51a2b07e' \
		destination_port=b1 destination_insertion=STN3-I000001 volume=fat32 "$@"
}
failed_intent() { # the last intent ends, so that another may come
	append release.failed station 990 transfer=$t "intent=STN3#$1" rule=station.part-missing bytes:=0 >"$dir/out" ||
		bad "release.failed"
}
expect "without mediad the intent stands and the broker is told" 1 '^error station.part-missing' intent
expect "it stands" 0 '"state":|^STATE release.intent$' say transfers
seq=$(say status | sed -n 's/^SIZE //p')
failed_intent $((seq - 1))
if [ "$(id -u)" = 0 ]; then
	"$client" "$run/grant/socket" grants refuse >"$dir/grants" &
	grants=$!
	sleep 0.3
	expect "mediad's refusal is passed on" 1 '^error station.part-missing.*a gate is open' intent
	seq=$(say status | sed -n 's/^SIZE //p')
	failed_intent $((seq - 1))
	kill $grants
	wait $grants 2>/dev/null
	"$client" "$run/grant/socket" grants >"$dir/grants" &
	grants=$!
	sleep 0.3
	nonce=00112233445566778899aabbccddeeff
	expect "the intent is durable and granted" 0 '^SEQ ' intent nonce=$nonce
	seq=$(value SEQ)
	cat >"$dir/want" <<-END
		KIND release
		INTENT STN3#$seq
		PORT b1
		DISKSEQ 77
		INSERTION STN3-I000001
		BOOT $(tr -d - </proc/sys/kernel/random/boot_id)
	END
	sort "$dir/want" >"$dir/want.sorted"
	sort "$dir/grants" | diff "$dir/want.sorted" - >"$dir/out" && ok "the grant says what the ledger knows" || bad "grant"
	expect "said again it is the same entry" 0 "^SEQ $seq\$" intent nonce=$nonce
	[ "$(grep -c INTENT "$dir/grants")" = 1 ] && ok "and is not granted twice" || bad "granted twice"
	expect "its nonce serves nothing else" 1 '^error  17 ' append medium.gone station 990 insertion=STN3-I000001 nonce=$nonce
else
	intent >/dev/null
	seq=$(($(say status | sed -n 's/^SIZE //p') - 1))
fi
expect "floor and use count from the intent" 0 '^RELEASE 40201$' say floor x-0042 scan-app
expect "one use" 0 '^USES 1$' say ticket x-0042 AA-2026-0117
expect "none by others" 0 '^USES 0$' say ticket x-0042 AA-2026-0117 $t

# ---- the note ----
mkdir "$dir/n1" "$dir/n2"
expect "no note of what is no intent" 1 '^error  2 ' say note 'STN3#1' "$dir/n1"
expect "the note is sealed" 0 '^SHA256 ' say note "STN3#$seq" "$dir/n1"
expect "openssl verifies it as the manual says" 0 'erification successful' openssl cms -verify -binary -inform DER \
	-content "$dir/n1/NOTE.JSN" -in "$dir/n1/NOTE.P7S" -certfile "$ledger/station.pem" -CAfile "$ledger/station.pem" \
	-purpose any -out /dev/null
sed 's/40201/40202/' "$dir/n1/NOTE.JSN" >"$dir/changed"
expect "and not a changed one" 4 'erification failure' openssl cms -verify -binary -inform DER \
	-content "$dir/changed" -in "$dir/n1/NOTE.P7S" -certfile "$ledger/station.pem" -CAfile "$ledger/station.pem" \
	-purpose any -out /dev/null
expect "SHA-384 and signed attributes, no certificate inside" 0 'digestAlgorithm|sha384' openssl cms -cmsout -print -inform DER -in "$dir/n1/NOTE.P7S"
grep -q 'signedAttrs' "$dir/out" && grep -q 'ecdsa-with-SHA384' "$dir/out" && ! grep -q 'd.certificate:' "$dir/out" &&
	ok "its form" || bad "the form of NOTE.P7S"
when=$(say entries "$seq" 1 | sed -n 's/.*"time":"\([^"]*\)".*/\1/p')
size=$(sed -n 's/.*"checkpoint_size":\([0-9]*\),.*/\1/p' "$dir/n1/NOTE.JSN")
printf '%s' '{"approved_by":["appr-1"],"checkpoint_size":'"$size"',"component":"scan-app","device":"x-0042","direction":"inbound","files":[{"bytes":67108864,"path":"update.tar.gz","sha256":"'$hex'"},{"bytes":5,"path":"d/%C3%A9t%C3%A9.bin","sha256":"'$hex'"}],"insertion":"STN3-I000001","intent":"STN3#'"$seq"'","manifest_sha256":"'"$sum"'","opened_by":"tech-1","origin":"stations.example/stn3","policy_sha256":"'$hex'","release":40201,"sanitised":"no","statement":"verified-not-altered","station":"STN3","ticket":"AA-2026-0117","time":"'"$when"'","transfer":"'$t'","type":"ca.weighlock.delivery-note/1","vendor_signature":"none","version":"4.2.1"}' >"$dir/want"
cmp "$dir/want" "$dir/n1/NOTE.JSN" >"$dir/out" 2>&1 && ok "the note's bytes" || { cat "$dir/n1/NOTE.JSN"; bad "the note's bytes"; }
expect "a note again is the same note" 0 '^SHA256 ' say note "STN3#$seq" "$dir/n2"
diff -r "$dir/n1" "$dir/n2" >"$dir/out" && ok "byte for byte" || bad "another note"
expect "an update has no custody record" 1 'of an inbound transfer has no custody record' say custody "STN3#$seq" "$dir/n2"
say entries 0 1000 >"$dir/entries"
[ "$(grep -c '"event":"document.sealed"' "$dir/entries")" = 1 ] && ok "sealed once in the ledger" || bad "sealed"
printf %s "$(sed -n "$((seq + 1))p" "$dir/entries")" >"$dir/entry"
expect "the receipt proves the intent to others" 0 "^$seq\$" $check "$vkey" "$dir/n1/RECEIPT.TXT" "$dir/entry"
printf %s "$(sed -n "${seq}p" "$dir/entries")" >"$dir/entry.other"
expect "and no other entry" 1 'not in the tree' $check "$vkey" "$dir/n1/RECEIPT.TXT" "$dir/entry.other"
for n in 0 1 5 "$seq"; do
	say prove "$n" | sed 1d | sed '$d' >"$dir/proof"
	printf %s "$(sed -n "$((n + 1))p" "$dir/entries")" >"$dir/entry"
	expect "entry $n is proved" 0 "^$n\$" $check "$vkey" "$dir/proof" "$dir/entry"
done
expect "the checkpoint verifies" 0 '^[0-9]+ [0-9a-f]{64}$' $check "$vkey" "$ledger/checkpoint"
append release.written station 990 transfer=$t "intent=STN3#$seq" volume_sha256=$hex \
	note_sha256="$(sha256sum <"$dir/n1/NOTE.JSN" | cut -c1-64)" readback=equal >/dev/null
expect "done" 0 '^SEQ ' append release.done station 990 transfer=$t "intent=STN3#$seq"
expect "not twice" 1 '^error approval.void' intent
expect "outcome" 0 '^SEQ ' append transfer.outcome tech-1 2001 transfer=$t outcome=installed release_before:=40100 \
	release_after:=40201 engineer=E escort=P words=ok
expect "what is installed" 0 '^INSTALLED 40201$' say floor x-0042 scan-app
expect "nothing is open" 0 '^COUNT 0$' say transfers open
expect "one transfer in all" 0 '^COUNT 1$' say transfers

# ---- a prepared medium ----
append wipe.intent cust-1 4001 insertion=STN3-I000001 port=b1 'medium=?9f3c51a2b07e' method=quick >"$dir/out" 2>&1
wipe=$(($(say status | sed -n 's/^SIZE //p') - 1))
append wipe.done station 990 "intent=STN3#$wipe" bytes:=1 errors:=0 >/dev/null
expect "not prepared yet" 0 '^PREPARED 0$' say medium $hex
expect "prepared" 0 '^SEQ ' append medium.prepared station 990 "intent=STN3#$wipe" insertion=STN3-I000001 \
	'medium=?9f3c51a2b07e' volume=fat32 bytes:=1 head_sha256=$hex
expect "known by its head" 0 '^PREPARED 1$' say medium $hex
append wipe.intent cust-1 4001 insertion=STN3-I000001 port=b1 'medium=?9f3c51a2b07e' method=quick >/dev/null 2>&1
expect "until it is written again" 0 '^PREPARED 0$' say medium $hex

# ---- groups ----
i=0
while [ $i -lt 300 ]; do
	printf 'append\tcall.denied\tuid:7\t7\tmore\tmethod=group-%d\trule=person.unknown\n' $i
	i=$((i + 1))
done >"$dir/script"
printf 'append\tcall.denied\tuid:7\t7\tmethod=group-last\trule=person.unknown\n' >>"$dir/script"
before=$(say status | sed -n 's/^SIZE //p')
"$client" "$socket" script <"$dir/script" >"$dir/out" 2>&1
after=$(say status | sed -n 's/^SIZE //p')
[ $((after - before)) = 301 ] && ok "a group of 301" || bad "a group: $before to $after"
expect "long lists come whole" 0 "^COUNT $after\$" say entries 0 100000
[ "$(grep -c '^{' "$dir/out")" = "$after" ] && ok "every entry" || bad "entries"
expect "the independent verifier agrees" 0 'signature good' "$verify" --key "$vkey" "$ledger"
awk '$1 == "VmHWM:" { exit $2 > 65536 }' "/proc/$pid/status" && ok "under 64 MiB" || bad "memory"

# ---- kill -9 ----
acked=$dir/acked
: >"$acked"
round=0
# twelve times; a slow build (sanitizers, a busy machine) gets more rounds to acknowledge enough in
while [ $round -lt 12 ] || { [ "$(wc -l <"$acked")" -le 20 ] && [ $round -lt 60 ]; }; do
	round=$((round + 1))
	(
		k=0
		while [ $k -lt 400 ]; do
			k=$((k + 1))
			n=$(printf '%032x' $((round * 1000 + k)))
			append call.denied uid:7 7 nonce="$n" method=kill rule=person.unknown 2>/dev/null |
				sed -n "s/^SEQ /$n /p" >>"$acked"
			kill -0 "$pid" 2>/dev/null || exit 0
		done
	) &
	writer=$!
	sleep "0.$((round * 37 % 50 + 10))"
	stop -KILL
	wait $writer
	start || { bad "round $round: it does not start again"; cat "$dir/log"; break; }
done
lost=0
say entries 0 100000 >"$dir/entries"
while read -r n at; do
	sed -n "$((at + 1))p" "$dir/entries" | grep -q "\"id\":\"$n\".*\"seq\":$at," || lost=$((lost + 1))
done <"$acked"
[ $lost = 0 ] && [ "$(wc -l <"$acked")" -gt 20 ] && ok "kill -9, $round times: all $(wc -l <"$acked") acknowledged entries there" ||
	bad "$lost acknowledged entries lost of $(wc -l <"$acked")"
expect "still one history" 0 'signature good' "$verify" --key "$vkey" "$ledger"
expect "which continues the first checkpoint" 0 'signature good' "$verify" --key "$vkey" \
	--since "$ledger/.state/first-checkpoint" "$ledger"

# ---- the index is made again ----
say floor x-0042 scan-app >"$dir/facts"
say transfers >>"$dir/facts"
say ticket x-0042 AA-2026-0117 >>"$dir/facts"
stop
rm -f "$ledger"/.state/index.db*
start
{ say floor x-0042 scan-app; say transfers; say ticket x-0042 AA-2026-0117; } >"$dir/out"
cmp -s "$dir/facts" "$dir/out" && ok "the same facts from the entries alone" || bad "facts"
stop
printf 'no database' >"$ledger/.state/index.db"
start && ok "a broken index is no reason to stop" || bad "broken index"
expect "nor to forget" 0 '^RELEASE 40201$' say floor x-0042 scan-app

# ---- a clock behind ----
if grep -q __asan_init "$daemon"; then
	echo "skip  faketime does not go with AddressSanitizer"
elif command -v faketime >/dev/null; then
	stop
	start faketime -f '2001-01-01 00:00:00' && ok "starts with its clock behind" || bad "clock"
	# the daemon is faketime's child
	child=$(pgrep -P "$pid" weighlock-ledge | head -n 1)
	expect "says so" 0 '^RULE station.clock-behind$' say status
	expect "its clock is the floor" 0 '^CLOCK floor$' say status
	expect "no transfer then" 1 '^error station.clock-behind' append transfer.opened tech-1 2001 transfer=STN3-T000002 \
		direction=inbound device=x-0042 'outputs[]=delivery'
	expect "a denied call is written" 0 '^TIME 1[0-9]{9}$' append call.denied uid:7 7 method=x rule=person.unknown
	say entries 0 100000 | grep '^{' | tail -n 1 >"$dir/out"
	grep -q '"clock":"floor"' "$dir/out" && ok "with the floor" || bad "no floor"
	if [ -n "$child" ]; then
		kill "$child"
		while kill -0 "$child" 2>/dev/null; do sleep 0.05; done
	fi
	stop
	start
	expect "and the clock's return ends it" 0 '^CLOCK rtc$' say status
else
	echo "skip  no faketime"
fi

# ---- a disk that fails ----
stop
if command -v strace >/dev/null && strace -f -o /dev/null true 2>/dev/null; then
	# the journal alone, after what a start does to it
	strace -D -f -o /dev/null -P "$ledger/.state/journal" -e trace=fdatasync \
		-e inject=fdatasync:error=EIO:when=3+ \
		"$daemon" --state "$state" --broker "$me" 2>>"$dir/log" &
	pid=$!
	for _ in $(seq 100); do say status >/dev/null 2>&1 && break; sleep 0.05; done
	size=$(say status | sed -n 's/^SIZE //p')
	for _ in 1 2 3 4; do append call.denied uid:7 7 method=x rule=person.unknown >>"$dir/fails" 2>&1; done
	cp "$dir/fails" "$dir/out"
	grep -q '^error station.ledger-failed' "$dir/fails" && ok "the broker is told" || bad "not told"
	wait $pid
	status=$?
	pid=''
	[ $status = 1 ] && ok "and the daemon ends with 1" || bad "exit $status"
	if start; then bad "it went on without a restart of the machine"; else ok "not before the machine is restarted"; fi
	wait "$pid" 2>/dev/null
	rm "$run/ledger/failed" # what a restart of the machine does to /run
	start && ok "then it recovers" || bad "no recovery"
	[ "$(say status | sed -n 's/^SIZE //p')" -ge "$size" ] && ok "with everything" || bad "entries lost"
	expect "and one history" 0 'signature good' "$verify" --key "$vkey" "$ledger"
else
	echo "skip  no strace here"
	start
fi

# ---- keys gone, files changed ----
stop
mv "$ledger/keys/ledger.key" "$dir/ledger.key"
start
expect "without its key it says so" 0 '^RULE station.no-keys$' say status
expect "appends nothing" 1 '^error station.no-keys' append station.stop station 0 cause=x
expect "and still reads" 0 '^COUNT 1$' say entries 0 1
stop
mv "$dir/ledger.key" "$ledger/keys/ledger.key"
cp -a "$ledger/checkpoint" "$dir/checkpoint"
sed -i '2s/.*/9999/' "$ledger/checkpoint"
"$daemon" --state "$state" --broker "$me" 2>"$dir/out"
[ $? = 1 ] && grep -q 'checkpoint does not verify' "$dir/out" && ok "a changed checkpoint is refused" || bad "changed checkpoint"
cp -a "$dir/checkpoint" "$ledger/checkpoint"
start && ok "put back, it goes on" || bad "does not start"
stop
[ "$stopped" = 0 ] && ok "it ends when asked" || bad "exit $stopped"
exit $failed
