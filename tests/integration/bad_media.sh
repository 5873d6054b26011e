#!/bin/sh
# Sticks that are not what a stick should be, and sticks where none was asked for: each named by its
# rule and recorded; the station lives on and nothing crosses.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

BAD_SECOND_SOURCE=1
bad_begin bad_media
bad_policy "s|^  b1: {.*|&\n  a2: { match: \"$(wl_port_match a2)\", use: source }|"
bad_update good 4.2.1 40201
bad_stick good

# refused STICK WHAT RULE: of the volume: the transfer ends
refused() {
	bad_receive "$1"
	bad_refused "$2" "$3"
	rm -f "$(wl_stick_file "$1")"
}
# cancelled: gives up what the last case left open
cancelled() {
	wl_check "$1: cancelled" wl_cli $SCN_TECH cancel "$TRANSFER" --reason "only a try"
	bad_event "$1" transfer.cancelled
}
fat() { "$WL_PYTHON" "$WL_SRC/tests/integration/bad_fat.py" "$(wl_stick_file "$1")" "$2" >>"$WL_LOGS/python.log" 2>&1 || wl_fail "bad_fat.py $2"; }
copy() { cp --sparse=always "$(wl_stick_file good)" "$(wl_stick_file "$1")"; }

# ---- nothing is read unasked ----
wl_stick_insert good a1
sleep 1
wl_run wl_cli $SCN_AUDIT ledger show --json
if grep -q '"event":"medium.seen"' "$WL_OUT" && ! grep -q '"event":"gate.opened"' "$WL_OUT"; then
	wl_pass "a stick that nobody asked for is seen, and not read"
else
	wl_fail "a stick that nobody asked for"
fi
wl_stick_pull a1

# ---- the volume ----
wl_stick_new blank 34
refused blank "a blank stick" volume.none
copy loop
fat loop loop
refused loop "a chain that loops" volume.chain-loop
copy cross
fat cross cross
refused cross "two files that share clusters" volume.chain-crossed
copy size
fat size size
refused size "a file larger than its chain" volume.size-wrong
copy table
printf '\377' | dd of="$(wl_stick_file table)" bs=1 seek=446 conv=notrunc status=none
refused table "a damaged partition table" volume.table-bad
copy boot
printf '\377\377\377\017' | dd of="$(wl_stick_file boot)" bs=1 seek=$((1048576 + 44)) conv=notrunc status=none
refused boot "an impossible first block" volume.boot-bad

# ---- names ----
copy control
fat control name-control
refused control "a name with a control character" name.control
copy bidi
fat bidi name-bidi
refused bidi "a name that turns the writing round" name.control
copy surrogate
fat surrogate name-surrogate
refused surrogate "a name with half a character" name.encoding
copy reserved
fat reserved name-reserved
refused reserved "a file called NUL" name.reserved
copy twice
fat twice name-twice
refused twice "two files of one name" name.duplicate

# ---- nothing in it ----
mkdir "$WL_WORK/none"
wl_fat_make "$(wl_stick_file none)" 44 VENDOR
# without a ticket that is the first thing to say: the stages are judged in order
refused none "an empty stick" ticket.missing

# ---- which stick, which port ----
copy other
wl_stick_insert good a1
wl_stick_insert other a2
bad_open
bad_spoken "two sticks and no port named" medium.several
bad_alive "two sticks"
bad_open $SCN_TECH x-0042 --port a2
bad_waits "two sticks and a port named"
cancelled "two sticks"
wl_stick_pull a1
wl_stick_pull a2

wl_run wl_cli $SCN_TECH receive --no-wait --device x-0042 --work-order W --engineer E --org O \
	--escort tech-1 --port b1
TRANSFER=
bad_spoken "receive from a port for destinations" medium.direction-wrong
bad_alive "wrong port"

# ---- pulled in the middle, and put in again ----
bad_files big
head -c 30000000 /dev/urandom >"$WL_WORK/big/FIRMWARE.BIN"
scn_manifest "$WL_WORK/big" vendor
bad_ticket big 4.2.1:40201 vendor authority-1
bad_stick big 64
bad_open $SCN_TECH x-0042 --port a1
wl_hold_worker a1 read
wl_stick_insert big a1
wl_check "held in the middle of reading" wl_held
bad_expect_state "while it is read" reading
wl_stick_yank a1
wl_let_go
bad_expect_state "pulled while it was read" opened 20
bad_ledger_lines >"$WL_PREFIX/entries"
bad_event "pulled while it was read" gate.shut medium.gone
wl_run wl_cli $SCN_TECH show "$TRANSFER"
bad_says_next && wl_names_rule medium.gone && ! bad_unfilled && wl_pass "show says medium.gone, and what is next" ||
	wl_fail "show after the pull"
wl_run wl_cli $SCN_TECH status
bad_says_next && wl_pass "status ends with Next:" || wl_fail "status has no Next:"
wl_stick_insert big a1
# the stick put in again is read by itself; retry, where that has begun, is a wrong state and no harm
wl_run wl_cli $SCN_TECH retry "$TRANSFER" --no-wait
bad_expect_state "after it was put in again" waiting 20
wl_stick_pull a1

# ---- the vault is full: of what, who can make room, and how ----
BAD_HELD=$TRANSFER
bad_policy "s|^  b1: {.*|&\n  a2: { match: \"$(wl_port_match a2)\", use: source }|; s/quota: 8 GiB/quota: 4 MiB/"
bad_receive big
cp "$WL_OUT" "$WL_PREFIX/full"
bad_spoken "a vault without room" station.vault-full "$WL_STATUS"
[ "$WL_STATUS" -ne 0 ] && wl_pass "status $WL_STATUS" || wl_fail "a full vault is no success"
bad_in_ledger "a vault without room" station.vault-full
wl_check "it says how much is needed and free" grep -q 'for this transfer: 0 B < 30\.[0-9] MB\.' "$WL_PREFIX/full"
wl_check "and what takes the most room, whose it is and how it is given up" grep -Eq \
	"$BAD_HELD  30\.[0-9] MB  WAITING for an approver  by tech-1  weighlock cancel $BAD_HELD --reason TEXT" "$WL_PREFIX/full"
wl_check "next is to see what takes the room" grep -q '^Next: Make room.*weighlock transfers --by-size$' "$WL_PREFIX/full"
wl_run wl_cli $SCN_TECH transfers --by-size
cp "$WL_OUT" "$WL_PREFIX/full"
wl_check "the largest first, with what lies in the store" grep -Eq "$BAD_HELD .*; in the store: 30\.[0-9] MB" "$WL_PREFIX/full"
bad_locales=$(find "$WL_PREFIX" -path '*/fr/LC_MESSAGES/weighlock.mo' | head -n 1)
wl_run wl_as $SCN_TECH env WEIGHLOCK_LOCALES="${bad_locales%/fr/LC_MESSAGES/*}" \
	weighlock --state "$WL_STATE" transferts --by-size --lang fr
cp "$WL_OUT" "$WL_PREFIX/full"
wl_check "in French too" grep -q "; dans la réserve : 30\.[0-9] MB" "$WL_PREFIX/full"
wl_check "given up as it was said" wl_cli $SCN_TECH cancel "$BAD_HELD" --reason "only a try"
bad_expect_state "a vault without room" opened
bad_policy "s|^  b1: {.*|&\n  a2: { match: \"$(wl_port_match a2)\", use: source }|"
wl_stick_insert big a1
wl_run wl_cli $SCN_TECH retry "$TRANSFER" --no-wait
bad_expect_state "with room again" waiting 20
wl_stick_pull a1

bad_end
