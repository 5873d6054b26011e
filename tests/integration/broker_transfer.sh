#!/bin/sh
# One update through the lock, spoken to weighlockd directly: set-up by two people, policy, ticket,
# reading, inspection, approval, preparing, release, outcome; and what must be refused on the way.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/broker.sh"

wl_begin broker_transfer
scn_begin
brk_begin
wl_station_start || wl_end

# ---- set-up ----
wl_check "status before the set-up" vl $SCN_ADMIN1 GetStatus
is "state is uninitialised" 'a["state"]' uninitialised
wl_expect_rule station.no-policy vl $SCN_ADMIN1 ListMedia
wl_expect_rule station.no-policy vl $SCN_STRANGER StationCard
PEM=$("$WL_PYTHON" -c 'import json,sys; print(json.dumps(open(sys.argv[1]).read()))' "$PKI_DIR/policy-authority.pem")
wl_expect_rule station.no-policy vl $SCN_STRANGER StationInit \
	"{\"name\":\"$SCN_STATION\",\"origin\":\"$SCN_ORIGIN\",\"policy_authority_pem\":$PEM}"
wl_check "station init" vl $SCN_ADMIN1 StationInit \
	"{\"name\":\"$SCN_STATION\",\"origin\":\"$SCN_ORIGIN\",\"policy_authority_pem\":$PEM}"
FINGERPRINT=$(field 'a["fingerprint"]')
# the second person cannot put another certificate in the place of the one that is confirmed
OTHER=$("$WL_PYTHON" -c 'import json,sys; print(json.dumps(open(sys.argv[1]).read()))' "$PKI_DIR/vendor.pem")
wl_expect_status 1 "an init that ledgerd does not take" vl $SCN_ADMIN2 StationInit \
	"{\"name\":\"$SCN_STATION\",\"origin\":\"no origin\",\"policy_authority_pem\":$OTHER}"
PINNED=$(find "$WL_STATE" -name policy-authority.pem)
wl_check "the pinned certificate is still the first one's" cmp "$PINNED" "$PKI_DIR/policy-authority.pem"
wl_expect_status 1 "the same person cannot confirm" vl $SCN_ADMIN1 StationConfirm "{\"fingerprint\":\"$FINGERPRINT\"}"
wl_check "station confirm by another" vl $SCN_ADMIN2 StationConfirm "{\"fingerprint\":\"$FINGERPRINT\"}"
is "entry 0" 'a["entry"]' "$SCN_STATION#0"
wl_check "station card" vl $SCN_ADMIN1 StationCard
is "the card holds the fingerprint" "a['card']['fingerprint'] == '$FINGERPRINT'" True

scn_policy "$WL_WORK/policy-1" 1
cp -r "$WL_WORK/policy-1" "$WL_WORK/policy-bad"
sed -i 's/valid: 8 h/valid: 9 h/' "$WL_WORK/policy-bad/policy.yaml"
wl_expect_rule policy.signature vl $SCN_ADMIN1 PolicyPropose "$(policy_files "$WL_WORK/policy-bad")"
# a certificate that entry 0 does not name verifies nothing
cp -r "$WL_WORK/policy-1" "$WL_WORK/policy-other"
pki_sign vendor "$WL_WORK/policy-other/policy.yaml" "$WL_WORK/policy-other/policy.yaml.p7s"
cp "$PKI_DIR/vendor.pem" "$PINNED"
wl_expect_rule station.no-keys vl $SCN_ADMIN1 PolicyPropose "$(policy_files "$WL_WORK/policy-other")"
cp "$PKI_DIR/policy-authority.pem" "$PINNED"
wl_check "policy proposed" vl $SCN_ADMIN1 PolicyPropose "$(policy_files "$WL_WORK/policy-1")"
wl_expect_rule approval.same-person vl $SCN_ADMIN1 PolicyConfirm '{"version":1}'
wl_check "policy confirmed by another administrator" vl $SCN_ADMIN2 PolicyConfirm '{"version":1}'
wl_check "status" vl $SCN_TECH GetStatus
is "the station is ready" 'a["state"]' ready
is "and knows me" 'a["person"]' tech-1
wl_expect_rule person.unknown vl $SCN_STRANGER ListMedia
wl_expect_rule policy.version-floor vl $SCN_ADMIN1 PolicyPropose "$(policy_files "$WL_WORK/policy-1")"

