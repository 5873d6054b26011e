#!/bin/sh
# The second administrator confirms the policy that was read, not whatever now bears its number; a
# proposal outlives the broker; which media are suspect is known again after a restart.
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

bad_end
