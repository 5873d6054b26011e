# shellcheck shell=sh
# A station on this very machine, for the integration tests and the demo. POSIX sh, sourced.
#
# It takes root and loop devices, and nothing else real: the built tree is installed into a fresh
# private prefix, the four daemons run under their own users on a private state folder, sticks are
# loop devices with numbers nobody has used, udev's rules live under /run for the run.
#
# Everything that would outlive a crash (prefix, users made, udevd started, loops, rules) is noted
# in $WL_RECORD before it is made; the clean-up reads that note, at the end, on INT, and at the next
# start after a crash. One run at a time: the second waits for $WL_LOCK.
#
#   WL_SRC=…  WL_BUILD=…                    # source and build folder (else found, see below)
#   . "$WL_SRC/tests/integration/lib.sh"
#   wl_begin media                          # needs, lock, install, users, udevd, state folders
#   wl_port_new a1; wl_port_new b1          # ports: fresh loop numbers; wl_port_match a1 -> loop:64
#   wl_stick_new vendor 64                  # a blank stick of 64 MiB; wl_stick_file vendor -> path
#   wl_station_start                        # mediad, ledgerd, spawnd, weighlockd
#   wl_stick_insert vendor a1
#   wl_cli 3001 status                      # a person: uid 3001, group weighlock-users
#   wl_expect_rule medium.gone wl_cli 3001 receive …
#   wl_end                                  # the count; the exit status
#
# Variables it sets: WL_PREFIX (bin/ sbin/ libexec/weighlock/ …), WL_STATE (for --state), WL_LOGS,
# WL_WORK (for the test's own files), WL_STICKS. Set WL_KEEP=1 to keep the prefix for looking at.

: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
: "${WL_BUILD:=$(pwd)}"
: "${WL_MAKE:=make}"
WL_RECORD=/run/weighlock-test.record
WL_LOCK=/run/weighlock-test.lock
WL_RULES=/run/udev/rules.d
WL_DAEMONS="weighlock-mediad weighlock-ledgerd weighlock-spawnd weighlockd"
WL_PYTHON=/usr/bin/python3
WL_N_PASSED=0 WL_N_FAILED=0 WL_N_SKIPPED=0
# uids of people that are also in weighlock-setup or weighlock-audit: lists separated by spaces
: "${WL_SETUP_UIDS:=}" "${WL_AUDIT_UIDS:=}"
[ -x "$WL_PYTHON" ] || WL_PYTHON=python3
PATH=$PATH:/usr/sbin:/sbin
umask 022

# ---- saying and counting ----

wl_say() { printf '%s\n' "$*"; }
wl_pass() { WL_N_PASSED=$((WL_N_PASSED + 1)); printf 'ok    %s\n' "$*"; }
wl_skip() { WL_N_SKIPPED=$((WL_N_SKIPPED + 1)); printf 'skip  %s\n' "$*"; }
wl_fail() {
	WL_N_FAILED=$((WL_N_FAILED + 1))
	printf 'FAIL  %s\n' "$*"
	[ -z "${WL_OUT:-}" ] || [ ! -s "$WL_OUT" ] || sed 's/^/      | /' "$WL_OUT" | tail -n 20
}

# wl_run COMMAND…: runs it with output and errors in $WL_OUT; its status is in $WL_STATUS (and 0 here).
wl_run() {
	WL_STATUS=0
	"$@" >"$WL_OUT" 2>&1 || WL_STATUS=$?
}

# wl_check WHAT COMMAND…: passes where the command succeeds.
wl_check() {
	wl_check_what=$1
	shift
	wl_run "$@"
	if [ "$WL_STATUS" -eq 0 ]; then wl_pass "$wl_check_what"; else
		wl_fail "$wl_check_what (status $WL_STATUS: $*)"
	fi
}

# wl_expect_status N WHAT COMMAND…: passes where it ends with exactly that status.
wl_expect_status() {
	wl_expect_n=$1 wl_check_what=$2
	shift 2
	wl_run "$@"
	if [ "$WL_STATUS" -eq "$wl_expect_n" ]; then wl_pass "$wl_check_what"; else
		wl_fail "$wl_check_what (status $WL_STATUS, expected $wl_expect_n: $*)"
	fi
}