# ---- tickets and media ----
brk_update update AA-2026-0117 3 40201
wl_fat_make "$(wl_stick_file tickets)" 64 TICKETS
wl_fat_put "$(wl_stick_file tickets)" "$WL_WORK/AA-2026-0117.ticket.json"
wl_fat_put "$(wl_stick_file tickets)" "$WL_WORK/AA-2026-0117.ticket.1.p7s"
scn_vendor_stick vendor "$WL_WORK/update"
wl_stick_new delivery 64

wl_expect_rule medium.gone vl $SCN_TECH AddTicket '{"port":"a1"}'
wl_stick_insert tickets a1
wl_check "the stick in a1 is seen" wl_until 10 seen a1
wl_check "ticket added" vl $SCN_TECH AddTicket '{"port":"A1"}'
is "the ticket passed" 'a["tickets"][0]["verdict"]' pass
wl_check "tickets listed" vl $SCN_TECH ListTickets
is "it is valid" 'a["tickets"][0]["state"]' valid
wl_stick_pull a1

# ---- receive ----
OPEN='{"device":"X-0042","work_order":"WO-1","engineer":"Engineer","organisation":"Acme","escort":"tech-1"}'
wl_expect_status 1 "an approver cannot open" vl $SCN_APPR OpenInbound "$OPEN"
wl_check "transfer opened" vl $SCN_SUP OpenInbound "$OPEN"
T=$(field 'a["transfer"]')
is "its id" 'a["transfer"]' "$SCN_STATION-T000001"
wl_stick_insert vendor a1
if wl_until 30 state_is "$T" waiting; then wl_pass "read and inspected"; else show "$T"; wl_fail "read and inspected"; fi
show "$T"
is "verdict pass" 'a["transfer"]["verdict"]' pass
is "one file is delivered" 'a["transfer"]["files"]' 1
is "the litter stays" 'any(i["rule"]=="leave.os-litter" for i in a["items"])' True
is "next" 'a["transfer"]["next_command"]' "weighlock approve 1"
M=$(field 'a["transfer"]["outputs"][0]["manifest_sha256"]')
wl_stick_pull a1

# ---- approve ----
wl_expect_rule approval.same-person vl $SCN_SUP_CARD Approve "{\"transfer\":\"$T\",\"manifest_sha256\":[\"$M\"],\"accept\":[]}"
wl_expect_rule approval.void vl $SCN_APPR Approve "{\"transfer\":\"$T\",\"manifest_sha256\":[\"$(echo x | sha256sum | cut -c1-64)\"],\"accept\":[]}"
wl_expect_rule approval.missing vl $SCN_SUP Release "{\"transfer\":\"$T\",\"output\":\"delivery\",\"port\":\"b1\"}"
wl_check "approved" vl $SCN_APPR Approve "{\"transfer\":\"1\",\"manifest_sha256\":[\"$M\"],\"accept\":[]}"
wl_expect_rule person.not-opener vl $SCN_TECH Release "{\"transfer\":\"$T\",\"output\":\"delivery\",\"port\":\"b1\"}"

# ---- release ----
RELEASE="{\"transfer\":\"$T\",\"output\":\"delivery\",\"port\":\"b1\"}"
wl_expect_rule destination.missing vl $SCN_SUP Release "$RELEASE"
wl_expect_rule medium.direction-wrong vl $SCN_SUP Release "{\"transfer\":\"$T\",\"output\":\"delivery\",\"port\":\"a1\"}"
wl_stick_insert delivery b1
wl_check "the stick in b1 is seen" wl_until 10 seen b1
wl_expect_rule destination.not-ours vl $SCN_SUP Release "$RELEASE"
wl_check "prepared" vl $SCN_TECH Prepare '{"port":"b1","device":"x-0042","use":"delivery"}' --more
is "the last step" 'a["progress"]["step"]' prepared
wl_check "released" vl $SCN_SUP Release "$RELEASE" --more
is "the last step" 'a["progress"]["step"]' released
wl_stick_pull b1
dd if="$(wl_stick_file delivery)" of="$WL_WORK/partition" bs=1M skip=1 2>/dev/null
wl_check "fsck.fat of the delivery" fsck.fat -n "$WL_WORK/partition"
wl_fat_get "$(wl_stick_file delivery)" FIRMWARE.BIN "$WL_WORK/back.bin"
wl_check "the firmware is what the vendor shipped" cmp "$WL_WORK/back.bin" "$WL_WORK/update/FIRMWARE.BIN"

