#!/bin/sh
# The auditor's visit (SCENARIOS W9) at a real station: export, check by foreign tools, cosignature,
# only what is new, media that hold something else, checkpoints that accuse the station, the alarm and
# the two who settle it. audit_age.sh has what needs another clock.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/audit_lib.sh"

wl_begin audit
scn_begin
aud_key
wl_station_start || wl_end
scn_setup

# ---- what a policy without an auditor's key says ----
wl_check "status of the auditor" wl_cli $SCN_AUDIT status
aud_said "it says that nobody can countersign" "no auditor's key"
aud_policy 2

# ---- export ----
wl_stick_new audit 64
wl_expect_status 4 "without a medium it waits for one" wl_cli $SCN_AUDIT ledger export b1 --no-wait
wl_stick_insert audit b1
wl_expect_rule person.role-missing wl_cli $SCN_TECH ledger export b1
wl_expect_rule destination.not-ours aud_seen_then wl_cli $SCN_AUDIT ledger export b1
wl_check "the custodian prepares it" wl_cli $SCN_CUST prepare b1 --as audit --yes
wl_check "export" wl_cli $SCN_AUDIT ledger export b1 --json
aud_open audit
wl_check "fsck.fat of the export" fsck.fat -n "$WL_WORK/partition"
wl_check "weighlock-verify takes it as it lies" "$WL_PREFIX/bin/weighlock-verify" --key "$AUD_VKEY" "$AUD_DIR"
wl_check "and so do hashlib and openssl" aud_tool root "$AUD_DIR"
wl_check "its checkpoint is signed" "$WL_PYTHON" "$WL_SRC/tests/integration/tlog_check.py" "$AUD_VKEY" "$AUD_DIR/checkpoint"
wl_check "the key is the card's" grep -qxF "$AUD_VKEY" "$AUD_DIR/card.vkey"
wl_check "the certificate is there" openssl x509 -in "$AUD_DIR/station.pem" -noout
wl_check "an export onto its own export" wl_cli $SCN_AUDIT ledger export b1

# ---- cosignature ----
aud_open audit
aud_cosign "$(date +%s)"
AUD_SIZE=$(sed -n 2p "$AUD_DIR/checkpoint") AUD_ROOT=$(sed -n 3p "$AUD_DIR/checkpoint")
wl_stick_pull b1
wl_expect_rule medium.gone wl_cli $SCN_AUDIT ledger cosign --from a1
wl_stick_insert audit a1
wl_expect_rule person.role-missing wl_cli $SCN_ADMIN1 ledger cosign --from a1
wl_check "cosign" aud_seen_then wl_cli $SCN_AUDIT ledger cosign --from a1
wl_check "cosign again says the same" wl_cli $SCN_AUDIT ledger cosign --from a1
wl_check "once in the ledger" aud_count ledger.cosigned 1
wl_check "status knows it" wl_cli $SCN_AUDIT status
aud_said "up to which entry" "countersigned up to $AUD_SIZE"
wl_check "beside the checkpoint lies the countersigned one" \
	grep -q "^. $AUD_NAME " "$WL_STATE/var/lib/weighlock-ledger/checkpoint.cosigned"
wl_stick_pull a1

# ---- what the station did, and what is overdue ----
wl_check "report station" wl_cli $SCN_AUDIT report station --json
grep -q '"last_export":' "$WL_OUT" && grep -q '"last_cosignature":' "$WL_OUT" && wl_pass "it says when the ledger was taken away" ||
	wl_fail "when it was taken away"
grep -q '"overdue": *\[\]' "$WL_OUT" && wl_pass "and nothing is overdue" || wl_fail "nothing is overdue"
mkdir -m 777 "$WL_WORK/papers"
wl_check "the page of the station" wl_cli $SCN_APPR report station --from "$(date -u +%Y-%m-%d)" -o "$WL_WORK/papers/station.html"
grep -q 'ledger.exported' "$WL_WORK/papers/station.html" && ! grep -qi '<script' "$WL_WORK/papers/station.html" &&
	wl_pass "has the export" || wl_fail "the page of the station"
wl_check "a day before there was a station" wl_cli $SCN_AUDIT report station --to 2001-01-01 --json
grep -q '"people": *{}' "$WL_OUT" && wl_pass "nothing happened" || wl_fail "nothing happened"
wl_expect_rule person.role-missing wl_cli $SCN_TECH report station

