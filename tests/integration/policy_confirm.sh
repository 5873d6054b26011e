#!/bin/sh
# The second administrator confirms the policy that was read, not whatever now bears its number; a
# proposal outlives the broker; which media are suspect is known again after a restart; a policy
# comes from a medium as well as from a folder.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

bad_begin policy_confirm

# propose FOLDER SED-SCRIPT: version 2, changed by it, signed and proposed; its digest in $DIGEST
propose() {
	scn_policy "$WL_WORK/$1" 2
	sed -i "$2" "$WL_WORK/$1/policy.yaml"
	pki_sign policy-authority "$WL_WORK/$1/policy.yaml" "$WL_WORK/$1/policy.yaml.p7s"
	wl_check "$1 proposed" wl_cli $SCN_ADMIN1 policy install --from "$WL_WORK/$1"
	DIGEST=$(sha256sum "$WL_WORK/$1/policy.yaml" | cut -d' ' -f1)
}
confirm() { wl_run wl_cli $SCN_ADMIN2 policy confirm "$@"; }
in_force() { wl_cli $SCN_ADMIN2 policy show --json | grep -q "\"version\": *$1[,}]"; }

propose first s/8\ h/4\ h/
FIRST=$DIGEST
propose second s/8\ h/24\ h/
SECOND=$DIGEST
[ "$FIRST" != "$SECOND" ] || wl_fail "the two proposals are one"

confirm 2 --sha256 "$FIRST"
bad_spoken "another policy of the same version" approval.void
confirm 2
[ "$WL_STATUS" -eq 2 ] && wl_pass "two of one version: it must be said which" ||
	wl_fail "two of one version: status $WL_STATUS"
wl_check "version 1 is still in force" in_force 1

wl_kill weighlockd
wl_start weighlockd
wl_until 15 wl_cli $SCN_ADMIN2 status
wl_run wl_cli $SCN_ADMIN2 policy show 2
grep -q "$SECOND" "$WL_OUT" && wl_pass "kept over a restart: the last proposal" ||
	wl_fail "kept over a restart: the last proposal"
confirm 2
[ "$WL_STATUS" -eq 2 ] && wl_pass "kept over a restart: that there were two" ||
	wl_fail "kept over a restart: that there were two (status $WL_STATUS)"
wl_run wl_cli $SCN_ADMIN1 policy confirm 2 --sha256 "$SECOND"
bad_spoken "kept over a restart: who proposed it" approval.same-person
confirm 2 --sha256 "$SECOND"
[ "$WL_STATUS" -eq 0 ] && wl_pass "what was read is confirmed" || wl_fail "confirm (status $WL_STATUS)"
wl_check "version 2 is in force" in_force 2

# ---- what changed, and the way back ----

wl_run wl_cli $SCN_ADMIN2 policy diff 1 2
if [ "$WL_STATUS" -eq 0 ] && grep -q "approvals.valid: 8 h becomes 24 h" "$WL_OUT" && [ "$(grep -c '^  line' "$WL_OUT")" -eq 2 ]; then
	wl_pass "diff of two versions: the two keys that differ"
else
	wl_fail "diff of two versions (status $WL_STATUS)"
fi
wl_run wl_cli $SCN_ADMIN2 policy diff "$WL_WORK/second/policy.yaml"
grep -q "They say the same" "$WL_OUT" && wl_pass "diff of a file with the one in force" ||
	wl_fail "diff of a file with the one in force (status $WL_STATUS)"
wl_run wl_cli $SCN_ADMIN2 policy diff 7
[ "$WL_STATUS" -ne 0 ] && wl_pass "diff with a version that is not there" || wl_fail "diff with a version that is not there"
scn_policy "$WL_WORK/original" 3
mkdir "$WL_WORK/again"
wl_cli $SCN_ADMIN1 policy reissue 1 >"$WL_WORK/again/policy.yaml" 2>"$WL_OUT" || wl_fail "reissue"
wl_check "reissued: the first policy's bytes, under the next version" \
	cmp "$WL_WORK/again/policy.yaml" "$WL_WORK/original/policy.yaml"
wl_check "reissued under the version that was said" \
	sh -c "'$WL_PREFIX/bin/weighlock' policy reissue '$WL_WORK/again/policy.yaml' --as 12 | grep -q '^version: 12$'"

# ---- from a medium, through gate A ----

# policy_stick STICK FOLDER: a stick with what the folder holds, and litter, in a1
policy_stick() {
	wl_fat_make "$(wl_stick_file "$1")" 44 POLICY
	wl_fat_put "$(wl_stick_file "$1")" "$2"
	wl_fat_litter "$(wl_stick_file "$1")"
	wl_stick_insert "$1" a1
}
install_from() { wl_run wl_cli "${2:-$SCN_ADMIN1}" policy install --from "$1"; }
TRANSFER= # nothing here belongs to one

install_from z9
bad_spoken "a port that is none" medium.port-unknown
install_from b1
bad_spoken "a destination" medium.direction-wrong
install_from a1
bad_spoken "an empty port" medium.gone
wl_expect_rule person.role-missing wl_cli $SCN_TECH policy install --from a1

mkdir "$WL_WORK/in-a-folder"
scn_policy "$WL_WORK/in-a-folder/policy" 3
policy_stick folder "$WL_WORK/in-a-folder"
install_from a1
bad_spoken "a policy in a folder" policy.missing
bad_in_ledger "a policy in a folder" policy.missing admin-1
wl_stick_pull a1

scn_policy "$WL_WORK/unsigned" 3
rm "$WL_WORK/unsigned/policy.yaml.p7s"
policy_stick unsigned "$WL_WORK/unsigned"
install_from a1
bad_spoken "no signature beside it" policy.signature
wl_stick_pull a1

scn_policy "$WL_WORK/forged" 3
echo "# one line more" >>"$WL_WORK/forged/policy.yaml"
policy_stick forged "$WL_WORK/forged"
install_from a1
bad_spoken "not what was signed" policy.signature
wl_stick_pull a1

scn_policy "$WL_WORK/large" 3
head -c 41000 /dev/zero >"$WL_WORK/large/more.pem"
policy_stick large "$WL_WORK/large"
install_from a1
bad_spoken "more than a station takes" policy.too-large
wl_stick_pull a1

scn_policy "$WL_WORK/third" 3
policy_stick third "$WL_WORK/third"
install_from a1
[ "$WL_STATUS" -eq 0 ] && bad_says_next && wl_pass "proposed from a medium" ||
	wl_fail "proposed from a medium (status $WL_STATUS)"
wl_stick_pull a1
bad_ledger_lines >"$WL_PREFIX/entries"
grep -F '"event":"gate.opened"' "$WL_PREFIX/entries" | grep -qF '"purpose":"policy"' &&
	wl_pass "the ledger says what gate A was opened for" ||
	wl_fail "the ledger does not say what gate A was opened for"
wl_check "what came from a medium is confirmed" wl_cli $SCN_ADMIN2 policy confirm 3
wl_check "version 3 is in force" in_force 3

bad_end
