# shellcheck shell=sh
# What the tests of bad input share: a station that stands, one update taken through it by the real
# command, and what every refusal must be: its rule, its sentence with nothing unfilled in it, its
# exit status, a `Next:` line, an entry in the ledger, four daemons that live on, nothing released.
# POSIX sh, sourced after lib.sh, pki.sh and scenario.sh.
#
#   bad_begin NAME                       # the station, its people, policy 1, ports a1 and b1
#   bad_update u1 4.2.1 40201            # an update of acme: $WL_WORK/u1 and its ticket
#   bad_stick u1                         # a stick that holds the folder of that name
#   bad_receive u1                       # in a1, received; $TRANSFER; out again
#   bad_refused "what it was" RULE [STATUS]
#   bad_end                              # the ledger checked by weighlock-verify; the count

bad_begin() {
	wl_begin "$1"
	BAD_POLICY=1
	scn_begin
	if [ "${BAD_SECOND_SOURCE:-}" ]; then wl_port_new a2; fi
	wl_station_start || exit 1
	scn_setup
	bad_fragments >"$WL_PREFIX/fragments"
}

# The longest run of fixed words of each rule's sentence: what must be read in its refusal.
bad_fragments() {
	"$WL_PYTHON" - "$WL_SRC/daemon/base/rules.def" <<-'PY'
		import re, sys
		text = open(sys.argv[1], encoding="utf-8").read()
		for m in re.finditer(r'RULE\(\w+, "([a-z.0-9-]+)", \w+, \d+,\s*N_\(((?:\s*"(?:[^"\\]|\\.)*")+)\)', text):
		    sentence = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', m[2]))
		    print(m[1] + "\t" + max(re.split(r"\{[a-z]+\}", sentence), key=len).strip(" ."))
	PY
}
bad_fragment() { awk -F'\t' -v id="$1" '$1 == id { print $2 }' "$WL_PREFIX/fragments"; }

# bad_policy [SED-SCRIPT]: the next version of the policy, changed by it, signed and installed.
bad_policy() {
	BAD_POLICY=$((BAD_POLICY + 1))
	bad_policy_dir=$WL_WORK/policy-$BAD_POLICY
	scn_policy "$bad_policy_dir" "$BAD_POLICY"
	sed -i "${1:-}" "$bad_policy_dir/policy.yaml"
	pki_sign policy-authority "$bad_policy_dir/policy.yaml" "$bad_policy_dir/policy.yaml.p7s"
	wl_check "policy $BAD_POLICY proposed" \
		wl_cli $SCN_ADMIN1 policy install --from "$bad_policy_dir"
	wl_check "policy $BAD_POLICY confirmed" wl_cli $SCN_ADMIN2 policy confirm "$BAD_POLICY"
}