# ---- cosignatures that are none ----
aud_bad() { # NAME RULE: what lies in $AUD_DIR goes onto a stick of that name
	aud_stick "$1"
	wl_stick_insert "$1" a1
	wl_expect_rule "$2" aud_seen_then wl_cli $SCN_AUDIT ledger cosign --from a1
	wl_stick_pull a1
}
aud_tool key "$WL_WORK/stranger.key" audit-9.example >/dev/null
aud_tool cosign "$WL_WORK/stranger.key" audit-9.example "$AUD_DIR" 1790000000
aud_bad stranger station.cosignature-key
aud_tool cosign "$WL_WORK/stranger.key" "$AUD_NAME" "$AUD_DIR" 1790000000
aud_bad wrongkey station.cosignature-key # another id under her name
aud_cosign 1790000000
sed -i "2s/.*/1/" "$AUD_DIR/cosignature.txt"
aud_bad edited station.cosignature-mismatch
head -c 20000 /dev/zero | tr '\0' A >"$AUD_DIR/cosignature.txt"
aud_bad large station.cosignature-missing
printf 'no note\n' >"$AUD_DIR/cosignature.txt"
rm -f "$AUD_DIR/checkpoint"
aud_bad nonsense station.cosignature-unreadable
rm -f "$AUD_DIR/cosignature.txt"
aud_bad nothing station.cosignature-missing

# ---- only what is new ----
wl_stick_new new 64
wl_stick_insert new b1
wl_check "prepared" aud_seen_then wl_cli $SCN_CUST prepare b1 --as audit --yes
wl_check "an export of what is new" wl_cli $SCN_AUDIT ledger export b1 --new
aud_open new
wl_check "hashlib finds root and entries" aud_tool root "$AUD_DIR"
wl_check "and, from the tiles alone, the root she countersigned" \
	sh -c "[ \"\$($WL_PYTHON $WL_SRC/tests/integration/audit_tool.py root $AUD_DIR $AUD_SIZE)\" = \"$AUD_ROOT\" ]"
wl_check "the countersigned checkpoint is there" grep -q "^$AUD_SIZE\$" "$AUD_DIR/checkpoint.cosigned"
wl_stick_pull b1

# ---- media that hold something else ----
mkdir -p "$WL_WORK/foreign"
printf 'stations.example/stn9\n5\nq3Lr3Yj2fUQmXl9xVuW5Vv3g4O6Oe1h8Uo6x6c8cJ3w=\n\n\342\200\224 stations.example/stn9 %s\n' \
	"$(head -c 68 /dev/zero | base64 -w0)" >"$WL_WORK/foreign/checkpoint"
AUD_DIR=$WL_WORK/foreign aud_stick foreign
wl_stick_insert foreign b1
wl_expect_rule destination.other-export aud_seen_then wl_cli $SCN_AUDIT ledger export b1
aud_said "it says whose" "stations.example/stn9, 5 entries"
wl_check "with --replace it is written" wl_cli $SCN_AUDIT ledger export b1 --replace
wl_check "and whose it was is in the ledger" aud_grep '"replaced":"stations.example/stn9'
wl_stick_pull b1

# ---- pages, questions ----
wl_check "ledger print as text" wl_cli $SCN_AUDIT ledger print
aud_said "with the checkpoint" "$SCN_ORIGIN"
mkdir -m 0777 "$WL_WORK/pages"
wl_check "ledger print as a page" wl_cli $SCN_AUDIT ledger print -o "$WL_WORK/pages/cp.html"
wl_check "station card as a page" wl_cli $SCN_AUDIT station card -o "$WL_WORK/pages/card.html"
wl_check "station card in French" wl_cli $SCN_AUDIT --lang fr station card -o "$WL_WORK/pages/carte.html"
aud_qr "$WL_WORK/pages/card.html" "$AUD_VKEY"
aud_qr "$WL_WORK/pages/cp.html" "$SCN_ORIGIN"
wl_check "query by event" wl_cli $SCN_AUDIT ledger query --event policy.loaded --json
aud_said "finds policies" '"policy_version":2'
wl_check "query by person and part of an event" wl_cli $SCN_AUDIT ledger query --event ledger --person audit-1 --json
aud_said "finds cosignature and exports" "ledger.cosigned"
wl_check "query of a time with nothing" wl_cli $SCN_AUDIT ledger query --until 2020-01-01T00:00:00Z --json
if [ -s "$WL_OUT" ]; then wl_fail "finds nothing"; else wl_pass "finds nothing"; fi
wl_expect_status 2 "a time of another form" wl_cli $SCN_AUDIT ledger query --since yesterday
wl_expect_status 124 "ledger follow goes on until it is stopped" \
	wl_as $SCN_AUDIT timeout 3 weighlock --state "$WL_STATE" ledger follow --json
