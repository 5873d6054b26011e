#!/bin/sh
# Everything that can go wrong between an inspected update and the device's stick: approvals that do
# not count, sticks that are not fit, a stick pulled while it is written. Nothing is called released
# that is not, and nothing half-written mounts.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

bad_begin bad_destination
bad_files big
head -c 12000000 /dev/urandom >"$WL_WORK/big/FIRMWARE.BIN"
scn_manifest "$WL_WORK/big" vendor
bad_ticket big 4.2.1:40201 vendor authority-1
bad_stick big
# refused WHAT RULE: the last command, and the transfer stays where it was
refused() {
	bad_spoken "$1" "$2"
	bad_alive "$1"
	bad_ledger_lines >"$WL_PREFIX/entries"
	bad_not_released "$1"
}

# ---- names the device cannot read ----
bad_files names
mv "$WL_WORK/names/FIRMWARE.BIN" "$WL_WORK/names/semi;colon.bin"
scn_manifest "$WL_WORK/names" vendor
bad_ticket names 4.2.1:40201 vendor authority-1
bad_stick names
bad_receive names
bad_refused "a name that is not dos-safe" name.device-rule

# ---- a waiting transfer ----
bad_receive big
bad_waits "a good update"
wl_stick_new dest 44 b1
bad_release
refused "release without an approval" approval.missing
wl_run wl_cli $SCN_TECH approve "$TRANSFER" --yes
[ "$WL_STATUS" -eq 1 ] && wl_names_rule person.role-missing && bad_says_next && ! bad_unfilled &&
	wl_pass "approve by somebody who is no approver: refused" || wl_fail "approve by a technician"

# ---- withdrawn, voided by a policy, spent by time ----
bad_approve
wl_run wl_cli $SCN_APPR2 withdraw "$TRANSFER"
refused "withdraw by another approver" approval.other-person
wl_check "withdrawn by the approver" wl_cli $SCN_APPR withdraw "$TRANSFER"
bad_event "withdrawn" approval.voided
bad_expect_state "withdrawn" waiting
bad_release
refused "release after the approval was withdrawn" approval.void
bad_approve
bad_policy
bad_expect_state "a new policy came" waiting
bad_event "a new policy came" approval.voided approval.void
bad_release
refused "release after a new policy" approval.void
wl_check "approved for a moment" wl_cli $SCN_APPR approve "$TRANSFER" --yes --for 1s
sleep 2
bad_release
[ "$WL_STATUS" -eq 1 ] && bad_says_next && { wl_names_rule approval.expired || wl_names_rule approval.void; } &&
	wl_pass "release after the approval's time: refused" || wl_fail "release after the approval's time"
bad_expect_state "the approval's time is over" waiting
bad_event "the approval's time is over" approval.voided approval.expired
bad_approve

# ---- sticks that are not fit ----
bad_release
refused "a destination nobody prepared" destination.not-ours
wl_stick_pull b1
wl_run wl_cli $SCN_TECH release "$TRANSFER" --port b1 --no-wait
[ "$WL_STATUS" -eq 4 ] && bad_says_next && wl_pass "no destination: it is waited for" || wl_fail "no destination (status $WL_STATUS)"
wl_stick_new tiny 33 b1
wl_run wl_cli $SCN_TECH prepare b1 --yes
bad_spoken "a stick of 33 MiB to be prepared" destination.too-small
wl_stick_pull b1
bad_prepared tampered 44
wl_stick_pull b1
printf 'X' | dd of="$(wl_stick_file tampered)" bs=1 seek=2000000 conv=notrunc status=none
wl_stick_insert tampered b1
bad_release
refused "a prepared stick that was written since" destination.not-clean
wl_stick_pull b1
wl_stick_insert big b1
bad_release
bad_refused_source() {
	if wl_names_rule destination.is-source; then refused "$1" destination.is-source; else
		refused "$1" destination.not-clean
	fi
}
bad_refused_source "the source in the port for destinations"
wl_check "the source was not written" bad_mounts big
wl_stick_pull b1
wl_stick_insert big a1
wl_run wl_cli $SCN_TECH release "$TRANSFER" --port a1 --no-wait
wl_stick_pull a1
wl_stick_insert tampered b1
bad_spoken "release into a port for sources" medium.direction-wrong
wl_run wl_cli $SCN_SUP release "$TRANSFER" --port b1 --no-wait
refused "release by another technician" person.not-opener
wl_stick_pull b1

# ---- pulled while it is written ----
bad_prepared yanked 44
wl_hold_worker b1 write
(wl_cli $SCN_TECH release "$TRANSFER" --port b1 --no-wait >"$WL_PREFIX/release.out" 2>&1; echo $? >"$WL_PREFIX/release.rc") 9>&- &
BAD_RELEASE=$!
wl_check "held in the middle of writing" wl_held
bad_expect_state "while it is written" releasing
wl_stick_yank b1
wl_let_go
wait "$BAD_RELEASE"
cp "$WL_PREFIX/release.out" "$WL_OUT"
WL_STATUS=$(cat "$WL_PREFIX/release.rc")
refused "pulled while it is written" destination.gone
bad_event "pulled while it is written" release.failed destination.gone
bad_no_mount yanked FIRMWARE.BIN
bad_expect_state "pulled while it is written" approved
wl_run wl_cli $SCN_TECH status
bad_says_next && wl_pass "status ends with Next:" || wl_fail "status has no Next:"
wl_stick_insert yanked b1
bad_release
bad_spoken "the interrupted stick again" destination.not-clean
wl_run wl_cli $SCN_TECH status
wl_names_rule medium.suspect && wl_pass "status calls the interrupted stick suspect" || wl_fail "status does not say suspect"
wl_check "prepared anew it is good again" wl_cli $SCN_TECH prepare b1 --yes
bad_release
[ "$WL_STATUS" -eq 0 ] && wl_pass "released in the end" || wl_fail "released in the end (status $WL_STATUS)"
bad_expect_state "released in the end" released
wl_stick_pull b1
wl_fat_get "$(wl_stick_file yanked)" FIRMWARE.BIN "$WL_WORK/back.bin"
wl_check "what was delivered is what was sent" cmp "$WL_WORK/back.bin" "$WL_WORK/big/FIRMWARE.BIN"
wl_expect_status 2 "released: nothing to cancel" wl_cli $SCN_TECH cancel "$TRANSFER" --reason x

# ---- rejected, cancelled ----
bad_update next 4.2.2 40202
bad_stick next
bad_receive next
bad_waits "another update"
wl_check "rejected" wl_cli $SCN_APPR reject "$TRANSFER" --reason "not this week"
bad_event "rejected" transfer.rejected "not this week"
bad_expect_state "rejected" rejected
wl_stick_insert dest b1
wl_expect_status 2 "release of what was rejected" wl_cli $SCN_TECH release "$TRANSFER" --port b1 --no-wait
bad_receive next
wl_check "cancelled" wl_cli $SCN_TECH cancel "$TRANSFER" --reason "only a try"
bad_event "cancelled" transfer.cancelled
wl_expect_status 2 "approve what was cancelled" wl_cli $SCN_APPR approve "$TRANSFER" --yes
bad_says_next && ! bad_unfilled && wl_pass "and Next:" || wl_fail "no Next:"

bad_end