# wl_expect_rule RULE COMMAND…: passes where it fails and names the rule, as a word of its own.
wl_expect_rule() {
	wl_expect_id=$1
	shift
	wl_run "$@"
	if [ "$WL_STATUS" -eq 0 ]; then
		wl_fail "$wl_expect_id: was not refused: $*"
	elif wl_names_rule "$wl_expect_id"; then
		wl_pass "refused with $wl_expect_id: $*"
	else
		wl_fail "$wl_expect_id: refused (status $WL_STATUS) without naming it: $*"
	fi
}
expect_rule() { wl_expect_rule "$@"; }

# wl_names_rule RULE: does the last output name this very rule?
wl_names_rule() {
	grep -Eq "(^|[^a-z0-9.-])$(printf %s "$1" | sed 's/\./\\./g')([^a-z0-9-]|\$)" "$WL_OUT"
}

# wl_until SECONDS COMMAND…: tries every 50 ms until it succeeds.
wl_until() {
	wl_until_left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		wl_until_left=$((wl_until_left - 1))
		[ "$wl_until_left" -gt 0 ] || return 1
		sleep 0.05
	done
}

# wl_drive COMMAND…: runs a test program in another language. It says one line at a time on its standard
# output: `do WORDS` (a function of this file or a command: run here, status back on its standard input),
# `ok WHAT`, `FAIL WHAT`, `skip WHAT`; anything else is printed. Its standard error goes to $WL_LOGS/drive.log.
wl_drive() {
	rm -f "$WL_PREFIX/drive.in" "$WL_PREFIX/drive.out"
	mkfifo "$WL_PREFIX/drive.in" "$WL_PREFIX/drive.out"
	"$@" <"$WL_PREFIX/drive.in" >"$WL_PREFIX/drive.out" 2>>"$WL_LOGS/drive.log" 9>&- &
	wl_drive_pid=$!
	exec 5>"$WL_PREFIX/drive.in" 6<"$WL_PREFIX/drive.out"
	while IFS= read -r wl_line <&6; do
		case $wl_line in
		'do '*)
			wl_drive_status=0
			eval "${wl_line#do }" || wl_drive_status=$?
			echo "$wl_drive_status" >&5
			;;
		'ok '*) wl_pass "${wl_line#ok }" ;;
		'FAIL '*) wl_fail "${wl_line#FAIL }" ;;
		'skip '*) wl_skip "${wl_line#skip }" ;;
		*) printf '      %s\n' "$wl_line" ;;
		esac
	done
	exec 5>&- 6<&-
	if ! wait "$wl_drive_pid"; then
		wl_fail "$1 did not come to its end"
		tail -n 30 "$WL_LOGS/drive.log" | sed 's/^/      /'
	fi
}

# ---- beginning and ending ----

# wl_missing: prints the first thing this machine lacks for integration tests, fails where complete.
wl_missing() {
	[ "$(id -u)" = 0 ] || { echo "not root"; return 0; }
	for wl_missing_tool in losetup setpriv flock useradd sfdisk mkfs.fat mcopy openssl udevadm \
		"$WL_PYTHON"; do
		command -v "$wl_missing_tool" >/dev/null ||
			{ echo "$wl_missing_tool is not installed"; return 0; }
	done
	[ -x /lib/systemd/systemd-udevd ] || { echo "systemd-udevd is not installed"; return 0; }
	[ -c /dev/loop-control ] || mknod /dev/loop-control c 10 237 2>/dev/null ||
		{ echo "no /dev/loop-control"; return 0; }
	"$WL_PYTHON" -c 'open("/dev/loop-control", "rb")' 2>/dev/null ||
		{ echo "/dev/loop-control cannot be opened (no loop devices)"; return 0; }
	[ -w /sys/block ] || [ -w /sys/fs ] || { echo "/sys is read-only"; return 0; }
	return 1
}

# wl_need_root_loop: ends the test with 77 where this machine cannot run it; under CI that is a failure.
wl_need_root_loop() {
	wl_need_why=$(wl_missing) || return 0
	if [ -n "${CI:-}" ]; then
		echo "FAIL  integration tests cannot run here, and under CI they must: $wl_need_why"
		exit 1
	fi
	echo "skip  integration: $wl_need_why"
	exit 77
}

