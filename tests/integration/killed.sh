# shellcheck shell=sh
# kill -9 of one of the four daemons in each state of a transfer, and a start again: the state is
# what INTERFACES 8 says, `status` says what is next and that works, the update arrives in the end,
# and what was being written when the station died is suspect and does not mount. Sourced by
# killed_broker.sh, killed_ledger.sh, killed_media.sh and killed_spawn.sh.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

# killed DAEMON WHAT: dead at once, thawed whoever stood still, started again, all four there
killed() {
	wl_kill "$1"
	[ -z "${FREEZING:-}" ] || { bad_thaw; FREEZING=; }
	wl_start "$1" || wl_fail "$2: $1 did not start again"
	wl_until 60 healthy || { wl_run wl_cli $SCN_TECH status; wl_fail "$2: the station is not whole again"; }
	bad_alive "$2"
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
		wl_until 60 settled
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

# One update through the station, in which DAEMON dies in every state.
killed_all() { # NAME DAEMON
	bad_begin "$1"
	daemon=$2
	bad_update kill 4.2.1 40201
	bad_stick kill
	bad_open $SCN_TECH x-0042 --port a1
	is_one_of "$daemon: before" opened
	killed "$daemon" "$daemon, opened"
	is_one_of "$daemon killed when opened" opened
	status_next "$daemon killed when opened"
	dies_reading
	dies_recording
	wl_stick_pull a1
	killed "$daemon" "$daemon, waiting"
	is_one_of "$daemon killed when waiting" waiting
	status_next "$daemon killed when waiting"
	bad_approve
	killed "$daemon" "$daemon, approved"
	is_one_of "$daemon killed when approved" approved
	status_next "$daemon killed when approved"
	dies_preparing
	dies_releasing "before it writes" release.intent ""
	dies_releasing "while it writes" gate.opened '"purpose":"release"'
	dies_releasing "after it wrote" gate.shut '"purpose":"release" "reason":"complete"'
	[ "$(bad_state "$TRANSFER")" = released ] || bad_release
	wl_stick_pull b1
	is_one_of "$daemon: released in the end" released
	rm -f "$WL_WORK/back.bin"
	wl_fat_get "$(wl_stick_file kill-out)" FIRMWARE.BIN "$WL_WORK/back.bin"
	wl_check "$daemon: what was delivered is what was sent" cmp "$WL_WORK/back.bin" "$WL_WORK/kill/FIRMWARE.BIN"
	killed "$daemon" "$daemon, released"
	is_one_of "$daemon killed when released" released
	status_next "$daemon killed when released"
	wl_check "$daemon: outcome" wl_cli $SCN_TECH outcome "$TRANSFER" --result installed \
		--before 40200 --after 40201
	is_one_of "$daemon: in the end" closed
	bad_end
}

# freeze EVENT WORDS: spawnd, without which nothing is read or written, stands still from that entry on
freeze() {
	FREEZING=1
	bad_freeze "$1" "${3:-weighlock-spawnd}" "$2"
}
in_background() { ("$@" >"$WL_PREFIX/background.out" 2>&1) 9>&- & }

# while gate A is open; and while what came is looked into
dies_reading() {
	freeze gate.opened "$TRANSFER"
	wl_stick_insert kill a1
	bad_frozen && is_one_of "$daemon: before" reading
	killed "$daemon" "$daemon, reading"
	wl_until 60 settled
	is_one_of "$daemon killed when reading" opened waiting
	# what mediad had protected is put back by the next one, once nobody holds the medium
	[ "$daemon" != weighlock-mediad ] || wl_check "mediad killed when reading: the medium is not left write-protected" \
		wl_until 60 unprotected a1
	status_next "$daemon killed when reading"
	bad_state_is "$TRANSFER" opened || return 0
	freeze gate.shut "$TRANSFER \"reason\":\"complete\""
	wl_until 60 read_again || wl_fail "$daemon: the medium is not read again"
	bad_frozen && is_one_of "$daemon: before" inspecting
	killed "$daemon" "$daemon, inspecting"
	wl_until 60 settled
	is_one_of "$daemon killed when inspecting" waiting failed
	status_next "$daemon killed when inspecting"
	go_on "$daemon killed when inspecting" waiting
}

# read_again: says retry as long as the medium is still held from before, until spawnd stands still
read_again() {
	! grep -q stopped "$WL_PREFIX/freeze.out" || return 0
	! bad_state_is "$TRANSFER" opened || in_background wl_cli $SCN_TECH retry "$TRANSFER" --no-wait
	wl_until 5 grep -q stopped "$WL_PREFIX/freeze.out"
}

# while the broker writes down what was decided: it stands still, with items in the ledger and no
# transfer.inspected. Another transfer, which is given up in the end.
dies_recording() {
	first=$TRANSFER
	wl_stick_pull a1
	bad_open $SCN_TECH x-0042 --port a1
	[ "$TRANSFER" != "$first" ] || wl_fail "a second transfer was not opened"
	freeze item.decided "$TRANSFER" weighlockd
	wl_stick_insert kill a1
	bad_frozen
	killed "$daemon" "$daemon, recording"
	wl_until 60 settled
	is_one_of "$daemon killed when recording" opened waiting failed
	status_next "$daemon killed when recording"
	go_on "$daemon killed when recording" waiting
	wl_check "$daemon killed when recording: given up" \
		wl_cli $SCN_TECH cancel "$TRANSFER" --reason "a test of death"
	TRANSFER=$first
}

# a stick that is being prepared is none until it is prepared anew
dies_preparing() {
	wl_stick_new kill-out 44 b1
	freeze wipe.intent '"port":"b1"'
	in_background wl_cli $SCN_TECH prepare b1 --yes
	preparing=$!
	bad_frozen
	killed "$daemon" "$daemon, preparing"
	wait "$preparing"
	status_next "$daemon killed when preparing"
	wl_check "$daemon killed when preparing: it can be prepared then" \
		wl_until 60 wl_cli $SCN_TECH prepare b1 --yes
}

# What mounts was written whole: who does not take part in writing may die meanwhile, and what was
# not read back is no delivery for all that.
no_half() {
	rm -f "$WL_WORK/half.bin"
	if ! bad_mounts kill-out || ! grep -q FIRMWARE.BIN "$WL_OUT"; then
		wl_pass "$what: nothing half-released mounts"
		return
	fi
	wl_fat_get "$(wl_stick_file kill-out)" FIRMWARE.BIN "$WL_WORK/half.bin"
	wl_check "$what: what mounts is whole" cmp "$WL_WORK/half.bin" "$WL_WORK/kill/FIRMWARE.BIN"
}

# while an output is written, at one point of it: nothing half-released mounts, the stick is
# suspect, and after `prepare` it goes on
dies_releasing() { # WHEN EVENT WORDS
	! bad_state_is "$TRANSFER" released || return 0
	freeze "$2" "$TRANSFER $3"
	in_background wl_cli $SCN_TECH release "$TRANSFER" --port b1
	releasing=$!
	# reading back begins then; mediad gives who takes no descriptor up after 5 s
	bad_frozen && is_one_of "$daemon: before" releasing $([ "$2" != gate.shut ] || echo approved)
	killed "$daemon" "$daemon, releasing, $1"
	wait "$releasing"
	wl_until 60 settled
	what="$daemon killed when releasing, $1"
	if [ "$(bad_state "$TRANSFER")" = released ]; then
		# who does not take part any more may die: what was written was read back and compared
		bad_event "$what" release.done
		return
	fi
	is_one_of "$what" approved waiting failed
	bad_ledger_lines >"$WL_PREFIX/entries"
	bad_not_released "$what"
	if grep -F "$TRANSFER" "$WL_PREFIX/entries" | grep -Eq '"event":"release.(unknown|failed)"'; then
		wl_pass "$what: the ledger says that it did not end well"
	else
		wl_fail "$what: neither release.unknown nor release.failed"
	fi
	[ "$daemon" != weighlockd ] || bad_event "$what" release.unknown
	no_half
	status_next "$what"
	[ "$(bad_state "$TRANSFER")" != waiting ] || bad_approve
	[ "$(bad_state "$TRANSFER")" != failed ] || go_on "$what" approved
	bad_release
	if [ "$WL_STATUS" -eq 1 ] && bad_says_next && ! bad_unfilled &&
		{ wl_names_rule medium.suspect || wl_names_rule destination.not-clean; }; then
		wl_pass "$what: the stick is not taken again"
	else
		wl_fail "$what: the stick is taken again (status $WL_STATUS)"
	fi
	wl_check "$what: prepared anew" wl_cli $SCN_TECH prepare b1 --yes
}

unprotected() { [ "$(blockdev --getro "$(wl_port_device "$1")")" = 0 ]; }
# settled: no state that the station leaves by itself
settled() {
	case $(bad_state "$TRANSFER") in
	'' | reading | inspecting | releasing) return 1 ;;
	esac
	healthy
}
