#!/bin/sh
# A disk died (SCENARIOS W10): a station with a release behind it, a used ticket, media, an open case; its
# ledger is lost but for the mirror. A new station succeeds it: tampered copies are refused, missing
# entries counted, floors and tickets count on, and two approvers are needed until an auditor cosigns.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/broker.sh"
. "$WL_SRC/tests/integration/audit_lib.sh"

wl_begin succession
scn_begin
brk_begin
aud_key
SUC_LEDGER=$WL_STATE/var/lib/weighlock-ledger
SUC_MIRROR=$WL_PREFIX/m
install -d -o weighlock-ledger -g weighlock-ledger "$SUC_MIRROR"
: >"$SUC_MIRROR/weighlock-mirror"
suc_start() { # a daemon of the ledger with its mirror, then the others
	wl_start weighlock-mediad && wl_start weighlock-ledgerd "$@" && wl_start weighlock-spawnd && wl_start weighlockd
}
# the words of the packaged drop-in, with this test's folder
SUC_OPTIONS=$(sed -n 's|^ExecStart=.*/weighlock-ledgerd \(.*\)/srv/weighlock-mirror/ledger$|\1|p' \
	"$WL_BUILD/packaging/systemd/weighlock-mirror.conf")
# shellcheck disable=SC2086
suc_start $SUC_OPTIONS "$SUC_MIRROR" || wl_end
scn_setup
wl_run wl_cli $SCN_ADMIN1 doctor
aud_said "doctor knows of the mirror" "ok  *the ledger is mirrored on a second disk"

# ---- the second disk is not mounted: reading goes on, nothing new crosses; then it is back, behind ----
wl_station_stop
mv "$SUC_MIRROR/weighlock-mirror" "$WL_WORK/"
suc_start --mirror "$SUC_MIRROR" || wl_end
wl_check "status" wl_cli $SCN_TECH status
aud_said "says that the mirror is missing" "FAULT.*station.mirror-missing"
wl_expect_rule station.mirror-missing wl_cli $SCN_TECH receive --device x-0042 --work-order WO-1 \
	--engineer E --org O --escort tech-1 --port a1 --no-wait
wl_run wl_cli $SCN_ADMIN1 doctor
aud_said "doctor says so" "no  *.*mirror"
wl_station_stop
mv "$WL_WORK/weighlock-mirror" "$SUC_MIRROR/"
suc_start --mirror "$SUC_MIRROR" || wl_end
wl_run wl_cli $SCN_ADMIN1 doctor
aud_said "and that it was brought up again" "ok  *the ledger is mirrored on a second disk"
suc_both() { cmp "$SUC_MIRROR/checkpoint" "$SUC_LEDGER/checkpoint"; }
wl_check "to the same checkpoint" wl_until 10 suc_both

# ---- the old station: release 40201 to x-0042 under a ticket, and a case that stays open ----
suc_update() { # FOLDER TICKET MIB RELEASE, the ticket beside
	brk_update "$@"
	cp "$WL_WORK/$2".ticket.* "$WL_WORK/$1/"
}
suc_update update AA-2026-0117 3 40201
suc_update older AA-2026-0050 2 40100
suc_update newer AA-2026-0118 4 40300
scn_vendor_stick vendor "$WL_WORK/update"
scn_vendor_stick vendor-older "$WL_WORK/older"
scn_vendor_stick vendor-newer "$WL_WORK/newer"
wl_stick_new delivery 64
# suc_receive STICK: into $T, whatever becomes of it
suc_receive() {
	wl_run vl $SCN_TECH OpenInbound '{"device":"x-0042","work_order":"WO-1","engineer":"E","organisation":"O","escort":"tech-1","port":"a1"}'
	T=$(field 'a["transfer"]')
	wl_stick_insert "$1" a1
	wl_until 30 suc_judged
	wl_stick_pull a1
	show "$T"
}
suc_judged() { state_is "$T" waiting || state_is "$T" refused; }
suc_approve() { # UID
	vl "$1" Approve "{\"transfer\":\"$T\",\"manifest_sha256\":[\"$M\"],\"accept\":[]}"
}
suc_release() { vl $SCN_TECH Release "{\"transfer\":\"$T\",\"output\":\"delivery\",\"port\":\"b1\"}" --more; }
suc_receive vendor
M=$(field 'a["transfer"]["outputs"][0]["manifest_sha256"]')
wl_check "approved" suc_approve $SCN_APPR
wl_stick_insert delivery b1
wl_check "the delivery stick is seen" wl_until 10 seen b1
wl_check "prepared" vl $SCN_TECH Prepare '{"port":"b1","device":"x-0042","use":"delivery"}' --more
wl_check "released" suc_release
wl_stick_pull b1
wl_expect_status 4 "a case stays open" wl_cli $SCN_TECH receive --device x-0042 --work-order WO-9 \
	--engineer E --org O --escort tech-1 --port a1 --no-wait