# wl_begin NAME: everything up to, and not including, the daemons. A demo may give WL_NO_INSTALL=1
# and call wl_install by itself.
wl_begin() {
	WL_NAME=$1
	wl_need_root_loop
	exec 9>"$WL_LOCK"
	flock -n 9 || { echo "      another run holds $WL_LOCK: waiting"; flock 9; }
	[ ! -s "$WL_RECORD" ] || { echo "      clearing what an earlier run left"; (set +e; wl_sweep); }
	: >"$WL_RECORD"
	trap wl_on_exit EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	WL_PREFIX=$(mktemp -d /tmp/wlXXXX)
	wl_note prefix "$WL_PREFIX"
	chmod 0755 "$WL_PREFIX"
	WL_STATE=$WL_PREFIX/s WL_LOGS=$WL_PREFIX/log WL_STICKS=$WL_PREFIX/sticks WL_WORK=$WL_PREFIX/work
	WL_OUT=$WL_LOGS/last-output
	mkdir "$WL_STATE" "$WL_LOGS" "$WL_STICKS" "$WL_WORK"
	: >"$WL_OUT"
	export WL_PREFIX WL_STATE WL_WORK
	[ -n "${WL_NO_INSTALL:-}" ] || wl_install
	wl_users_make
	wl_udev_start
	wl_state_make
}

# wl_end: the line of counts; ends the script with 1 where something failed.
wl_end() {
	printf '%d passed, %d failed, %d skipped\n' "$WL_N_PASSED" "$WL_N_FAILED" "$WL_N_SKIPPED"
	[ "$WL_N_FAILED" -eq 0 ] || exit 1
	exit 0
}

wl_on_exit() {
	wl_exit_status=$?
	trap - EXIT
	trap '' INT TERM HUP
	set +e
	if [ "$wl_exit_status" -ne 0 ] && [ -d "${WL_LOGS:-/nonexistent}" ]; then
		for wl_exit_log in "$WL_LOGS"/weighlock*.log; do
			[ -s "$wl_exit_log" ] || continue
			echo "      ---- ${wl_exit_log##*/}"
			tail -n "${WL_LOG_LINES:-15}" "$wl_exit_log" | sed 's/^/      /'
		done
	fi
	wl_sweep
	exit "$wl_exit_status"
}

# wl_note KIND VALUE: written before the thing is made.
wl_note() { printf '%s %s\n' "$1" "$2" >>"$WL_RECORD"; }

wl_noted() { sed -n "s/^$1 //p" "$WL_RECORD" 2>/dev/null; }

# The processes whose program lies under our prefix, or that run with our prefix as their folder.
wl_processes() {
	for wl_proc in /proc/[0-9]*; do
		case $(readlink "$wl_proc/exe" 2>/dev/null) in
		"$1"/*) echo "${wl_proc#/proc/}" ;;
		esac
	done
}

# wl_sweep: undoes whatever $WL_RECORD says was made; safe to run twice and on half-made things.
wl_sweep() {
	for wl_sweep_prefix in $(wl_noted prefix); do
		# shellcheck disable=SC2046
		kill $(wl_processes "$wl_sweep_prefix") 2>/dev/null
		wl_until 5 wl_sweep_none "$wl_sweep_prefix" && continue
		# shellcheck disable=SC2046
		kill -KILL $(wl_processes "$wl_sweep_prefix") 2>/dev/null
	done
	for wl_sweep_loop in $(wl_noted loop); do
		wl_loop_remove "$wl_sweep_loop"
	done
	if [ -n "$(wl_noted rules)" ]; then
		rm -f "$WL_RULES/58-weighlock-test.rules" "$WL_RULES/59-weighlock.rules" \
			"$WL_RULES/70-weighlock.rules"
		udevadm control --reload 2>/dev/null
	fi
	for wl_sweep_udevd in $(wl_noted udevd); do
		case $(readlink "/proc/$wl_sweep_udevd/exe" 2>/dev/null) in
		*/systemd-udevd | */udevadm)
			kill "$wl_sweep_udevd" 2>/dev/null
			wl_until 10 wl_gone "$wl_sweep_udevd"
			;;
		esac
	done
	[ -z "$(wl_noted udevrun)" ] || rm -rf /run/udev
	wl_sweep_left=
	for wl_sweep_user in $(wl_noted user); do
		wl_until 3 wl_user_remove "$wl_sweep_user" ||
			wl_sweep_left="$wl_sweep_left user:$wl_sweep_user group:$wl_sweep_user"
	done
	for wl_sweep_group in $(wl_noted group); do groupdel "$wl_sweep_group" >/dev/null 2>&1; done
	for wl_sweep_prefix in $(wl_noted prefix); do
		case $wl_sweep_prefix in
		/tmp/wl????)
			if [ -n "${WL_KEEP:-}" ]; then echo "      kept: $wl_sweep_prefix"; else
				rm -rf "$wl_sweep_prefix"
			fi
			;;
		esac
	done
	rm -f "$WL_RECORD"
	for wl_sweep_user in $wl_sweep_left; do # somebody else runs as that user just now
		echo "      not removed, the next run will: ${wl_sweep_user#*:}"
		wl_note "${wl_sweep_user%%:*}" "${wl_sweep_user#*:}"
	done
}
# Fails while a process runs as that user.
wl_user_remove() { ! getent passwd "$1" || userdel "$1"; }
wl_sweep_none() { [ -z "$(wl_processes "$1")" ]; }
wl_gone() { [ ! -d "/proc/$1" ]; }