# ---- outcome ----
wl_check "outcome" vl $SCN_TECH Outcome "{\"transfer\":\"$T\",\"outcome\":\"installed\",\"release_before\":40100,\"release_after\":40201,\"words\":\"\"}"
show "$T"
is "closed" 'a["transfer"]["state"]' closed
wl_check "the auditor reads the ledger" vl $SCN_AUDIT LedgerRead '{"from":0,"count":5}'
wl_check "and gets a proof" vl $SCN_AUDIT LedgerProve "{\"transfer\":\"$T\"}"

# ---- an outside person at a device: opened by an approver, confirmed by the escort alone ----
VISITS='visits:\n  confirm_every: 1 h\n  required: true\n  escorts: qualified\n  organisations:\n    acme-service: { name: "Acme", vendors: [acme] }'
brk_policy 2 "s/^destination:/$VISITS\ndestination:/; s/\(tech-1: .*technician\]\) }/\1, qualified: [x100] }/"
visit_says() { if grep -qF -- "$1" "$WL_OUT"; then wl_pass "says: $1"; else wl_fail "does not say: $1"; fi; }
visit_open() { wl_cli "$1" visit open "$2" --device X-0042 --engineer "E. Engineer" --org Acme --escort "$3"; }
wl_expect_rule visit.missing vl $SCN_SUP OpenInbound "$OPEN"
wl_expect_status 1 "a technician opens no visit" visit_open $SCN_TECH wo-1 tech-1
wl_expect_status 1 "an escort the policy does not call qualified" visit_open $SCN_APPR wo-1 sup-1
visit_says visit.escort-unqualified
wl_expect_status 1 "an organisation that is not listed" wl_cli $SCN_APPR visit open wo-1 --device x-0042 \
	--engineer "$(printf 'E\342\200\256vil')" --org Evil --escort tech-1
visit_says visit.organisation-unlisted
visit_says 'E\u{202E}vil, Evil'
wl_expect_status 1 "a visitor has no account" wl_cli $SCN_APPR visit open wo-1 --device x-0042 --engineer tech-1 \
	--org Acme --escort tech-1
visit_says visit.engineer-is-user
wl_expect_status 1 "and who is not cleared sees nothing stored" wl_cli $SCN_APPR visit open wo-1 --device x-0042 \
	--engineer E --org Acme --escort tech-1 --clearance not-cleared
visit_says visit.safeguard-missing
wl_expect_status 2 "a day that is none" wl_cli $SCN_APPR visit open wo-1 --device x-0042 --engineer E --org Acme \
	--escort tech-1 --on 2026-02-30
wl_expect_status 2 "a control character" wl_cli $SCN_APPR visit open wo-1 --device x-0042 --engineer "$(printf 'E\033[2J')" \
	--org Acme --escort tech-1
wl_expect_status 2 "too long a name" wl_cli $SCN_APPR visit open wo-1 --device x-0042 --engineer "$(printf '%0129d' 0)" \
	--org Acme --escort tech-1
wl_expect_status 2 "no work order" wl_cli $SCN_APPR visit open "wo 1" --device x-0042 --engineer E --org Acme --escort tech-1
wl_check "a visit is opened" visit_open $SCN_APPR wo-8841 tech-1
visit_says "weighlock visit confirm WO-8841"
wl_expect_status 1 "once" visit_open $SCN_APPR WO-8841 tech-1
visit_says visit.exists
wl_check "and one for another day" wl_cli $SCN_APPR visit open --work-order WO-8842 --device x-0042 --engineer E --org Acme \
	--escort tech-1 --on 2020-01-01 --clearance not-cleared --safeguard "its disk lies in the safe"
wl_expect_rule visit.not-today vl $SCN_TECH OpenInbound '{"visit":"WO-8842"}'
wl_expect_rule visit.device-other vl $SCN_TECH OpenInbound '{"visit":"WO-8841","device":"o-0007"}'
wl_expect_status 1 "another engineer than the visit's" vl $SCN_TECH OpenInbound '{"visit":"WO-8841","engineer":"Other"}'
wl_expect_status 1 "a visit that is none" vl $SCN_TECH OpenInbound '{"visit":"WO-9999"}'
wl_expect_rule visit.confirmation-missing vl $SCN_SUP OpenInbound '{"visit":"WO-8841"}'
wl_expect_rule visit.other-escort vl $SCN_SUP VisitConfirm '{"visit":"WO-8841"}'
wl_expect_rule visit.other-escort vl $SCN_CUST VisitClose '{"visit":"WO-8841"}'
wl_check "the escort confirms" wl_cli $SCN_TECH visite confirm wo-8841
wl_kill weighlockd TERM
wl_start weighlockd
brk_update second AA-2026-0118 1 40202
cp "$WL_WORK"/AA-2026-0118.ticket.* "$WL_WORK/second/"
scn_vendor_stick visitor "$WL_WORK/second"
wl_expect_status 4 "after a restart the word still counts" wl_cli $SCN_SUP receive --visit wo-8841 --no-wait
T=$SCN_STATION-T000002
wl_stick_insert visitor a1
if wl_until 30 state_is "$T" waiting; then wl_pass "read and inspected"; else show "$T"; wl_fail "read and inspected"; fi
show "$T"
is "who came is the visit's" '[a["transfer"][n] for n in ("visit","work_order","engineer","engineer_org","escort")]' \
	"['WO-8841', 'WO-8841', 'E. Engineer', 'Acme', 'tech-1']"