# bad_update NAME VERSION RELEASE [KEY]: package, manifest by KEY, ticket beside it
bad_update() {
	bad_files "$1"
	scn_manifest "$WL_WORK/$1" "${4:-vendor}"
	bad_ticket "$1" "$2:$3" "${4:-vendor}" authority-1
}
bad_files() {
	rm -rf "${WL_WORK:?}/$1"
	scn_package "$WL_WORK/$1" 1
}
bad_id() { printf 'AA-%s' "$1" | tr a-z A-Z; }
# bad_ticket NAME VERSION:RELEASE KEY OFFICER…
bad_ticket() {
	bad_ticket_name=$1
	shift
	bad_ticket_version=$1
	shift
	rm -f "$WL_WORK/$(bad_id "$bad_ticket_name")".ticket.* "$WL_WORK/$bad_ticket_name"/*.ticket.*
	scn_ticket "$WL_WORK/$bad_ticket_name" "$(bad_id "$bad_ticket_name")" acme x100:X-0042 \
		scan-app "$bad_ticket_version" "$@" &&
		scn_ticket_beside "$(bad_id "$bad_ticket_name")" "$WL_WORK/$bad_ticket_name"
}
bad_stick() { scn_vendor_stick "$1" "$WL_WORK/$1" "${2:-44}"; }

# bad_open [UID] [DEVICE] [OPTION…]: receive with a stick that is in, or to come
bad_open() {
	bad_open_uid=${1:-$SCN_TECH} bad_open_device=${2:-x-0042}
	[ $# -lt 1 ] || shift
	[ $# -lt 1 ] || shift
	wl_run wl_cli "$bad_open_uid" receive --no-wait --device "$bad_open_device" \
		--work-order WO-8841 --engineer "An Engineer" --org Acme --escort tech-1 "$@"
	TRANSFER=$(grep -o "$SCN_STATION-T[0-9]*" "$WL_OUT" | head -n 1)
}

# bad_receive STICK [UID] [DEVICE]: in a1; received; out again.
bad_receive() {
	bad_receive_stick=$1
	shift
	wl_stick_insert "$bad_receive_stick" a1
	bad_open "${1:-$SCN_TECH}" "${2:-x-0042}" --port a1
	wl_stick_pull a1
}

# bad_waits WHAT: the last receive passed and waits for a person
bad_waits() {
	if [ "$WL_STATUS" -eq 4 ] && bad_says_next; then wl_pass "$1: waits for a person"; else
		wl_fail "$1: status $WL_STATUS, not 4 with a Next: line"
	fi
}

bad_says_next() { grep -q '^Next: *[^ ]' "$WL_OUT"; }
# A place that was not filled: as it stands in the table, or as the dash for what nobody knew.
bad_unfilled() { grep -q '{[a-z_]*}' "$WL_OUT" || grep -Eq '(^|[ :])-[ .].*\(rule |: -\.$' "$WL_OUT"; }

# bad_spoken WHAT RULE [STATUS]: the last command refused as a refusal must.
bad_spoken() {
	bad_status=${3:-1} bad_why=
	[ "$WL_STATUS" -eq "$bad_status" ] || bad_why="$bad_why status $WL_STATUS, not $bad_status;"
	wl_names_rule "$2" || bad_why="$bad_why does not name $2;"
	grep -qF "weighlock help $2)" "$WL_OUT" || bad_why="$bad_why no (rule …; weighlock help $2);"
	bad_said=$(bad_fragment "$2")
	{ [ "$bad_said" ] && grep -qF "$bad_said" "$WL_OUT"; } ||
		bad_why="$bad_why its sentence is missing ($bad_said);"
	! bad_unfilled || bad_why="$bad_why a place in braces was not filled;"
	bad_says_next || bad_why="$bad_why no line Next:;"
	if [ "$bad_why" ]; then wl_fail "$1:$bad_why"; else wl_pass "$1: $2, said as it must be"; fi
}

# bad_refused WHAT RULE [STATUS]: said as it must be; the ledger has it; the station lives;
# the transfer ($TRANSFER) is nowhere near released.
bad_refused() {
	bad_spoken "$@"
	bad_in_ledger "$1" "$2"
	bad_alive "$1"
	bad_not_released "$1"
}
# bad_denied: the same of a call that changes nothing: the ledger has call.denied with the rule
bad_denied() { bad_refused "$@"; }

# bad_named WHAT RULE [STATUS]: refused by that rule, where there is no station
bad_named() {
	if [ "$WL_STATUS" -eq "${3:-1}" ] && wl_names_rule "$2"; then wl_pass "$1: $2"; else
		wl_fail "$1: status $WL_STATUS, not by $2"
	fi
}

bad_ledger_lines() { wl_cli $SCN_AUDIT ledger show --json; }
bad_in_ledger() {
	bad_ledger_lines >"$WL_PREFIX/entries" 2>"$WL_PREFIX/entries.err"
	if grep -F "\"$2\"" "$WL_PREFIX/entries" | grep -qF "\"${3:-$TRANSFER}\"" ||
		grep -F '"event":"call.denied"' "$WL_PREFIX/entries" | grep -qF "\"$2\""; then
		wl_pass "$1: the ledger says so"
	else
		cp "$WL_PREFIX/entries" "$WL_OUT"
		wl_fail "$1: no entry of ${3:-$TRANSFER} names $2"
	fi
}
# bad_event WHAT EVENT [WORD]: the ledger holds such an entry of $TRANSFER (that holds WORD)
bad_event() {
	bad_ledger_lines >"$WL_PREFIX/entries" 2>&1
	if grep -F "\"event\":\"$2\"" "$WL_PREFIX/entries" | grep -F "$TRANSFER" | grep -qF -- "${3:-}"; then
		wl_pass "$1: ledger has $2 ${3:-}"
	else
		tail -n 8 "$WL_PREFIX/entries" >"$WL_OUT"
		wl_fail "$1: ledger has no $2 ${3:-} of $TRANSFER"
	fi
}
bad_alive() {
	for bad_daemon in $WL_DAEMONS; do
		wl_alive "$bad_daemon" || { wl_fail "$1: $bad_daemon is dead"; return 1; }
	done
}
bad_not_released() {
	! grep -F '"event":"release.done"' "$WL_PREFIX/entries" | grep -qF "\"$TRANSFER\"" ||
		wl_fail "$1: the ledger calls $TRANSFER released"
}

# bad_state TRANSFER: its state, as the station says it
bad_state() {
	wl_cli $SCN_TECH show "$1" --json 2>/dev/null | grep -o '"state": *"[a-z]*"' | head -n 1 |
		sed 's/.*"\([a-z]*\)"$/\1/'
}
bad_state_is() { [ "$(bad_state "$1")" = "$2" ]; }
# bad_expect_state WHAT STATE [SECONDS]
bad_expect_state() {
	if wl_until "${3:-10}" bad_state_is "$TRANSFER" "$2"; then wl_pass "$1: $TRANSFER is $2"; else
		wl_run wl_cli $SCN_TECH show "$TRANSFER"
		wl_fail "$1: $TRANSFER is $(bad_state "$TRANSFER"), not $2"
	fi
}

bad_approve() {
	wl_check "$TRANSFER approved" wl_cli "${1:-$SCN_APPR}" approve "$TRANSFER" --yes
}
# bad_prepared STICK MIB: a fresh stick in b1, prepared
bad_prepared() {
	wl_stick_new "$1" "$2" b1
	wl_check "a stick of $2 MiB prepared" wl_cli $SCN_TECH prepare b1 --yes
}
bad_release() { wl_run wl_cli "${1:-$SCN_TECH}" release "$TRANSFER" --port b1 --no-wait; }

# bad_mounts STICK: does mtools take this stick for a volume? Its listing is in $WL_OUT.
bad_mounts() { mdir -b -i "$(wl_stick_file "$1")@@1M" :: >"$WL_OUT" 2>&1; }
# bad_no_mount STICK FILE: no partition table (it is written last, so that nobody finds what lies behind
# it), or the empty volume from before the first byte: never with FILE
bad_no_mount() {
	bad_table=$(dd if="$(wl_stick_file "$1")" bs=1 skip=510 count=2 status=none | od -An -tx1 | tr -d ' ')
	if [ "$bad_table" = 55aa ] && bad_mounts "$1" && grep -q "$2" "$WL_OUT"; then wl_fail "$1: a half-written stick shows $2"; else
		wl_pass "$1: nothing half-released mounts"
	fi
}

bad_verify() {
	bad_verify_dir=$WL_WORK/ledger-taken-away
	rm -rf "$bad_verify_dir"
	mkdir "$bad_verify_dir"
	wl_run wl_cli $SCN_AUDIT station card
	grep -o "[^ ]*+[0-9a-f]*+[A-Za-z0-9+/=]*" "$WL_OUT" | head -n 1 >"$WL_WORK/vkey"
	(cd "$WL_STATE/var/lib/weighlock-ledger" &&
		for bad_part in checkpoint tile manifests station.pem; do
			[ ! -e "$bad_part" ] || cp -r "$bad_part" "$bad_verify_dir/"
		done)
	wl_check "weighlock-verify finds the ledger whole" \
		"$WL_PREFIX/bin/weighlock-verify" --key "$WL_WORK/vkey" "$bad_verify_dir"
}

bad_end() {
	bad_alive "at the end"
	bad_verify
	wl_station_stop
	wl_end
}

# bad_freeze EVENT DAEMON [WORDS]: from the next entry of that event on (holding WORDS), the daemon
# stands still (bad_freeze.py traces it): so a state that lasts milliseconds lasts until bad_thaw.
bad_freeze() {
	BAD_FROZEN=$2
	: >"$WL_PREFIX/freeze.out" # here: what the last one said must not be taken for this one's word
	"$WL_PYTHON" "$WL_SRC/tests/integration/bad_freeze.py" \
		"$WL_STATE/var/lib/weighlock-ledger" "\"event\":\"$1\"" "${3:-}" "$(wl_pid "$2")" \
		>"$WL_PREFIX/freeze.out" 2>&1 9>&- &
	BAD_FREEZER=$!
	wl_until 60 grep -q ready "$WL_PREFIX/freeze.out" || wl_fail "bad_freeze.py"
}
# bad_frozen: waits until it stands still
bad_frozen() {
	wl_until 120 grep -q stopped "$WL_PREFIX/freeze.out" && return 0
	cp "$WL_PREFIX/freeze.out" "$WL_OUT"
	wl_fail "$BAD_FROZEN was not stopped in time"
	return 1
}
bad_thaw() {
	kill "$BAD_FREEZER" 2>/dev/null
	wait "$BAD_FREEZER" 2>/dev/null
	kill -CONT "$(wl_pid "$BAD_FROZEN")" 2>/dev/null || :
}