# ---- what a station needs on a machine ----

# wl_install: the built tree into $WL_PREFIX; no folder of the system is touched whatever configure was told.
wl_install() {
	if ! $WL_MAKE -C "$WL_BUILD" install DESTDIR= prefix="$WL_PREFIX" exec_prefix="$WL_PREFIX" \
		bindir="$WL_PREFIX/bin" sbindir="$WL_PREFIX/sbin" libexecdir="$WL_PREFIX/libexec" \
		sysconfdir="$WL_PREFIX/etc" localstatedir="$WL_PREFIX/var" \
		datarootdir="$WL_PREFIX/share" datadir="$WL_PREFIX/share" \
		mandir="$WL_PREFIX/share/man" docdir="$WL_PREFIX/share/doc/weighlock" \
		localedir="$WL_PREFIX/share/locale" udevdir="$WL_PREFIX/lib/udev" \
		sysusersdir="$WL_PREFIX/lib/sysusers.d" tmpfilesdir="$WL_PREFIX/lib/tmpfiles.d" \
		systemdsystemunitdir="$WL_PREFIX/lib/systemd/system" \
		>"$WL_LOGS/install.log" 2>&1; then
		tail -n 20 "$WL_LOGS/install.log"
		echo "FAIL  make install into $WL_PREFIX"
		exit 1
	fi
	chmod -R go+rX "$WL_PREFIX/bin" "$WL_PREFIX/sbin" "$WL_PREFIX/libexec" 2>/dev/null || :
}

# The packaged data files, from the prefix where they were installed, else from the sources.
wl_data() {
	for wl_data_file in "$WL_PREFIX/lib/sysusers.d/$1" "$WL_PREFIX/lib/tmpfiles.d/$1" \
		"$WL_SRC/packaging/$2"; do
		[ ! -f "$wl_data_file" ] || { echo "$wl_data_file"; return 0; }
	done
	return 1
}

# wl_users_make: users and groups of the sysusers file that are missing; noted, so removed at the end.
wl_users_make() {
	wl_users_file=$(wl_data weighlock.conf weighlock.sysusers | grep -v tmpfiles) ||
		wl_users_file=$WL_SRC/packaging/weighlock.sysusers
	wl_users_of g "$wl_users_file" | while read -r wl_user; do
		getent group "$wl_user" >/dev/null || {
			wl_note group "$wl_user"
			groupadd --system "$wl_user" || exit 1
		}
	done || exit 1
	wl_users_of u "$wl_users_file" | while read -r wl_user; do
		getent passwd "$wl_user" >/dev/null || {
			wl_note user "$wl_user"
			wl_note group "$wl_user"
			getent group "$wl_user" >/dev/null || groupadd --system "$wl_user" || exit 1
			useradd --system --no-create-home --home-dir / --shell /usr/sbin/nologin \
				--gid "$wl_user" "$wl_user" 2>/dev/null || exit 1
		}
	done || exit 1
}
wl_users_of() { awk -v kind="$1" '$1 == kind { print $2 }' "$2"; }

