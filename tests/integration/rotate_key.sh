#!/bin/sh
# Another key for the ledger (SCENARIOS W10): two administrators, what stands in the way, the ledger that
# goes on and the one that ended, the auditor who lets the old key vouch for the new one, and a station
# killed in the middle of it.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/audit_lib.sh"

wl_begin rotate_key
scn_begin
aud_key
wl_station_start || wl_end
scn_setup
aud_policy 2
ROT_LEDGER=$WL_STATE/var/lib/weighlock-ledger
rot_verify() { "$WL_PREFIX/bin/weighlock-verify" --book "$WL_WORK/book" "$@"; }
rot_json() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$WL_OUT"; }
rot_key() { od -An -tx1 -v "$ROT_LEDGER/keys/ledger.key" | tr -d ' \n'; }

# ---- the auditor knows the first key ----
printf 'weighlock stations book 1\nstation %s\n' "$AUD_VKEY" >"$WL_WORK/book"
wl_stick_new first 64
wl_stick_insert first b1
wl_check "a medium is prepared" aud_seen_then wl_cli $SCN_CUST prepare b1 --as audit --yes
wl_check "export before" wl_cli $SCN_AUDIT ledger export b1
aud_open first
cp "$AUD_DIR/card.txt" "$WL_WORK/first-card"
wl_check "the auditor's first visit" rot_verify "$AUD_DIR"
wl_stick_pull b1

# ---- a refused update, whose copy is kept ----
scn_update bad 4.2.2 40202 1
printf XXXXXXXX | dd of="$WL_WORK/bad/FIRMWARE.BIN" bs=1 seek=1000 conv=notrunc status=none
scn_vendor_stick bad "$WL_WORK/bad" 64
wl_stick_insert bad a1
wl_expect_rule update.file-changed wl_cli $SCN_TECH receive --device x-0042 --work-order WO-1 \
	--engineer E --org O --escort tech-1 --port a1 --no-wait
wl_stick_pull a1
rot_kept() { [ -n "$(find "$WL_STATE/var/lib/weighlock/vault" -type f)" ]; }
wl_check "its copy is kept" rot_kept

# ---- who, and when not ----
wl_expect_rule person.role-missing wl_cli $SCN_TECH station rotate-key --reason x
wl_expect_status 2 "the key of documents is not changed here" wl_cli $SCN_ADMIN1 station rotate-key document --reason x
wl_expect_status 4 "an update is awaited" wl_cli $SCN_TECH receive --device x-0042 --work-order WO-1 \
	--engineer E --org O --escort tech-1 --port a1 --no-wait
wl_expect_rule station.transfers-open wl_cli $SCN_ADMIN1 station rotate-key --reason "third year"
aud_said "it names the transfer" TST1-T000002
wl_check "it is cancelled" wl_cli $SCN_TECH cancel 2 --reason "not today"
wl_stick_insert first b1
wl_until 10 aud_all_seen
wl_expect_rule station.media-present wl_cli $SCN_ADMIN1 station rotate-key --reason "third year"
wl_stick_pull b1
wl_expect_rule approval.missing wl_cli $SCN_ADMIN2 station rotate-key --with admin-1
wl_expect_status 4 "the first proposes" wl_cli $SCN_ADMIN1 station rotate-key ledger --reason "third year"
aud_said "and is told how the second agrees" "weighlock station rotate-key --with admin-1"
wl_expect_rule approval.same-person wl_cli $SCN_ADMIN1 station rotate-key --with admin-1
wl_check "nothing was changed" sh -c "[ ! -e '$ROT_LEDGER/archive' ]"
wl_check "and what is kept was not deleted at one person's word" rot_kept

# ---- done ----
ROT_OLD=$(rot_key)
wl_check "the second agrees" wl_cli $SCN_ADMIN2 station rotate-key --with admin-1 --json
ROT_NEW=$(rot_json origin) ROT_SAID=$(rot_json old_fingerprint)
if rot_kept; then wl_fail "what was kept is gone"; else wl_pass "what was kept is gone"; fi
wl_check "it goes on under the next origin" test "$ROT_NEW" = $SCN_ORIGIN/2
wl_check "the old fingerprint is said" grep -qF "$ROT_SAID" "$WL_WORK/first-card"
wl_check "the key is another" test "$(rot_key)" != "$ROT_OLD"
wl_check "status" wl_cli $SCN_AUDIT status
if grep -q "policy" "$WL_OUT"; then wl_fail "the policy goes on"; else wl_pass "the policy goes on"; fi
wl_cli $SCN_AUDIT station card --json >"$WL_WORK/card.json" 2>/dev/null
ROT_VKEY=$(sed -n 's/.*"vkey": *"\([^"]*\)".*/\1/p' "$WL_WORK/card.json")
printf '%s\n' "$ROT_VKEY" >"$WL_WORK/new.vkey"
wl_check "the card has the new key" sh -c "grep -q '$SCN_ORIGIN/2' '$WL_WORK/new.vkey'"
wl_check "beginning and policy stand in the new ledger" aud_count policy.loaded 1
wl_check "the old one ends with the change" sh -c "grep -aq '\"event\":\"key.rotated\"' $ROT_LEDGER/archive/1/tile/entries/*.p/*"
wl_check "and lies whole in the archive" "$WL_PREFIX/bin/weighlock-verify" --key "$AUD_VKEY" "$ROT_LEDGER/archive/1"
wl_check "its last checkpoint is signed by the old key" "$WL_PYTHON" \
	"$WL_SRC/tests/integration/tlog_check.py" "$AUD_VKEY" "$ROT_LEDGER/archive/1/checkpoint"
