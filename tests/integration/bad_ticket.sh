#!/bin/sh
# Tickets that do not let this update through here and now, and a station whose clock is behind its
# own ledger: refused by rule, said as a refusal must be, recorded; nothing is released.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

bad_begin bad_ticket
bad_update good 4.2.1 40201

# again NAME [PYTHON]: the good update, its ticket changed by the statement (t: its members) or, with
# the statement on `s`, its text; signed again by officer one
again() {
	rm -rf "${WL_WORK:?}/$1"
	cp -r "$WL_WORK/good" "$WL_WORK/$1"
	"$WL_PYTHON" - "$WL_WORK/$1/AA-GOOD.ticket.json" "$2" <<-'PY'
		import json, sys
		path, change = sys.argv[1:]
		s = open(path).read()
		t = json.loads(s)
		before = s
		exec(change)
		open(path, "w").write(s if s != before else json.dumps(t, indent=2) + "\n")
	PY
	rm -f "$WL_WORK/$1"/*.ticket.*.p7s
	pki_sign "${3:-authority-1}" "$WL_WORK/$1/AA-GOOD.ticket.json" "$WL_WORK/$1/AA-GOOD.ticket.1.p7s"
}
refused() { # refused NAME WHAT RULE
	bad_stick "$1"
	bad_receive "$1"
	bad_refused "$2" "$3"
	rm -f "$(wl_stick_file "$1")"
}

again dup 's = s.replace("{", "{\"id\": \"AA-OTHER\", ", 1)'
refused dup "a ticket that says its id twice" ticket.unreadable
again unknown 't["colour"] = "red"'
refused unknown "a ticket with a member nobody knows" ticket.field-unknown
again float 's = s.replace("40201", "40201.0")'
refused float "a ticket with a fraction" ticket.unreadable
again type2 't["type"] = "ca.weighlock.ticket/2"'
refused type2 "a ticket of another type" ticket.type-unknown
again expired 't["issued_at"] = t["not_before"] = "2020-01-01T00:00:00Z"; t["not_after"] = "2020-06-01T00:00:00Z"'
refused expired "an expired ticket" ticket.expired
again notyet 't["not_before"] = "2057-01-01T00:00:00Z"; t["not_after"] = "2058-01-01T00:00:00Z"'
refused notyet "a ticket for later" ticket.not-yet
again serial 't["devices"][0]["serials"] = ["X-9999"]'
refused serial "a ticket for another serial" ticket.device-other
again station 't["stations"] = ["STN9"]'
refused station "a ticket for another station" ticket.station-other
again vendor 't["vendor"] = "oldscan"'
refused vendor "a ticket for another vendor" ticket.vendor-other
again digest 't["files"][0]["sha256"] = "0" * 64'
refused digest "a ticket that assessed other bytes" update.file-changed
again forged 't["note"] = "x"' sibling
refused forged "a ticket nobody of the authority signed" signature.signer-untrusted
again nosig 't["note"] = "y"'
rm "$WL_WORK/nosig"/*.ticket.1.p7s
refused nosig "a ticket without a signature" signature.missing
again none 't["note"] = "z"'
rm "$WL_WORK/none"/*.ticket.*
refused none "no ticket, where the policy wants one" ticket.missing

# an unsigned vendor: two officers or nothing
bad_old() { # bad_old NAME OFFICER…
	bad_old_name=$1
	shift
	bad_files "$bad_old_name"
	[ $# -gt 0 ] || return 0
	scn_ticket "$WL_WORK/$bad_old_name" "$(bad_id "$bad_old_name")" oldscan o1:O-0007 firmware 7:700 none "$@"
	scn_ticket_beside "$(bad_id "$bad_old_name")" "$WL_WORK/$bad_old_name"
}
bad_old old0
bad_stick old0
bad_receive old0 $SCN_TECH o-0007
bad_refused "an unsigned update without a ticket" ticket.missing
bad_old old1 authority-1
bad_stick old1
bad_receive old1 $SCN_TECH o-0007
bad_refused "one officer where two are needed" signature.too-few-signers

# used: the same ticket, once it has been released
bad_stick good
bad_receive good
bad_waits "the good update"
bad_approve
bad_prepared dest 44
bad_release
[ "$WL_STATUS" -eq 0 ] && wl_pass "released once" || wl_fail "released once (status $WL_STATUS)"
wl_stick_pull b1
bad_receive good
bad_refused "the same ticket a second time" ticket.used

# the clock goes back before the ledger's newest entry
FAKE=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -n 1)
if [ -z "$FAKE" ]; then
	wl_skip "no faketime"
elif grep -q fsanitize "$WL_BUILD/config.log" 2>/dev/null && grep -q 'enable-sanitizers' "$WL_BUILD/config.status"; then
	wl_skip "faketime does not go with AddressSanitizer"
else
	wl_station_stop
	WL_WRAP_ledgerd="env LD_PRELOAD=$FAKE FAKETIME=-3650d"
	# shellcheck disable=SC2034
	WL_WRAP_weighlockd=$WL_WRAP_ledgerd
	wl_station_start || exit 1
	TRANSFER=
	wl_run wl_cli $SCN_TECH status
	bad_unfilled && wl_fail "status: unfilled place"
	if wl_names_rule station.clock-behind && bad_says_next; then wl_pass "status says that the clock is behind, and what is next"; else wl_fail "status with the clock behind"; fi
	wl_check "transfers can still be looked at" wl_cli $SCN_TECH transfers
	wl_check "the ledger can still be read" wl_cli $SCN_AUDIT ledger show --json
	wl_stick_insert good a1
	bad_open $SCN_TECH x-0042 --port a1
	bad_spoken "receive with the clock behind" station.clock-behind "${BAD_CLOCK_STATUS:-1}"
	wl_stick_pull a1
	wl_stick_new late 44 b1
	wl_run wl_cli $SCN_TECH prepare b1 --yes
	bad_spoken "prepare with the clock behind" station.clock-behind "${BAD_CLOCK_STATUS:-1}"
	wl_stick_pull b1
	wl_station_stop
	WL_WRAP_ledgerd='' WL_WRAP_weighlockd=''
	wl_station_start || exit 1
	bad_update after 4.2.2 40202
	bad_stick after
	bad_receive after
	bad_waits "with the clock right again"
fi

bad_end