# wl_udev_start: a udevd, where none answers.
wl_udev_start() {
	udevadm control --ping --timeout=5 >/dev/null 2>&1 && return 0
	[ -d /run/udev ] || wl_note udevrun 1
	/lib/systemd/systemd-udevd >"$WL_LOGS/udevd.log" 2>&1 9>&- &
	wl_note udevd "$!"
	wl_until 10 udevadm control --ping --timeout=1 || {
		cat "$WL_LOGS/udevd.log"
		echo "FAIL  systemd-udevd does not answer"
		exit 1
	}
}

# wl_state_make: the folders of the packaged tmpfiles lines, under $WL_STATE.
wl_state_make() {
	wl_state_file=$WL_PREFIX/lib/tmpfiles.d/weighlock.conf
	[ -f "$wl_state_file" ] || wl_state_file=$WL_SRC/packaging/weighlock.tmpfiles
	install -d -m 0755 "$WL_STATE/var" "$WL_STATE/var/lib" "$WL_STATE/run"
	awk '$1 == "d" { print $2, $3, $4, $5 }' "$wl_state_file" |
		while read -r wl_dir wl_mode wl_owner wl_group; do
			install -d -m "$wl_mode" -o "$wl_owner" -g "$wl_group" "$WL_STATE$wl_dir" ||
				exit 1
		done || exit 1
}

# ---- daemons ----

wl_socket_of() {
	case $1 in
	weighlock-mediad) echo "$WL_STATE/run/weighlock/media/socket" ;;
	weighlock-spawnd) echo "$WL_STATE/run/weighlock/spawn/socket" ;;
	weighlock-ledgerd) echo "$WL_STATE/run/weighlock/ledger/socket" ;;
	weighlockd) echo "$WL_STATE/run/weighlock/control/socket" ;;
	esac
}
wl_user_of() {
	case $1 in
	weighlock-mediad) echo root ;;
	weighlock-spawnd) echo weighlock-worker ;;
	weighlock-ledgerd) echo weighlock-ledger ;;
	weighlockd) echo weighlock ;;
	esac
}
wl_options_of() {
	case $1 in
	weighlock-spawnd) echo "--workers $WL_PREFIX/libexec/weighlock" ;;
	esac
}

# wl_listening PATH: somebody listens there (a stale socket file does not count).
wl_listening() { awk -v p="$1" '$4 == "00010000" && $8 == p { found = 1 } END { exit !found }' /proc/net/unix; }

# wl_start DAEMON [OPTION…]: one daemon, under its user, until it listens. A variable
# WL_WRAP_mediad, WL_WRAP_ledgerd, WL_WRAP_spawnd or WL_WRAP_weighlockd holds words to put before
# it (faketime). Each believes that systemd wants to be told (nobody listens): what libsystemd asks of
# the kernel for that, a daemon must be allowed to.
wl_start() {
	wl_start_d=$1 wl_start_wrap=
	shift
	eval "wl_start_wrap=\${WL_WRAP_${wl_start_d#weighlock-}:-}"
	wl_start_user=$(wl_user_of "$wl_start_d")
	wl_start_socket=$(wl_socket_of "$wl_start_d")
	wl_start_caps="--inh-caps=-all --ambient-caps=-all --bounding-set=-all"
	[ "$wl_start_user" != root ] || wl_start_caps="--inh-caps=-all --ambient-caps=-all --bounding-set=-all,+sys_admin"
	echo "---- started by $WL_NAME" >>"$WL_LOGS/$wl_start_d.log"
	# shellcheck disable=SC2046,SC2086
	(cd / && exec setpriv --reuid "$wl_start_user" --regid "$wl_start_user" --init-groups \
		$wl_start_caps --no-new-privs --reset-env \
		env PATH=/usr/bin:/bin LC_ALL=C.UTF-8 NOTIFY_SOCKET="$WL_PREFIX/notify" $wl_start_wrap "$WL_PREFIX/sbin/$wl_start_d" \
		--state "$WL_STATE" $(wl_options_of "$wl_start_d") "$@") \
		</dev/null >>"$WL_LOGS/$wl_start_d.log" 2>&1 5>&- 6<&- 9>&- &
	echo "$!" >"$WL_PREFIX/$wl_start_d.pid"
	wl_until 15 wl_start_settled "$wl_start_d" || :
	wl_listening "$wl_start_socket" && wl_alive "$wl_start_d" && return 0
	wl_fail "$wl_start_d did not start"
	tail -n 20 "$WL_LOGS/$wl_start_d.log" | sed 's/^/      /'
	return 1
}
wl_start_settled() { wl_listening "$wl_start_socket" || ! wl_alive "$1"; }

