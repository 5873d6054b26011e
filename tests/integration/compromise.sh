#!/bin/sh
# What each process could not do if it were taken over (docs/THREATS.md), as far as users, groups,
# folders, capabilities and sockets show it: commands run as the very user of each daemon, with the
# very capabilities, against a station that is running. Everything that must fail is also tried by
# somebody for whom it must work, so that no refusal here is an accident.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"

wl_begin compromise
scn_begin
wl_stick_new stick 64
wl_station_start || wl_end
scn_setup
wl_stick_insert stick b1

# like DAEMON COMMAND…: as the daemon's user, with the daemon's groups and capabilities
like() {
	like_user=$(wl_user_of "$1")
	shift
	if [ "$like_user" = root ]; then
		setpriv --clear-groups --inh-caps=-all --bounding-set=-all,+sys_admin --no-new-privs "$@"
	else
		setpriv --reuid "$like_user" --regid "$like_user" --clear-groups --no-new-privs "$@"
	fi
}
# cannot WHAT DAEMON COMMAND…: the kernel denies it
cannot() {
	cannot_what=$1
	shift
	wl_run like "$@"
	if [ "$WL_STATUS" -ne 0 ] && grep -qE 'Permission denied|Operation not permitted' "$WL_OUT"; then
		wl_pass "$cannot_what: $1 cannot"
	else
		wl_fail "$cannot_what: $1 was not denied (status $WL_STATUS)"
	fi
}
can() {
	can_what=$1
	shift
	wl_check "$can_what: $1 can" like "$@"
}
connect="import socket,sys; socket.socket(socket.AF_UNIX, getattr(socket, sys.argv[1])).connect(sys.argv[2])"
door() { echo "$WL_STATE/run/weighlock/$1/socket"; }

ledger=$WL_STATE/var/lib/weighlock-ledger vault=$WL_STATE/var/lib/weighlock/vault
device=$(wl_port_device b1)
key=$(find "$ledger/keys" -type f | sort | head -n 1)
wl_check "there is a key" test -n "$key"

# ---- signing: the keys are ledgerd's alone ----
can "read a key" weighlock-ledgerd head -c 1 "$key"
for daemon in weighlockd weighlock-mediad weighlock-spawnd; do
	cannot "read a key" "$daemon" head -c 1 "$key"
	cannot "read ledgerd's memory" "$daemon" head -c 1 "/proc/$(wl_pid weighlock-ledgerd)/mem"
	cannot "look at ledgerd's descriptors" "$daemon" readlink -v "/proc/$(wl_pid weighlock-ledgerd)/fd/3"
done
for daemon in $WL_DAEMONS; do
	wl_expect_status 1 "$daemon has no key file open" sh -c \
		"ls -l /proc/$(wl_pid "$daemon")/fd | grep -F '$ledger/keys/'"
done

# ---- changing or hiding an entry: the ledger's files are ledgerd's alone ----
bundle=$(find "$ledger/tile/entries" -type f | sort | head -n 1)
can "write the ledger" weighlock-ledgerd sh -c ": >>'$bundle'"
for daemon in weighlockd weighlock-mediad weighlock-spawnd; do
	cannot "write the ledger" "$daemon" sh -c ": >>'$bundle'"
	cannot "remove from the ledger" "$daemon" rm -f "$bundle"
	cannot "write the checkpoint" "$daemon" sh -c ": >>'$ledger/checkpoint'"
done

# ---- media: the devices are mediad's alone ----
can "open a device" weighlock-mediad head -c 1 "$device"
for daemon in weighlockd weighlock-spawnd weighlock-ledgerd; do
	cannot "open a device" "$daemon" head -c 1 "$device"
	wl_expect_status 1 "$daemon holds no device" sh -c \
		"ls -l /proc/$(wl_pid "$daemon")/fd | grep -E '/dev/(loop|sd)'"
done

# ---- vault and policy: the broker's alone ----
can "look into the vault" weighlockd ls "$vault"
for daemon in weighlock-mediad weighlock-spawnd weighlock-ledgerd; do
	cannot "look into the vault" "$daemon" ls "$vault"
	cannot "read the policy" "$daemon" ls "$WL_STATE/var/lib/weighlock/policy"
done

# ---- who may speak to whom ----
try() { # try can|cannot DAEMON DOOR TYPE
	"$1" "connect to $3" "$2" "$WL_PYTHON" -c "$connect" "$4" "$(door "$3")"
}
for d in media spawn ledger; do try can weighlockd $d SOCK_SEQPACKET; done
try can weighlock-spawnd gate SOCK_SEQPACKET
try can weighlock-ledgerd grant SOCK_SEQPACKET
for d in gate grant; do try cannot weighlockd $d SOCK_SEQPACKET; done
for d in media ledger grant; do try cannot weighlock-spawnd $d SOCK_SEQPACKET; done
for d in media spawn gate; do try cannot weighlock-ledgerd $d SOCK_SEQPACKET; done
for d in spawn ledger; do try cannot weighlock-mediad $d SOCK_SEQPACKET; done
for daemon in weighlock-mediad weighlock-spawnd weighlock-ledgerd; do
	try cannot "$daemon" control SOCK_STREAM
done
wl_check "a person of the station can connect to control" \
	wl_as $SCN_TECH "$WL_PYTHON" -c "$connect" SOCK_STREAM "$(door control)"

# ---- the daemons as they run ----
for daemon in $WL_DAEMONS; do
	status=/proc/$(wl_pid "$daemon")/status
	caps=0000000000000000
	[ "$daemon" != weighlock-mediad ] || caps=0000000000200000
	wl_check "$daemon: capabilities $caps" grep -qx "CapEff:	$caps" "$status"
	wl_check "$daemon: none to come" grep -qx "CapPrm:	$caps" "$status"
	wl_check "$daemon: no new privileges" grep -qx "NoNewPrivs:	1" "$status"
	wl_check "$daemon: filters its system calls" grep -qx "Seccomp:	2" "$status"
	wl_check "$daemon: its own user" grep -q "^Uid:	$(id -u "$(wl_user_of "$daemon")")	" "$status"
done
wl_expect_status 1 "weighlockd has no reader of archives or signatures mapped" \
	grep -E 'libarchive|libntfs|libpng|libjpeg|libtiff' "/proc/$(wl_pid weighlockd)/maps"
wl_end