wl_cli $SCN_AUDIT station card --json >"$WL_WORK/old-card.json" 2>/dev/null
SUC_OLD=$(sed -n 's/.*"vkey": *"\([^"]*\)".*/\1/p' "$WL_WORK/old-card.json")
wl_station_stop
SUC_KEY=$(od -An -tx1 -v "$SUC_LEDGER/keys/ledger.key" | tr -d ' \n')
SUC_SIZE=$(sed -n 2p "$SUC_MIRROR/checkpoint")
# what left after the mirror was last written: three entries that only a medium proves
cp -a "$SUC_MIRROR" "$WL_PREFIX/behind"
suc_start --mirror "$SUC_MIRROR" || wl_end
for suc_each in 1 2 3; do wl_cli $SCN_STRANGER status >/dev/null 2>&1; done
wl_cli $SCN_AUDIT ledger print >/dev/null 2>&1
wl_station_stop
cp "$SUC_LEDGER/checkpoint" "$WL_WORK/later-checkpoint"
SUC_LATER=$(sed -n 2p "$WL_WORK/later-checkpoint")
wl_check "the ledger went on after the copy" test "$SUC_LATER" -gt "$SUC_SIZE"

# ---- the disk dies ----
rm -rf "$WL_STATE/var" "$WL_STATE/run"
wl_state_make
suc_start || wl_end
SUC_INIT="station init --succeeds $SCN_STATION --policy-root $PKI_DIR/policy-authority.pem"
chmod 0644 "$WL_WORK/later-checkpoint" "$PKI_DIR/policy-authority.pem"
wl_expect_status 2 "without a copy there is nothing to succeed" wl_cli $SCN_ADMIN1 $SUC_INIT
for suc_given in "--name TST2" "--origin test.example/other"; do
	# shellcheck disable=SC2086 # two words
	wl_expect_status 2 "its name is not chosen: $suc_given" wl_cli $SCN_ADMIN1 $SUC_INIT --ledger "$WL_PREFIX/behind" $suc_given
	aud_said "and it is said" "leave --name and --origin out"
done

# ---- copies that are none ----
suc_bad() { # WHAT SED-OR-COMMAND
	rm -rf "$WL_PREFIX/bad"
	cp -a "$WL_PREFIX/behind" "$WL_PREFIX/bad"
	(cd "$WL_PREFIX/bad" && eval "$2")
	wl_expect_rule station.predecessor-refused wl_cli $SCN_ADMIN1 $SUC_INIT --ledger "$WL_PREFIX/bad"
	aud_said "$1" "$3"
}
suc_bad "an entry was changed" "sed -i 's/tech-1/tech-2/' tile/entries/*.p/*" "damaged"
suc_bad "its size was changed" "sed -i '2s/.*/5/' checkpoint" "."
suc_bad "no checkpoint" "rm checkpoint" "no checkpoint"
wl_expect_rule station.predecessor-refused wl_cli $SCN_ADMIN1 station init --succeeds TST9 \
	--policy-root "$PKI_DIR/policy-authority.pem" --ledger "$WL_PREFIX/behind"

# ---- the successor ----
wl_check "init --succeeds" wl_cli $SCN_ADMIN1 $SUC_INIT --ledger "$WL_PREFIX/behind" \
	--seen "$WL_WORK/later-checkpoint" --json