# wl_pid DAEMON; wl_alive DAEMON
wl_pid() { cat "$WL_PREFIX/$1.pid" 2>/dev/null; }
wl_alive() {
	wl_alive_pid=$(wl_pid "$1") && [ -n "$wl_alive_pid" ] && kill -0 "$wl_alive_pid" 2>/dev/null &&
		! grep -q '^State:[[:space:]]*Z' "/proc/$wl_alive_pid/status" 2>/dev/null
}
wl_not_alive() { ! wl_alive "$1"; }

# wl_kill DAEMON [SIGNAL]: ends it (KILL unless said) and waits until it is gone; its status in $WL_KILLED.
wl_kill() {
	wl_alive "$1" || return 0
	wl_kill_pid=$(wl_pid "$1")
	kill -s "${2:-KILL}" "$wl_kill_pid" 2>/dev/null || :
	wl_until 15 wl_not_alive "$1" || kill -KILL "$wl_kill_pid" 2>/dev/null || :
	WL_KILLED=0
	# shellcheck disable=SC2034
	wait "$wl_kill_pid" 2>/dev/null || WL_KILLED=$?
	rm -f "$WL_PREFIX/$1.pid"
}

wl_station_start() {
	for wl_each in $WL_DAEMONS; do wl_start "$wl_each" || return 1; done
}
wl_station_stop() {
	for wl_each in weighlockd weighlock-spawnd weighlock-ledgerd weighlock-mediad; do
		wl_kill "$wl_each" TERM
	done
}

# ---- people ----

# wl_as UID COMMAND…: as a person of that uid: group weighlock-users, and weighlock-setup or
# weighlock-audit where WL_SETUP_UIDS or WL_AUDIT_UIDS names the uid. Our bin folder comes first.
wl_as() {
	wl_as_uid=$1
	shift
	wl_as_groups=$(getent group weighlock-users | cut -d: -f3)
	case " $WL_SETUP_UIDS " in
	*" $wl_as_uid "*) wl_as_groups=$wl_as_groups,$(getent group weighlock-setup | cut -d: -f3) ;;
	esac
	case " $WL_AUDIT_UIDS " in
	*" $wl_as_uid "*) wl_as_groups=$wl_as_groups,$(getent group weighlock-audit | cut -d: -f3) ;;
	esac
	setpriv --reuid "$wl_as_uid" --regid "$wl_as_uid" --groups "$wl_as_groups" \
		--inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs --reset-env \
		env PATH="$WL_PREFIX/bin:/usr/bin:/bin" LC_ALL=C.UTF-8 HOME=/ \
		"$@" 9>&-
}

# wl_cli UID ARGUMENT…: the command, at this station, as that person.
wl_cli() {
	wl_cli_uid=$1
	shift
	wl_as "$wl_cli_uid" weighlock --state "$WL_STATE" "$@"
}

# ---- ports and sticks: loop devices with numbers nobody has used ----

wl_loop_ioctl() {
	"$WL_PYTHON" -c 'import fcntl, sys
with open("/dev/loop-control", "r+b", buffering=0) as f:
    fcntl.ioctl(f, int(sys.argv[1], 0), int(sys.argv[2]))' "$1" "$2"
}

wl_loop_remove() {
	losetup -d "/dev/loop$1" 2>/dev/null
	wl_until 5 wl_loop_ioctl 0x4c81 "$1" # LOOP_CTL_REMOVE; EBUSY while somebody has it open
}

