# shellcheck shell=sh
# kill -9 of one of the four daemons in each state of a transfer, and a start again: the state is
# what INTERFACES 8 says, `status` says what is next and that works, the update arrives in the end,
# and what was being written when the station died is suspect and does not mount. Sourced by
# killed_broker.sh, killed_ledger.sh, killed_media.sh and killed_spawn.sh. Workers are held in the middle
# of their work meanwhile (hold_worker.py), so a state lasts on a machine of any speed.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

# killed DAEMON WHAT: dead at once and started again; only then whoever stood still for it goes on, so that
# no race decides what it meets; in the end all four are there
killed() {
	LINKS=$(links)
	wl_kill "$1"
	revived "$@"
}
revived() {
	wl_start "$1" || wl_fail "$2: $1 did not start again"
	go_on_again
	wl_until 60 healthy || { wl_run wl_cli $SCN_TECH status; wl_fail "$2: the station is not whole again"; }
	case $1 in
	weighlock-mediad | weighlock-spawnd) wl_until 60 linked_again || wl_fail "$2: spawnd is not connected again" ;;
	esac
	bad_alive "$2"
}
# How often spawnd connected to mediad, which it tries once a second: until then a stick that is put in
# is refused for the missing part, and whoever opened the transfer is told to say `retry`.
links() { grep -c 'connected to weighlock-mediad' "$WL_LOGS/weighlock-spawnd.log"; }
# A mediad that dies may still be connected to, the moment after it let go of spawnd: that connection is lost
# at once, so the last word counts.
linked_again() {
	[ "$(links)" -gt "$LINKS" ] && grep 'weighlock-mediad' "$WL_LOGS/weighlock-spawnd.log" | tail -n 1 | grep -q 'connected to'
}
go_on_again() {
	[ -z "${FREEZING:-}" ] || { bad_thaw; FREEZING=; }
	[ -z "${HOLDING:-}" ] || { wl_let_go; HOLDING=; }
}
# killed_for_good DAEMON WHAT: started again only when the command in the background has met its absence
killed_for_good() {
	LINKS=$(links)
	wl_kill "$1"
	go_on_again
	wl_until 120 test -s "$WL_PREFIX/background.status" || wl_fail "$2: the command does not end"
	revived "$@"
}
# held WHAT STATE: a worker stands still in the middle of it, and so does the transfer
held() {
	HOLDING=1
	wl_held || wl_fail "$1: no worker was held"
	[ -z "${2:-}" ] || bad_expect_state "$1: before" "$2"
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
	bad_files kill
	# large enough that a worker is caught in the middle of reading, writing, and unpacking
	head -c 24000000 /dev/urandom >"$WL_WORK/kill/FIRMWARE.BIN"
	head -c 12000000 /dev/urandom >"$WL_WORK/extras/data/table.bin"
	tar -C "$WL_WORK/extras" --format=ustar --owner=0 --group=0 -czf "$WL_WORK/kill/EXTRAS.TGZ" data
	scn_manifest "$WL_WORK/kill" vendor
	bad_ticket kill 4.2.1:40201 vendor authority-1
	bad_stick kill 80
	bad_open $SCN_TECH x-0042 --port a1
	is_one_of "$daemon: before" opened
	killed "$daemon" "$daemon, opened"
	is_one_of "$daemon killed when opened" opened
	status_next "$daemon killed when opened"
	dies_taking_in reading wl_hold_worker a1 read
	another
	dies_taking_in inspecting wl_hold_inspection "$TRANSFER"
	another
	dies_taking_in recording freeze item.decided weighlockd
	killed "$daemon" "$daemon, waiting"
	is_one_of "$daemon killed when waiting" waiting
	status_next "$daemon killed when waiting"
	bad_approve
	killed "$daemon" "$daemon, approved"
	is_one_of "$daemon killed when approved" approved
	status_next "$daemon killed when approved"
	dies_preparing
	dies_releasing writing
	dies_releasing reading-back
	dies_releasing intent
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

# freeze EVENT DAEMON: it stands still from that entry of $TRANSFER on
freeze() {
	FREEZING=1
	bad_freeze "$1" "$2" "$TRANSFER"
}
in_background() {
	rm -f "$WL_PREFIX/background.status"
	("$@" >"$WL_PREFIX/background.out" 2>&1; echo "$?" >"$WL_PREFIX/background.status") 9>&- &
}

# another: the transfer is given up, for one in which the next state is met
another() {
	wl_check "$TRANSFER: given up" wl_cli $SCN_TECH cancel "$TRANSFER" --reason "a test of death"
	wl_stick_pull a1
	bad_open $SCN_TECH x-0042 --port a1
	bad_expect_state "$daemon: another" opened
}

# dies_taking_in STATE COMMAND…: held by the command where it reads, inspects, or (the broker itself
# stands still) has items in the ledger and no transfer.inspected; in the end it waits for a person
dies_taking_in() {
	what="$daemon killed when $1"
	in_state=$1
	shift
	"$@"
	wl_stick_insert kill a1
	case $in_state in
	recording) bad_frozen ;;
	*) held "$daemon, $in_state" "$in_state" ;;
	esac
	killed "$daemon" "$daemon, $in_state"
	wl_until 60 settled
	is_one_of "$what" opened waiting failed
	# what mediad had protected is put back by the next one, once nobody holds the medium
	[ "$daemon$in_state" != weighlock-mediadreading ] ||
		wl_check "$what: the medium is not left write-protected" wl_until 60 unprotected a1
	status_next "$what"
	go_on "$what" waiting
}

