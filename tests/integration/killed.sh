#!/bin/sh
# kill -9 of each of the four daemons in each state of a transfer, and a start again: the state is
# what INTERFACES 8 says, `status` says what is next and that works, the update arrives in the end,
# and what was being written when the station died is suspect and does not mount.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

bad_begin killed

# killed DAEMON WHAT: dead at once, thawed whoever stood still, started again, all four there
killed() {
	wl_kill "$1"
	[ -z "${FREEZING:-}" ] || { bad_thaw; FREEZING=; }
	wl_start "$1" || wl_fail "$2: $1 did not start again"
	wl_until 15 healthy || { wl_run wl_cli $SCN_TECH status; wl_fail "$2: the station is not whole again"; }
	bad_alive "$2"
	sleep "${SETTLE:-1}"
}
# a medium may be suspect; no part of the station may be missing
healthy() {
	wl_cli $SCN_TECH status --json >"$WL_PREFIX/health" 2>/dev/null &&
		! grep -q '"faults": *\[[^]]*"station\.' "$WL_PREFIX/health"
}
# status_next WHAT: status ends with a Next: line, in which nothing is left to fill
status_next() {
	wl_run wl_cli $SCN_TECH status
	if [ "$WL_STATUS" -eq 0 ] && bad_says_next && ! bad_unfilled; then wl_pass "$1: status says what is next"; else
		wl_fail "$1: status (exit $WL_STATUS) has no Next: line"
	fi
}
# next_command: what show's Next: tells to type
next_command() { wl_cli $SCN_TECH show "$TRANSFER" --json | sed -n 's/.*"next_command": *"\([^"]*\)".*/\1/p' | head -n 1; }
# go_on WHAT STATE…: the command of Next: brings it on, if it is not there by itself
go_on() {
	go_on_what=$1
	shift
	go_on_left=4
	while :; do
		for go_on_state in "$@"; do
			bad_state_is "$TRANSFER" "$go_on_state" && { wl_pass "$go_on_what: goes on to $go_on_state"; return; }
		done
		go_on_left=$((go_on_left - 1))
		[ "$go_on_left" -gt 0 ] || break
		go_on_command=$(next_command)
		# shellcheck disable=SC2086
		wl_run wl_cli $SCN_TECH ${go_on_command#weighlock } --no-wait
		sleep 0.3
	done
	wl_fail "$go_on_what: Next: said $go_on_command; $TRANSFER is $(bad_state "$TRANSFER")"
}
is_one_of() { # WHAT STATE…
	is_what=$1
	shift
	is_now=$(bad_state "$TRANSFER")
	for is_state in "$@"; do
		[ "$is_now" != "$is_state" ] || { wl_pass "$is_what: $is_now"; return; }
	done
	wl_fail "$is_what: $TRANSFER is $is_now, expected one of: $*"
}

# one update through the station, which dies in every state
through() {
	daemon=$1 name=$2
	bad_update "$name" "4.2.$3" "4020$3"
	bad_stick "$name"
	bad_open $SCN_TECH x-0042 --port a1
	is_one_of "$daemon: before" opened
	killed "$daemon" "$daemon, opened"
	is_one_of "$daemon killed when opened" opened
	status_next "$daemon killed when opened"

	FREEZING=1
	bad_freeze gate.opened weighlock-spawnd "$TRANSFER"
	wl_stick_insert "$name" a1
	bad_frozen && is_one_of "$daemon: before" reading
	killed "$daemon" "$daemon, reading"
	wl_until 20 settled
	is_one_of "$daemon killed when reading" opened waiting
	# what mediad had protected is put back by the next one, once nobody holds the medium
	[ "$daemon" != weighlock-mediad ] || wl_check "mediad killed when reading: the medium is not left write-protected" \
		wl_until 20 unprotected a1
	status_next "$daemon killed when reading"

	if [ "$(bad_state "$TRANSFER")" = opened ]; then
		FREEZING=1
		bad_freeze gate.shut weighlock-spawnd "$TRANSFER \"reason\":\"complete\""
		(wl_cli $SCN_TECH retry "$TRANSFER" --no-wait >"$WL_PREFIX/retry.out" 2>&1) 9>&- &
		retrying=$!
		bad_frozen && is_one_of "$daemon: before" inspecting
		killed "$daemon" "$daemon, inspecting"
		wait "$retrying"
		wl_until 20 settled
		is_one_of "$daemon killed when inspecting" waiting failed
		status_next "$daemon killed when inspecting"
		go_on "$daemon killed when inspecting" waiting
	fi
	wl_stick_pull a1

	killed "$daemon" "$daemon, waiting"
	is_one_of "$daemon killed when waiting" waiting
	status_next "$daemon killed when waiting"
	bad_approve
	killed "$daemon" "$daemon, approved"
	is_one_of "$daemon killed when approved" approved
	status_next "$daemon killed when approved"

	bad_prepared "$name-out" 44
	FREEZING=1
	bad_freeze release.intent weighlock-spawnd "$TRANSFER"
	(wl_cli $SCN_TECH release "$TRANSFER" --port b1 >"$WL_PREFIX/release.out" 2>&1) 9>&- &
	releasing=$!
	bad_frozen && is_one_of "$daemon: before" releasing
	killed "$daemon" "$daemon, releasing"
	wait "$releasing"
	wl_until 30 settled
	if [ "$(bad_state "$TRANSFER")" = released ]; then
		# who does not take part any more may die: what was written was read back and compared
		bad_event "$daemon killed when releasing" release.done
	else
		is_one_of "$daemon killed when releasing" approved waiting failed
		bad_ledger_lines >"$WL_PREFIX/entries"
		bad_not_released "$daemon killed when releasing"
		if grep -F "$TRANSFER" "$WL_PREFIX/entries" | grep -Eq '"event":"release.(unknown|failed)"'; then
			wl_pass "$daemon killed when releasing: the ledger says that it did not end well"
		else
			wl_fail "$daemon killed when releasing: neither release.unknown nor release.failed"
		fi
		[ "$daemon" != weighlockd ] || bad_event "the broker killed when releasing" release.unknown
		bad_no_mount "$name-out" FIRMWARE.BIN
		status_next "$daemon killed when releasing"
		[ "$(bad_state "$TRANSFER")" != waiting ] || bad_approve
		[ "$(bad_state "$TRANSFER")" != failed ] || go_on "$daemon killed when releasing" approved
		bad_release
		[ "$WL_STATUS" -eq 1 ] && bad_says_next && ! bad_unfilled &&
			{ wl_names_rule medium.suspect || wl_names_rule destination.not-clean; } &&
			wl_pass "$daemon killed when releasing: the stick is not taken again" ||
			wl_fail "$daemon killed when releasing: the stick is taken again"
		wl_check "prepared anew" wl_cli $SCN_TECH prepare b1 --yes
		bad_release
		[ "$WL_STATUS" -eq 0 ] || wl_fail "$daemon: release after all (status $WL_STATUS)"
	fi
	wl_stick_pull b1
	is_one_of "$daemon: released in the end" released
	rm -f "$WL_WORK/back.bin"
	wl_fat_get "$(wl_stick_file "$name-out")" FIRMWARE.BIN "$WL_WORK/back.bin"
	wl_check "$daemon: what was delivered is what was sent" cmp "$WL_WORK/back.bin" "$WL_WORK/$name/FIRMWARE.BIN"
	killed "$daemon" "$daemon, released"
	is_one_of "$daemon killed when released" released
	status_next "$daemon killed when released"
	wl_check "$daemon: outcome" wl_cli $SCN_TECH outcome "$TRANSFER" --result installed \
		--before 40200 --after "4020$3"
	is_one_of "$daemon: in the end" closed
	rm -f "$(wl_stick_file "$name")" "$(wl_stick_file "$name-out")"
}
unprotected() { [ "$(blockdev --getro "$(wl_port_device "$1")")" = 0 ]; }
# settled: no state that the station leaves by itself
settled() {
	case $(bad_state "$TRANSFER") in
	'' | reading | inspecting | releasing) return 1 ;;
	esac
	healthy
}

for each in ${KILLED:-weighlockd weighlock-spawnd weighlock-ledgerd weighlock-mediad}; do
	n=$((${n:-0} + 1))
	through "$each" "kill$n" "$n"
done

bad_end