# wl_port_new PORT: a fresh loop number that stands for this port for the whole run.
wl_port_new() {
	wl_port_n=${WL_LOOP_NEXT:-64}
	while [ -e "/sys/block/loop$wl_port_n" ] || [ -e "/dev/loop$wl_port_n" ] ||
		! wl_loop_ioctl 0x4c80 "$wl_port_n" 2>/dev/null; do # LOOP_CTL_ADD
		wl_port_n=$((wl_port_n + 1))
		[ "$wl_port_n" -lt 512 ] || { wl_fail "no free loop number"; return 1; }
	done
	WL_LOOP_NEXT=$((wl_port_n + 1))
	wl_note loop "$wl_port_n"
	echo "$wl_port_n" >"$WL_PREFIX/port.$1"
	wl_until 3 test -b "/dev/loop$wl_port_n" || mknod -m 0600 "/dev/loop$wl_port_n" b 7 "$wl_port_n"
	wl_rules_lay
}
wl_port_number() { cat "$WL_PREFIX/port.$1"; }
wl_port_device() { echo "/dev/loop$(wl_port_number "$1")"; }
wl_port_match() { echo "loop:$(wl_port_number "$1")"; }

# wl_rules_lay: the shipped rules, for the run, and one before them that says which loops are ports.
wl_rules_lay() {
	wl_note rules 1
	mkdir -p "$WL_RULES"
	cp "$WL_SRC/udev/59-weighlock.rules" "$WL_SRC/udev/70-weighlock.rules" "$WL_RULES"
	for wl_rules_n in $(wl_noted loop); do
		echo "SUBSYSTEM==\"block\", KERNEL==\"loop$wl_rules_n\", ENV{WEIGHLOCK_PORT}=\"1\""
	done >"$WL_RULES/58-weighlock-test.rules"
	udevadm control --reload
}

# wl_stick_new NAME MIB [PORT]: a blank stick; in PORT straight away where one is given.
wl_stick_new() {
	rm -f "$WL_STICKS/$1.img"
	truncate -s "${2}M" "$WL_STICKS/$1.img"
	[ -z "${3:-}" ] || wl_stick_insert "$1" "$3"
}
wl_stick_file() { echo "$WL_STICKS/$1.img"; }

# wl_stick_insert NAME PORT: plugs it in; returns when udev has handled it.
wl_stick_insert() {
	losetup "/dev/loop$(wl_port_number "$2")" "$WL_STICKS/$1.img" || return 1
	echo "$1" >"$WL_PREFIX/in.$2"
	wl_settle
}

# wl_stick_pull PORT: takes it out in an orderly way. Detaching is lazy: where somebody still has
# it open it stays until they let go, so this fails after 5 s; to pull it in the middle, yank.
wl_stick_pull() {
	wl_pull_n=$(wl_port_number "$1")
	rm -f "$WL_PREFIX/in.$1"
	losetup -d "/dev/loop$wl_pull_n" 2>/dev/null || :
	wl_until 5 test ! -e "/sys/block/loop$wl_pull_n/loop" || return 1
	wl_settle
}

# wl_stick_yank PORT: pulls it in the middle of whatever goes on: the device becomes empty, every
# read and write of it fails with EIO. What the stick held until then can be inserted again.
wl_stick_yank() {
	wl_yank_name=$(cat "$WL_PREFIX/in.$1") || return 1
	wl_yank_file=$WL_STICKS/$wl_yank_name.img
	sync -d "$wl_yank_file" 2>/dev/null || :
	cp --sparse=always "$wl_yank_file" "$wl_yank_file.after" || return 1
	truncate -s 0 "$wl_yank_file"
	losetup -c "/dev/loop$(wl_port_number "$1")" || :
	losetup -d "/dev/loop$(wl_port_number "$1")" 2>/dev/null || : # lazy, when the last one lets go
	mv "$wl_yank_file.after" "$wl_yank_file"
	rm -f "$WL_PREFIX/in.$1"
	wl_settle
}