# a stick that is being prepared is none until it is prepared anew
dies_preparing() {
	wl_stick_new kill-out 80 b1
	wl_hold_worker b1 write
	in_background wl_cli $SCN_TECH prepare b1 --yes
	held "$daemon, preparing"
	killed_for_good "$daemon" "$daemon, preparing"
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
dies_releasing() { # writing|reading-back|intent
	! bad_state_is "$TRANSFER" released || return 0
	case $1 in
	intent) freeze release.intent weighlock-mediad ;; # it is durable, and no gate is open
	*) wl_hold_worker b1 write ;;
	esac
	in_background wl_cli $SCN_TECH release "$TRANSFER" --port b1
	what="$daemon killed when releasing, $1"
	case $1 in
	intent) bad_frozen && bad_expect_state "$daemon, intent: before" releasing ;;
	writing) held "$daemon, writing" releasing ;;
	reading-back)
		held "$daemon, writing"
		wl_hold_worker b1 read
		wl_let_go
		held "$daemon, reading back" releasing
		;;
	esac
	killed_for_good "$daemon" "$daemon, releasing, $1"
	wl_until 60 settled
	if [ "$(bad_state "$TRANSFER")" = released ]; then
		# who does not take part any more may die: what was written was read back and compared
		bad_event "$what" release.done
		return
	fi
	is_one_of "$what" approved waiting failed
	bad_ledger_lines >"$WL_PREFIX/entries"
	bad_not_released "$what"
	intents=$(entries_of intent) ends=$(entries_of 'unknown|failed')
	if [ "$ends" -eq "$intents" ] && [ "$intents" -gt 0 ]; then
		wl_pass "$what: the ledger says that it did not end well"
	else
		wl_fail "$what: of $intents intents $ends have release.unknown or release.failed"
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

entries_of() { grep -F "$TRANSFER" "$WL_PREFIX/entries" | grep -Ec "\"event\":\"release.($1)\""; }
unprotected() { [ "$(blockdev --getro "$(wl_port_device "$1")")" = 0 ]; }
# settled: no state that the station leaves by itself
settled() {
	case $(bad_state "$TRANSFER") in
	'' | reading | inspecting | releasing) return 1 ;;
	esac
	healthy
}