aud_said "and shows entries" '"event"'

# ---- a checkpoint that accuses the station ----
AUD_SEED=$(od -An -tx1 -v "$WL_STATE/var/lib/weighlock-ledger/keys/ledger.key" | tr -d ' \n')
AUD_DIR=$WL_WORK/accuse
mkdir -p "$AUD_DIR"
aud_tool forge "$AUD_VKEY" "$AUD_SEED" 2 >"$AUD_DIR/RECEIPT.TXT"
aud_stick fork
wl_stick_insert fork a1
wl_expect_rule station.ledger-forked aud_seen_then wl_cli $SCN_TECH ticket add --from a1
wl_stick_pull a1
wl_check "status names it" wl_cli $SCN_TECH status
aud_said "by its rule" station.ledger-forked
wl_expect_rule station.ledger-forked wl_cli $SCN_TECH receive --device x-0042 --work-order WO-1 \
	--engineer E --org O --escort tech-1 --no-wait
wl_kill weighlockd TERM && wl_start weighlockd
wl_kill weighlock-ledgerd TERM && wl_start weighlock-ledgerd
# at once: a broker that has not read its policy yet asks the ledger before it says that there is none
wl_expect_rule station.ledger-forked wl_cli $SCN_TECH receive --device x-0042 --work-order WO-1 \
	--engineer E --org O --escort tech-1 --no-wait
wl_stick_insert audit b1
wl_check "an export goes on meanwhile" aud_seen_then wl_cli $SCN_AUDIT ledger export b1
wl_stick_pull b1
wl_expect_rule person.role-missing wl_cli $SCN_TECH station settle --reason x
wl_expect_status 4 "one administrator proposes" wl_cli $SCN_ADMIN1 station settle --reason "tested"
wl_expect_rule approval.same-person wl_cli $SCN_ADMIN1 station settle --with admin-1
wl_expect_rule approval.missing wl_cli $SCN_ADMIN2 station settle --with admin-2
wl_check "another agrees" wl_cli $SCN_ADMIN2 station settle --with admin-1
wl_expect_status 2 "there is nothing more to settle" wl_cli $SCN_ADMIN1 station settle --reason again
aud_tool forge "$AUD_VKEY" "$AUD_SEED" 100000 >"$AUD_DIR/RECEIPT.TXT"
aud_stick rollback
wl_stick_insert rollback a1
wl_expect_rule station.ledger-rolled-back aud_seen_then wl_cli $SCN_AUDIT ledger cosign --from a1
wl_stick_pull a1
wl_expect_status 4 "proposed" wl_cli $SCN_ADMIN2 station settle --reason "a copy of the disk was used"
wl_check "agreed" wl_cli $SCN_ADMIN1 station settle --with admin-2

