#!/bin/sh
# Exports that something happens to: sticks pulled while they are read and written, the broker started
# again in each state, more read later, one's own word. The worker at the stick is stopped in the middle
# (hold_worker.py), so a state lasts as long as it is looked at on a machine of any speed.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/broker.sh"
. "$WL_SRC/tests/integration/bad.sh"
. "$WL_SRC/tests/integration/export_lib.sh"

exp_begin export_mishaps

# a picture of 30 MB that nothing makes smaller: reading and writing last long enough to be met
"$WL_PYTHON" - "$WL_WORK/pictures/20261116/118829_A.bmp" <<'PY'
import os, struct, sys
side = 3200
with open(sys.argv[1], "wb") as f:
    f.write(b"BM" + struct.pack("<IHHI", 54 + 3 * side * side, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 3 * side * side, 2835, 2835, 0, 0))
    f.write(os.urandom(3 * side * side))
PY
exp_scanner scanner "$WL_WORK/pictures/20261116" "$WL_WORK/pictures/20261117"

# ---- pulled while it is read ----
exp_open --scans 118820,118823,118824,118829 --as scrubbed --as evidence
wl_hold_worker a1 read
wl_stick_insert scanner a1
wl_check "in the middle of reading" wl_held
bad_expect_state "while it is read" reading
wl_stick_yank a1
wl_let_go
bad_expect_state "pulled while it was read" opened 20
wl_run wl_cli $SCN_INVEST show "$TRANSFER"
! grep -q 'Preserved' "$WL_OUT" && wl_pass "nothing is called preserved" || wl_fail "preserved, though it was pulled"
wl_stick_insert scanner a1
wl_run wl_cli $SCN_INVEST retry "$TRANSFER" --no-wait
bad_expect_state "after it was put in again" waiting 30
wl_stick_pull a1
exp_json "two files are missing" 'o["scrubbed"]["refused"]' 2

# ---- a second try at the scanner, into the same transfer ----
wl_expect_status 1 "approved before more is read" wl_cli $SCN_LEAD approve "$TRANSFER" --accept transfer.overwrites
exp_scanner again "$WL_WORK/pictures/again/20261116"
wl_stick_insert again a1
wl_run wl_cli $SCN_INVEST2 export --add-to "$TRANSFER" --only 118823,118824 --no-wait
bad_spoken "more, by another investigator" person.not-opener
wl_expect_status 2 "scans that were never asked for" wl_cli $SCN_INVEST export --add-to "$TRANSFER" --only 118830 --no-wait
wl_run wl_cli $SCN_INVEST export --add-to "$TRANSFER" --only 118823,118824 --no-wait
bad_expect_state "more was read" waiting 30
wl_stick_pull a1
exp_json "now nothing is missing" 't["verdict"]' pass
exp_json "the refused ones were replaced" 'sorted(i["scan"] for i in items if i["rule"] == "leave.replaced")' "['118823', '118824']"
exp_json "evidence has both tries" 'o["evidence"]["files"]' 7
exp_json "scrubbed has one of each" 'o["scrubbed"]["files"]' 5

# ---- started again in each state ----
restart() { wl_kill weighlockd "${1:-KILL}"; wl_start weighlockd; }
restart
bad_expect_state "started again while it waits" waiting
wl_run wl_cli $SCN_INVEST approve "$TRANSFER"
[ "$WL_STATUS" -eq 1 ] && wl_names_rule person.role-missing && wl_pass "the opener has no say" || wl_fail "the opener approved"
wl_check "approved" wl_cli $SCN_LEAD approve "$TRANSFER"
restart
bad_expect_state "started again when it is approved" approved

# release_held: a release that stands still in the middle of writing
release_held() {
	wl_hold_worker b1 write
	(
		wl_cli $SCN_INVEST release "$TRANSFER" --port b1 --no-wait >"$WL_PREFIX/release.out" 2>&1
		echo $? >"$WL_PREFIX/release.rc"
	) 9>&- &
	EXP_RELEASE=$!
	wl_check "in the middle of writing" wl_held
}

# ---- pulled while it is written, and killed while it is written ----
exp_prepared yanked
release_held
bad_expect_state "while it is written" releasing
wl_stick_yank b1
wl_let_go
wait "$EXP_RELEASE"
cp "$WL_PREFIX/release.out" "$WL_OUT"
WL_STATUS=$(cat "$WL_PREFIX/release.rc")
bad_spoken "pulled while it is written" destination.gone
bad_event "pulled while it is written" release.failed destination.gone
bad_no_mount yanked bagit
bad_expect_state "pulled while it is written" approved
exp_prepared killed
release_held
wl_kill weighlockd KILL
wl_let_go
wait "$EXP_RELEASE"
wl_start weighlockd
bad_expect_state "killed while it is written" approved 20
bad_event "killed while it is written" release.unknown
wl_run wl_cli $SCN_INVEST release "$TRANSFER" --port b1 --no-wait
bad_spoken "the interrupted stick is not used again" destination.not-clean
wl_check "prepared anew" wl_cli $SCN_INVEST prepare b1 --for x-0042 --yes
exp_release
exp_json "one output is out" 't["state"]' approved
wl_stick_pull b1
wl_stick_insert again a1
wl_check "withdrawn before the second one" wl_cli $SCN_LEAD withdraw "$TRANSFER"
wl_run wl_cli $SCN_INVEST release "$TRANSFER" --port b1 --no-wait
wl_stick_pull a1
wl_check "cancelled in the middle" wl_cli $SCN_INVEST cancel "$TRANSFER" --reason "no longer asked for"
bad_event "its copies go" vault.deleted

# ---- projected threats, and one's own word ----
wl_stick_insert scanner a1
EXP_UID=$SCN_LEAD exp_open --scans 118820 --as evidence --tip-except 118820=projected
wl_stick_pull a1
exp_json "a projected threat holds evidence" 't["holds"]' "['transfer.tip-projected']"
wl_run wl_cli $SCN_LEAD approve "$TRANSFER" --accept transfer.tip-projected
bad_spoken "one's own export" approval.same-person
wl_run wl_cli $SCN_APPR approve "$TRANSFER" --incomplete
bad_spoken "accepted by another name" approval.not-accepted
wl_check "rejected" wl_cli $SCN_APPR reject "$TRANSFER" --reason "not with a false threat"
bad_expect_state "rejected" rejected

bad_end
