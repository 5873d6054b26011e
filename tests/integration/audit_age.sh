#!/bin/sh
# What comes with the years (SCENARIOS W10): a cosignature that gets old, a certificate that expires, is
# asked for and brought back, a clock whose battery is dead. The station's clock is moved with faketime; the key stays.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/audit_lib.sh"

wl_begin audit_age
command -v faketime >/dev/null || { wl_skip "faketime is not installed"; wl_end; }
scn_begin
aud_key
wl_station_start || wl_end
scn_setup
aud_policy 2

AGE_LIBRARY=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -n 1)
# age_at OFFSET: every daemon starts again with its clock so far ahead
age_at() {
	wl_station_stop
	AGE=$1
	# the two that read a clock; what works in a sandbox reads none. The library by itself: `faketime`
	# forks, and whoever is told to end is then not the daemon
	for age_each in ledgerd weighlockd; do
		eval "WL_WRAP_$age_each=\"LD_PRELOAD=$AGE_LIBRARY FAKETIME=$1 FAKETIME_DISABLE_SHM=1\""
	done
	wl_station_start || wl_end
}
age_cli() { # as wl_cli, the person's clock moved too
	age_uid=$1
	shift
	wl_as "$age_uid" faketime -f "$AGE" weighlock --state "$WL_STATE" "$@"
}
AGE=+0d

# ---- a year: the cosignature is nearly due, then overdue ----
wl_check "status now" wl_cli $SCN_ADMIN1 status
if grep -qi certificate "$WL_OUT"; then wl_fail "no word of the certificate yet"; else wl_pass "no word of the certificate yet"; fi
age_at +340d
wl_check "status a month before" age_cli $SCN_AUDIT status
aud_said "warns" "WARNING: the next cosignature is due"
age_at +400d
wl_check "status after it" age_cli $SCN_AUDIT status
aud_said "names the rule" station.cosignature-old
wl_expect_status 4 "what comes in still comes in" age_cli $SCN_TECH receive --device x-0042 --work-order WO-1 \
	--engineer E --org O --escort tech-1 --port a1 --no-wait
wl_check "and is cancelled" age_cli $SCN_TECH cancel 1 --reason "no stick"

# ---- ten years: the certificate ----
age_at +3600d
wl_check "status 50 days before the certificate ends" age_cli $SCN_ADMIN1 status
aud_said "warns with the days" "certificate expires in 4[0-9] days\|certificate expires in 5[0-9] days"
aud_said "and says what to do" "weighlock station csr"
wl_expect_rule person.role-missing age_cli $SCN_AUDIT station csr
mkdir -m 0777 "$WL_WORK/ca"
wl_check "csr to a file" age_cli $SCN_ADMIN1 station csr -o "$WL_WORK/ca/station.csr"
wl_check "openssl takes it" openssl req -in "$WL_WORK/ca/station.csr" -verify -noout
wl_stick_new request 64
wl_stick_insert request b1
wl_check "a medium is prepared for it" aud_seen_then age_cli $SCN_CUST prepare b1 --as audit --yes
wl_check "csr onto it" age_cli $SCN_ADMIN1 station csr b1
aud_open request
wl_check "the medium holds it" openssl req -in "$AUD_DIR/$SCN_STATION.csr" -verify -noout
wl_stick_pull b1

# the authority signs: one for the station's key, one for another key, one that is no certificate
age_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7300 -subj "/CN=Agency CA" \
		-keyout "$WL_WORK/ca/ca.key" -out "$WL_WORK/ca/ca.pem" 2>/dev/null
	printf 'keyUsage=critical,digitalSignature\nbasicConstraints=critical,CA:FALSE\n' >"$WL_WORK/ca/ext"
	openssl x509 -req -in "$1" -CA "$WL_WORK/ca/ca.pem" -CAkey "$WL_WORK/ca/ca.key" -set_serial 7 \
		-days 5000 -extfile "$WL_WORK/ca/ext" -out "$2" 2>/dev/null
}
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj "/CN=Other" \
	-keyout "$WL_WORK/ca/other.key" -out "$WL_WORK/ca/other.csr" 2>/dev/null
AUD_DIR=$WL_WORK/bring
age_bring() { # NAME: what is in $AUD_DIR, on a stick in a1
	aud_stick "$1"
	wl_stick_insert "$1" a1
	wl_until 10 aud_all_seen
}
mkdir "$AUD_DIR"
printf 'hello\n' >"$AUD_DIR/readme.txt"
age_bring empty
wl_expect_rule station.certificate-missing age_cli $SCN_ADMIN1 station cert --from a1
wl_stick_pull a1
printf 'no certificate\n' >"$AUD_DIR/station.crt"
age_bring broken
wl_expect_rule station.certificate-unreadable age_cli $SCN_ADMIN1 station cert --from a1
wl_stick_pull a1
age_ca "$WL_WORK/ca/other.csr" "$AUD_DIR/station.crt"
age_bring other
wl_expect_rule station.certificate-other age_cli $SCN_ADMIN1 station cert --from a1
wl_stick_pull a1

# ---- it expires: nothing stops, papers say so ----
age_at +3700d
wl_check "status after it ended" age_cli $SCN_ADMIN1 status
aud_said "says so" "certificate expired on"
wl_check "the card" age_cli $SCN_AUDIT station card --json
aud_said "says so" certificate_expired
age_ca "$WL_WORK/ca/station.csr" "$AUD_DIR/station.crt"
age_bring good
wl_check "the certificate comes back" age_cli $SCN_ADMIN1 station cert --from a1
wl_stick_pull a1
wl_check "openssl finds it in its place" openssl x509 -in "$WL_STATE/var/lib/weighlock-ledger/station.pem" \
	-noout -checkend 0
wl_check "issued by the authority" openssl verify -CAfile "$WL_WORK/ca/ca.pem" -partial_chain \
	"$WL_STATE/var/lib/weighlock-ledger/station.pem"
wl_check "the old one is kept" sh -c "ls '$WL_STATE'/var/lib/weighlock-ledger/certificates/*.pem"
wl_check "and it is in the ledger" aud_count station.certified 1

# ---- the clock's battery: a station that wakes up before its own ledger ----
age_at +0d
wl_check "status" age_cli $SCN_ADMIN1 status
aud_said "says that the clock is behind" station.clock-behind
aud_said "and what to do" "clock"
wl_expect_rule station.clock-behind age_cli $SCN_TECH receive --device x-0042 --work-order WO-1 \
	--engineer E --org O --escort tech-1 --port a1 --no-wait
wl_expect_rule station.clock-behind age_cli $SCN_TECH ticket add --from a1
wl_check "the ledger can be read" age_cli $SCN_AUDIT ledger show --count 3
wl_expect_rule person.role-missing age_cli $SCN_AUDIT station csr
age_floor() { age_cli $SCN_AUDIT ledger show --count 100 --json | grep -q '"clock":"floor"'; }
wl_check "what is written meanwhile says that its time is the floor" age_floor
age_at +3701d
wl_check "with its clock put right it works again" age_cli $SCN_TECH status
if grep -q clock-behind "$WL_OUT"; then wl_fail "no word of the clock"; else wl_pass "no word of the clock"; fi
wl_end