wl_check "and carries the new one's signature" grep -q "^. $SCN_ORIGIN/2 " "$ROT_LEDGER/archive/1/checkpoint"

# ---- the auditor's next visit: the old key vouches ----
wl_stick_insert first b1
wl_check "the stick of the first visit, prepared by the same station" aud_seen_then wl_cli $SCN_AUDIT ledger export b1
aud_open first
wl_expect_status 1 "the new key is not in the book" rot_verify "$AUD_DIR"
aud_said "it is named" station-unknown
wl_check "enrol --rotate" "$WL_PREFIX/bin/weighlock-verify" enrol --book "$WL_WORK/book" \
	--rotate "$AUD_DIR/archive/1" "$AUD_DIR/card.vkey"
wl_check "old and new are good" rot_verify "$AUD_DIR"
aud_said "who signed until when" "signed by both keys"
aud_cosign "$(date +%s)"
wl_stick_pull b1
wl_stick_insert first a1
wl_check "her cosignature is taken in" aud_seen_then wl_cli $SCN_AUDIT ledger cosign --from a1
wl_stick_pull a1
wl_stick_insert first b1
wl_check "the next export" aud_seen_then wl_cli $SCN_AUDIT ledger export b1
aud_open first
wl_check "needs the old ledger no more" sh -c "[ ! -e '$AUD_DIR/archive' ]"
wl_stick_pull b1

# ---- work goes on; a start finds it ----
wl_kill weighlockd TERM
wl_kill weighlock-ledgerd TERM
wl_start weighlock-ledgerd && wl_start weighlockd
wl_check "after a start" wl_cli $SCN_TECH status
wl_expect_status 4 "the next transfer counts on" wl_cli $SCN_TECH receive --device x-0042 --work-order WO-2 \
	--engineer E --org O --escort tech-1 --port a1 --no-wait
wl_check "as number 3" wl_cli $SCN_TECH show TST1-T000003
wl_check "and ends" wl_cli $SCN_TECH cancel 3 --reason "enough"

# ---- killed in the middle ----
wl_expect_status 4 "proposed again" wl_cli $SCN_ADMIN1 station rotate-key --reason "once more"
wl_kill weighlock-ledgerd TERM
WL_WRAP_ledgerd="strace -qq -f -o /dev/null -e trace=renameat -e inject=renameat:signal=KILL:when=8"
wl_start weighlock-ledgerd
wl_expect_status 3 "ledgerd dies while the key is changed" wl_cli $SCN_ADMIN2 station rotate-key --with admin-1
WL_WRAP_ledgerd=
wl_start weighlock-ledgerd
rot_there() { wl_cli $SCN_TECH status >/dev/null 2>&1; }
wl_until 20 rot_there
# the old key or the new one, never none: where it was not done yet it is done now
wl_cli $SCN_AUDIT station card --json >"$WL_WORK/card.json" 2>/dev/null
if ! grep -q "$SCN_ORIGIN/3" "$WL_WORK/card.json"; then
	wl_check "the old one still has its key" wl_cli $SCN_ADMIN2 station rotate-key --with admin-1
	wl_cli $SCN_AUDIT station card --json >"$WL_WORK/card.json" 2>/dev/null
fi
ROT_VKEY=$(sed -n 's/.*"vkey": *"\([^"]*\)".*/\1/p' "$WL_WORK/card.json")
wl_check "one ledger goes on" "$WL_PREFIX/bin/weighlock-verify" --key "$ROT_VKEY" "$ROT_LEDGER"
wl_check "and the one before it is whole" sh -c "'$WL_PREFIX/bin/weighlock-verify' --key \"\$(cat '$ROT_LEDGER/archive/2/vkey')\" '$ROT_LEDGER/archive/2'"
wl_check "the station works" wl_cli $SCN_TECH status
wl_end