# ---- media that are read for something else: a vendor's, a scanner's, one to be overwritten ----
aud_settled() {
	wl_expect_status 4 "proposed" wl_cli $SCN_ADMIN2 station settle --reason "$1"
	wl_check "agreed" wl_cli $SCN_ADMIN1 station settle --with admin-2
}
aud_claim() { # STICK FILE: what accuses, in a folder as the station's own lies on a delivery
	wl_fat_mkdir "$(wl_stick_file "$1")" WEIGHLOCK
	wl_fat_put "$(wl_stick_file "$1")" "$2" WEIGHLOCK
}
aud_export() {
	wl_cli $SCN_INVEST export --no-wait --device x-0042 --case C-1 --authority ca-107-5-a --reference L-1 \
		--requester Counsel --tip off --clock unknown --as evidence --scans 118820 --port a1
}
aud_state() { wl_cli $SCN_TECH show "$1" --json 2>/dev/null | grep -q "\"state\": *\"$2\""; }
aud_receive() {
	wl_cli $SCN_TECH receive --device x-0042 --work-order WO-1 --engineer E --org O --escort tech-1 --port a1 --no-wait
}
# what anybody may bring: nothing of it is this station's word, and nothing stops for it
AUD_DIR=$WL_WORK/noise
mkdir -p "$AUD_DIR"
aud_tool forge "$AUD_VKEY" "$(printf '%064d' 7)" 100000 >"$AUD_DIR/RECEIPT.TXT"
aud_tool forge "test.example/tst9+${AUD_VKEY#*+}" "$AUD_SEED" 100000 >"$AUD_DIR/checkpoint"
head -c 16384 /dev/urandom >"$AUD_DIR/checkpoint.cosigned"
head -c 16385 /dev/zero | tr '\0' A >"$AUD_DIR/cosignature.txt"
for aud_n in $(seq 66); do printf 'c2sp.org/tlog-proof@v1\nindex 1\n' >"$AUD_DIR/$aud_n.tlog-proof"; done
wl_fat_make "$(wl_stick_file noise)" 64 NOISE
wl_fat_put "$(wl_stick_file noise)" "$AUD_DIR"
wl_stick_insert noise a1
wl_expect_rule ticket.missing aud_seen_then aud_receive
wl_expect_rule export.empty aud_export
wl_stick_pull a1
wl_stick_insert noise b1
wl_check "such a medium is prepared like any other" aud_seen_then wl_cli $SCN_CUST prepare b1 --as audit --yes
wl_stick_pull b1
wl_check "no alarm came of it" aud_count station.fault 2
# what the ledger's own key signed
scn_update good 4.2.1 40201 1
scn_vendor_stick told "$WL_WORK/good" 64
aud_tool forge "$AUD_VKEY" "$AUD_SEED" 100001 >"$WL_WORK/RECEIPT.TXT"
aud_claim told "$WL_WORK/RECEIPT.TXT"
wl_stick_insert told a1
wl_expect_rule station.ledger-rolled-back aud_seen_then aud_receive
wl_stick_pull a1
wl_check "the transfer waits" aud_state TST1-T000003 opened
wl_check "why its gate was shut is in the ledger" aud_grep '"reason":"station.ledger-rolled-back"'
aud_settled "read on a vendor's medium"
scn_vendor_stick clean "$WL_WORK/good" 64
wl_stick_insert clean a1
aud_judged() { aud_state TST1-T000003 waiting || aud_state TST1-T000003 refused; }
wl_check "and goes on with another medium" wl_until 30 aud_judged
wl_stick_pull a1
wl_check "which passes" aud_state TST1-T000003 waiting
wl_check "it is given up" wl_cli $SCN_TECH cancel 3 --reason "tested"
mkdir -p "$WL_WORK/scans/20261116"
head -c 5000 /dev/urandom >"$WL_WORK/scans/20261116/118820_A.png"
wl_fat_make "$(wl_stick_file scans)" 64 SCANNER
wl_fat_mkdir "$(wl_stick_file scans)" 20261116
wl_fat_put "$(wl_stick_file scans)" "$WL_WORK/scans/20261116" 20261116
aud_tool forge "$AUD_VKEY" "$AUD_SEED" 3 >"$WL_WORK/receipt.txt"
aud_claim scans "$WL_WORK/receipt.txt"
# more of them than are looked at, all before it by their paths: ours is looked at all the same
mkdir -p "$WL_WORK/decoys"
cp "$WL_WORK"/noise/*.tlog-proof "$WL_WORK/decoys"
wl_fat_put "$(wl_stick_file scans)" "$WL_WORK/decoys"
wl_stick_insert scans a1
wl_check "66 decoys" test "$(wl_fat_ls "$(wl_stick_file scans)" | grep -c tlog-proof)" -eq 66
wl_expect_rule station.ledger-forked aud_seen_then aud_export
aud_settled "read on a scanner's medium"
wl_run wl_cli $SCN_INVEST retry 4 --no-wait
wl_check "a settled one is passed over: the export goes on" wl_until 30 aud_state TST1-T000004 waiting
wl_check "with the picture alone: what was compared is not kept" \
	sh -c "[ \$(find '$WL_STATE/var/lib/weighlock/vault/TST1-T000004/item' -type f | wc -l) = 1 ]"
wl_check "it is given up" wl_cli $SCN_INVEST cancel 4 --reason "tested"
wl_stick_pull a1
aud_tool forge "$AUD_VKEY" "$AUD_SEED" 100002 >"$WL_WORK/RECEIPT.TXT"
wl_fat_make "$(wl_stick_file back)" 64 BACK
aud_claim back "$WL_WORK/RECEIPT.TXT"
wl_fat_put "$(wl_stick_file back)" "$WL_WORK/decoys"
cp "$(wl_stick_file back)" "$WL_WORK/back.before"
wl_stick_insert back b1
wl_expect_rule station.ledger-rolled-back aud_seen_then wl_cli $SCN_CUST prepare b1 --as audit --yes
wl_check "it was not overwritten" cmp "$(wl_stick_file back)" "$WL_WORK/back.before"
wl_stick_pull b1
aud_settled "read on a medium that came back"
# where the policy takes media that were not prepared, a release overwrites one, too
aud_policy 3 's/require: prepared/require: any/'
scn_vendor_stick any "$WL_WORK/good" 64
wl_stick_insert any a1
wl_run aud_seen_then aud_receive
wl_check "an update that waits" wl_until 30 aud_state TST1-T000005 waiting
wl_stick_pull a1
wl_check "approved" wl_cli $SCN_APPR approve 5 --yes
aud_tool forge "$AUD_VKEY" "$AUD_SEED" 100003 >"$WL_WORK/RECEIPT.TXT"
wl_fat_make "$(wl_stick_file unprepared)" 64 BACK
aud_claim unprepared "$WL_WORK/RECEIPT.TXT"
cp "$(wl_stick_file unprepared)" "$WL_WORK/back.before"
wl_stick_insert unprepared b1
wl_expect_rule station.ledger-rolled-back aud_seen_then wl_cli $SCN_TECH release 5 --port b1
wl_check "it was not overwritten either" cmp "$(wl_stick_file unprepared)" "$WL_WORK/back.before"
aud_settled "read on a medium that was not prepared"
wl_check "and the update is released onto it" wl_cli $SCN_TECH release 5 --port b1
wl_stick_pull b1
wl_check "installed" wl_cli $SCN_TECH outcome 5 --result installed --before 40200 --after 40201
AUD_DIR=$WL_WORK/accuse
for aud_each in policy cert; do # a policy and a certificate come on media too
	rm -f "$AUD_DIR"/*
	aud_tool forge "$AUD_VKEY" "$AUD_SEED" "$((100010 + ${#aud_each}))" >"$AUD_DIR/checkpoint"
	cp "$WL_WORK/policy-2/"* "$AUD_DIR/"
	aud_stick "with-$aud_each"
	wl_stick_insert "with-$aud_each" a1
	case $aud_each in
	policy) wl_expect_rule station.ledger-rolled-back aud_seen_then wl_cli $SCN_ADMIN1 policy install --from a1 ;;
	cert) wl_expect_rule station.ledger-rolled-back aud_seen_then wl_cli $SCN_ADMIN1 station cert --from a1 ;;
	esac
	wl_stick_pull a1
	aud_settled "read on a medium with a $aud_each"
done
wl_check "all were settled" aud_count alarm.settled 8
wl_check "the alarms are in the ledger for ever" aud_count station.fault 8

# ---- the end ----
wl_expect_status 4 "retirement is proposed" wl_cli $SCN_ADMIN1 station retire --reason "end of life"
wl_expect_rule approval.same-person wl_cli $SCN_ADMIN1 station retire --with admin-1
aud_vault() { [ -z "$(find "$WL_STATE/var/lib/weighlock/vault" -type f)" ]; }
aud_kept=$(find "$WL_STATE/var/lib/weighlock/vault" -type f | head -n 1)
wl_check "what was refused is still kept" test -n "$aud_kept"
mount --bind "$aud_kept" "$aud_kept" # it cannot be deleted: as if the power had gone between the two
wl_check "and agreed to" wl_cli $SCN_ADMIN2 station retire --with admin-1
wl_check "a copy that cannot be deleted is left" test -f "$aud_kept"
umount "$aud_kept"
wl_check "and deleted later: a retired station keeps nobody's data" wl_until 30 aud_vault
wl_expect_rule station.retired wl_cli $SCN_TECH receive --device x-0042 --work-order WO-1 \
	--engineer E --org O --escort tech-1 --no-wait
wl_expect_rule station.retired wl_cli $SCN_TECH ticket add --from a1
wl_check "the auditor still reads" wl_cli $SCN_AUDIT ledger show --count 3
wl_stick_insert audit b1
wl_check "and exports for the last time" aud_seen_then wl_cli $SCN_AUDIT ledger export b1 --full
aud_open audit
wl_check "which verifies" "$WL_PREFIX/bin/weighlock-verify" --key "$AUD_VKEY" "$AUD_DIR"
wl_end
