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

# ---- a restart knows it all ----
wl_kill weighlockd TERM
wl_start weighlockd
show "$T"
is "closed after a restart" 'a["transfer"]["state"]' closed

wl_end