# wl_hold_worker PORT read|write [KIB]: from now on; the worker that reads or writes PORT's stick stands
# still once it moved 64 KiB (hold_worker.py). wl_held waits for that; wl_let_go lets it go on.
# wl_hold_inspection TRANSFER: likewise the worker that looks into what it brought (64 KiB of a file).
wl_hold_worker() {
	wl_hold_counter=rchar
	[ "$2" = read ] || wl_hold_counter=wchar
	wl_hold "/dev/loop$(wl_port_number "$1")" "$wl_hold_counter" "${3:-64}"
}
WL_HELD= # who stands still, or did: another may be waited for before the one before is let go
wl_hold_inspection() { wl_hold "$WL_STATE/var/lib/weighlock/vault/$1" rchar 64; }
wl_hold() {
	[ -z "${WL_HOLDER:-}" ] || kill "$WL_HOLDER" 2>/dev/null || : # one that still looks
	: >"$WL_PREFIX/hold.out" # here: what the last one said must not be taken for this one's word
	"$WL_PYTHON" "$WL_SRC/tests/integration/hold_worker.py" "$1" "$2" $(($3 * 1024)) \
		>"$WL_PREFIX/hold.out" 2>&1 9>&- &
	WL_HOLDER=$!
	wl_until 20 grep -q ready "$WL_PREFIX/hold.out" || wl_fail "hold_worker.py"
}
wl_held() {
	wl_until 60 grep -q "^stopped" "$WL_PREFIX/hold.out" || return 1
	WL_HELD=$(sed -n 's/^stopped //p' "$WL_PREFIX/hold.out") WL_HOLDER=
}
wl_let_go() { [ -z "$WL_HELD" ] || kill -CONT "$WL_HELD" 2>/dev/null || :; }

wl_settle() { udevadm settle --timeout=20 || :; }

# ---- what lies on sticks ----

# wl_fat_make FILE MIB [LABEL]: an MBR with one FAT32 partition from LBA 2048, made by sfdisk and
# mkfs.fat. Below 34 MiB mkfs.fat would warn: it becomes FAT16.
wl_fat_make() {
	rm -f "$1"
	truncate -s "${2}M" "$1"
	wl_fat_bits=32
	[ "$2" -ge 40 ] || wl_fat_bits=16
	printf 'label: dos\nunit: sectors\nstart=2048, type=%s\n' \
		"$([ "$wl_fat_bits" = 32 ] && echo c || echo e)" | sfdisk -q "$1" || return 1
	mkfs.fat -F "$wl_fat_bits" -s 1 -S 512 -h 2048 -n "${3:-VENDOR}" --offset 2048 "$1" \
		$((($2 * 2048 - 2048) / 2)) >/dev/null
}
# wl_fat_put FILE SOURCE [FOLDER]: copies a file or a folder's contents into the volume.
wl_fat_put() {
	if [ -d "$2" ]; then
		MTOOLS_SKIP_CHECK=1 mcopy -s -Q -i "$1@@1M" "$2"/* "::${3:-}"
	else
		MTOOLS_SKIP_CHECK=1 mcopy -Q -i "$1@@1M" "$2" "::${3:-}"
	fi
}
wl_fat_mkdir() { MTOOLS_SKIP_CHECK=1 mmd -i "$1@@1M" "::$2"; }
wl_fat_ls() { MTOOLS_SKIP_CHECK=1 mdir -/ -b -i "$1@@1M" :: ; }
# wl_fat_get FILE PATH DEST
wl_fat_get() { MTOOLS_SKIP_CHECK=1 mcopy -n -Q -i "$1@@1M" "::$2" "$3"; }

# wl_fat_litter FILE: what Windows leaves on every stick it has seen.
wl_fat_litter() {
	wl_litter=$(mktemp -d "$WL_WORK/litterXXXX")
	mkdir "$wl_litter/System Volume Information" "$wl_litter/\$RECYCLE.BIN"
	# IndexerVolumeGuid: 76 bytes, a GUID in UTF-16LE; WPSettings.dat: 12 bytes
	printf '{0DB4C4E0-8A1F-4F0E-9B57-3F1C5D2A7E66}' | sed 's/./&\n/g' | tr '\n' '\000' \
		>"$wl_litter/System Volume Information/IndexerVolumeGuid"
	printf '\014\000\000\000\127\017\020\043\161\310\321\076' \
		>"$wl_litter/System Volume Information/WPSettings.dat"
	printf '[.ShellClassInfo]\r\nCLSID={645FF040-5081-101B-9F08-00AA002F954E}\r\n' \
		>"$wl_litter/\$RECYCLE.BIN/desktop.ini"
	wl_fat_put "$1" "$wl_litter"
}