cp "$WL_OUT" "$WL_WORK/found.json"
suc_found() { "$WL_PYTHON" -c 'import json,re,sys; t=open(sys.argv[1]).read(); print(json.loads(t[t.index("{"):t.rindex("}")+1])[sys.argv[2]])' "$WL_WORK/found.json" "$1"; }
SUC_FINGERPRINT=$(suc_found fingerprint)
wl_check "what is missing is counted" test "$(suc_found missing)" = "$((SUC_LATER - SUC_SIZE))"
wl_check "the next origin" test "$(suc_found origin)" = "$SCN_ORIGIN/2"
wl_check "the old key's fingerprint is on the old card" grep -qF "$(suc_found old_fingerprint)" "$WL_WORK/old-card.json"
wl_expect_rule approval.same-person wl_cli $SCN_ADMIN1 station confirm "$SUC_FINGERPRINT"
wl_check "confirmed by another" wl_cli $SCN_ADMIN2 station confirm "$SUC_FINGERPRINT"
wl_check "the key is a new one" test "$SUC_KEY" != "$(od -An -tx1 -v "$SUC_LEDGER/keys/ledger.key" | tr -d ' \n')"
SCN_ORIGIN=$SCN_ORIGIN/2
aud_policy 2
wl_cli $SCN_AUDIT ledger query --event fact.inherited --json >"$WL_WORK/inherited" 2>/dev/null
for suc_each in floor ticket-use medium transfer counters; do
	wl_check "taken over: $suc_each" grep -q "\"kind\":\"$suc_each\"" "$WL_WORK/inherited"
done
wl_check "the lost case is named" grep -q '"from":"TST1-T000002"' "$WL_WORK/inherited"

# ---- the past counts ----
suc_receive vendor-older
is "an older release is refused" 'a["transfer"]["rule"]' update.version-floor
is "numbers go on" 'a["transfer"]["transfer"]' TST1-T000003
suc_receive vendor
is "a used ticket is refused" '"ticket.used" in a["transfer"]["rules"] or a["transfer"]["rule"] == "ticket.used"' True

# ---- two approvers, until an auditor has cosigned ----
suc_receive vendor-newer
is "a newer release passes" 'a["transfer"]["verdict"]' pass
M=$(field 'a["transfer"]["outputs"][0]["manifest_sha256"]')
wl_stick_insert delivery b1
wl_check "the stick is seen" wl_until 10 seen b1
wl_check "prepared anew" vl $SCN_TECH Prepare '{"port":"b1","device":"x-0042","use":"delivery"}' --more
wl_check "one approves" suc_approve $SCN_APPR
wl_expect_rule approval.missing suc_release
wl_check "a second approves" suc_approve $SCN_APPR2
wl_check "released by two" suc_release
wl_stick_pull b1

# ---- the auditor ----
printf 'weighlock stations book 1\nstation %s\nstation %s\n' "$SUC_OLD" "$AUD_VKEY" >"$WL_WORK/book"
wl_check "the copy of the old ledger is good" "$WL_PREFIX/bin/weighlock-verify" --book "$WL_WORK/book" "$WL_PREFIX/behind"
wl_stick_new audit 64
wl_stick_insert audit b1
wl_check "a medium for her" aud_seen_then wl_cli $SCN_CUST prepare b1 --as audit --yes
wl_check "export" wl_cli $SCN_AUDIT ledger export b1
aud_open audit
wl_check "the successor is good" "$WL_PREFIX/bin/weighlock-verify" --book "$WL_WORK/book" "$AUD_DIR"
aud_said "and says what was never seen" "$((SUC_LATER - SUC_SIZE)) entries never seen"
aud_cosign "$(date +%s)"
wl_stick_pull b1
wl_stick_insert audit a1
wl_check "her cosignature" aud_seen_then wl_cli $SCN_AUDIT ledger cosign --from a1
wl_stick_pull a1
suc_update newest AA-2026-0119 5 40400
scn_vendor_stick vendor-newest "$WL_WORK/newest"
suc_receive vendor-newest
M=$(field 'a["transfer"]["outputs"][0]["manifest_sha256"]')
wl_check "one approves" suc_approve $SCN_APPR
wl_stick_insert delivery b1
wl_check "the stick is seen" wl_until 10 seen b1
wl_check "prepared" vl $SCN_TECH Prepare '{"port":"b1","device":"x-0042","use":"delivery"}' --more
wl_check "now one is enough" suc_release
wl_stick_pull b1
wl_end