M=$(field 'a["transfer"]["outputs"][0]["manifest_sha256"]')
wl_check "approved" vl $SCN_APPR Approve "{\"transfer\":\"$T\",\"manifest_sha256\":[\"$M\"],\"accept\":[]}"
wl_check "what is still open" wl_cli $SCN_AUDIT visit show WO-8841
visit_says "transfer $T is still open"
visit_says "the visitor's medium is still in port a1"
wl_expect_status 1 "the escort cannot leave it so" wl_cli $SCN_TECH visit close WO-8841
visit_says visit.unfinished
wl_expect_status 1 "nor say so" wl_cli $SCN_TECH visit close WO-8841 --left-without-check-out --reason "he left"
visit_says person.role-missing
wl_expect_status 2 "nor an approver without a word" wl_cli $SCN_APPR visit close WO-8841 --left-without-check-out
wl_check "an approver can" wl_cli $SCN_APPR visit close WO-8841 --left-without-check-out --reason "he left early"
visit_says "FINDING: transfer $T is still open"
wl_stick_insert delivery b1
wl_check "the stick in b1 is seen" wl_until 10 seen b1
wl_expect_rule visit.closed vl $SCN_SUP Release "{\"transfer\":\"$T\",\"output\":\"delivery\",\"port\":\"b1\"}"
wl_expect_rule visit.closed vl $SCN_TECH VisitConfirm '{"visit":"WO-8841"}'
wl_stick_pull a1
wl_stick_pull b1
wl_check "it is given up" vl $SCN_SUP Cancel "{\"transfer\":\"$T\",\"words\":\"nobody is there\"}"

# ---- the word that is missing stops what comes next, not what runs ----
brk_policy 3 "s/^destination:/visits:\n  confirm_every: 3 s\ndestination:/"
wl_check "a visit nobody lists" wl_cli $SCN_SUP visit open WO-8843 --device x-0042 --engineer E --org Anybody --escort me
T=$SCN_STATION-T000003
wl_expect_status 4 "the escort who receives confirms by that" wl_cli $SCN_SUP receive --visit WO-8843 --no-wait
sleep 4
wl_stick_insert visitor a1
hint_is() { vl $SCN_SUP Retry "{\"transfer\":\"$T\"}" >"$WL_OUT" 2>&1; grep -q "$1" "$WL_OUT"; }
wl_check "a stick is not read without the escort's word" wl_until 10 hint_is visit.confirmation-missing
show "$T"
is "it waits" 'a["transfer"]["state"]' opened
wl_check "the escort confirms, and it is read" wl_cli $SCN_SUP_CARD visit confirm WO-8843
if wl_until 30 state_is "$T" waiting; then wl_pass "read and inspected"; else show "$T"; wl_fail "read and inspected"; fi
wl_check "given up" vl $SCN_SUP Cancel "{\"transfer\":\"$T\",\"words\":\"enough\"}"
wl_stick_pull a1
wl_check "closed by the escort, with nothing left" wl_cli $SCN_SUP visit close WO-8843
wl_check "all of them listed" vl $SCN_CUST ListVisits
is "the last first" '[v["visit"] for v in a["visits"]]' "['WO-8843', 'WO-8842', 'WO-8841']"

# ---- a restart knows it all ----
wl_kill weighlockd TERM
wl_start weighlockd
show "$SCN_STATION-T000001"
is "closed after a restart" 'a["transfer"]["state"]' closed
wl_check "the visits after a restart" vl $SCN_AUDIT ListVisits '{"visit":"WO-8841"}'
is "closed" 'a["visits"][0]["state"]' closed
is "with what was found" '[f["finding"] for f in a["visits"][0]["findings"]]' \
	"['transfer-open $SCN_STATION-T000002', 'medium-in-port a1']"
is "and why" 'a["visits"][0]["words"]' "he left early"

wl_end
