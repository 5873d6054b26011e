#!/bin/sh
# Exports that must not be: each refusal by its rule, by the real station.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/broker.sh"
. "$WL_SRC/tests/integration/bad.sh"
. "$WL_SRC/tests/integration/export_lib.sh"

exp_begin export_bad
brk_begin

# ---- what may be opened ----
# ask UID [PYTHON]: OpenOutbound with a whole request, changed by the words (r is the request)
ask() {
	ask_uid=$1
	ask_json=$("$WL_PYTHON" -c 'import json,sys
r = {"device": "x-0042", "case": "2026-FA-0311", "authority": "ca-107-5-a", "reference": "letter", "requester": "Counsel",
     "outputs": ["scrubbed"], "scans": ["118820"], "tip_state": "off", "scanner_clock": "unknown", "port": "a1"}
exec(sys.argv[1])
print(json.dumps(r))' "${2:-pass}")
	vl "$ask_uid" OpenOutbound "$ask_json"
}
wl_expect_rule export.case-missing ask $SCN_INVEST 'del r["case"]'
wl_expect_rule export.authority-unknown ask $SCN_INVEST 'r["authority"]="ca-107-5-z"'
wl_expect_rule export.field-missing ask $SCN_INVEST 'del r["reference"]'
wl_expect_rule export.field-missing ask $SCN_INVEST 'del r["requester"]'
wl_expect_rule export.field-missing ask $SCN_INVEST 'del r["tip_state"]'
wl_expect_rule export.field-missing ask $SCN_INVEST 'del r["scans"]'
wl_expect_rule export.field-missing ask $SCN_INVEST 'r["authority"]="ca-107-8"'
wl_expect_rule export.field-missing ask $SCN_INVEST 'del r["scans"]; r["from"]="2026-11-16T00:00:00Z"; r["to"]="2026-11-17T00:00:00Z"'
wl_expect_rule export.profile-forbidden ask $SCN_INVEST 'r["requester"]="appr-1"'
wl_expect_rule export.profile-forbidden ask $SCN_INVEST 'r["device"]="o-0007"'
wl_expect_rule export.recipient-unknown ask $SCN_INVEST 'r["recipients"]=["nobody"]'
wl_expect_rule update.device-unknown ask $SCN_INVEST 'r["device"]="x-9999"'
wl_expect_rule medium.direction-wrong ask $SCN_INVEST 'r["port"]="b1"'
for ask_bad in 'r["scans"]=["5..4"]' 'r["scans"]=["*"]' 'r["outputs"]=["raw"]' 'r["scanner_clock"]="noon"' 'r["tip_exceptions"]=["1=maybe"]'; do
	wl_run ask $SCN_INVEST "$ask_bad"
	grep -q BadArgument "$WL_OUT" && wl_pass "BadArgument: $ask_bad" || wl_fail "$ask_bad"
done
wl_run ask $SCN_TECH
grep -q NotPermitted "$WL_OUT" && wl_pass "a technician takes no pictures out" || wl_fail "a technician opened an export"
wl_run wl_cli $SCN_INVEST export --no-wait --device x-0042 </dev/null
[ "$WL_STATUS" -eq 2 ] && grep -q -- '--case ID' "$WL_OUT" && grep -q -- '--clock' "$WL_OUT" &&
	wl_pass "without a terminal the list of what is missing" || wl_fail "what is missing was not said (status $WL_STATUS)"

# ---- nothing there ----
exp_scanner scanner "$WL_WORK/pictures/20261116" "$WL_WORK/pictures/20261117"
wl_stick_insert scanner a1
exp_open --scans 777 --as scrubbed
bad_refused "nothing of it is on the stick" export.empty
exp_open --scans 118824 --as scrubbed
bad_refused "all of it is refused" export.empty
wl_stick_pull a1

# ---- more than the policy lets out ----
bad_policy 's/^  encrypt: optional/&\n  transfer_pictures: 2/'
wl_stick_insert scanner a1
exp_open --scans 118820..118821 --as scrubbed
bad_refused "three files where two may go" export.volume-cap
wl_stick_pull a1
bad_policy 's/^  encrypt: optional/  encrypt: required/'
wl_expect_rule export.recipient-missing ask $SCN_INVEST
bad_policy 's/^  encrypt: optional/  encrypt: never/'

bad_end
