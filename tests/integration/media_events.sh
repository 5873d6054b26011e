#!/bin/sh
# weighlock-mediad by itself, on real udev events and real (loop) devices: insertions, gates, grants.
# The broker, spawnd and ledgerd are played by media_events.py over the real sockets.
set -eu
. "${WL_SRC:-$(dirname "$0")/../..}/tests/integration/lib.sh"
wl_begin media_events
wl_port_new a1
wl_port_new b1
wl_stick_new present 64
wl_stick_new target 64
wl_stick_new third 48
wl_fat_make "$(wl_stick_file present)" 64
wl_stick_insert present a1 # before mediad is there
wl_start weighlock-mediad
wl_drive "$WL_PYTHON" "$WL_SRC/tests/integration/media_events.py" \
	"$(wl_port_number a1)" "$(wl_port_number b1)"
wl_check "mediad is still there" wl_alive weighlock-mediad

# what the shipped udev rules do to a stick that holds a FAT32 volume
wl_device=$(wl_port_device a1)
udevadm info "$wl_device" >"$WL_WORK/info"
for wl_property in UDISKS_IGNORE=1 UDISKS_AUTO=0 SYSTEMD_READY=0 \
	UDEV_DISABLE_PERSISTENT_STORAGE_BLKID_FLAG=1; do
	wl_check "udev says $wl_property" grep -qx "E: $wl_property" "$WL_WORK/info"
done
wl_expect_status 1 "udev has not looked into it" grep -E "ID_FS_|ID_PART_TABLE|uaccess" "$WL_WORK/info"
wl_check "its node is root's alone" test "$(stat -c '%a %u %g' "$wl_device")" = "600 0 0"

# what mediad holds of the machine
wl_status=/proc/$(wl_pid weighlock-mediad)/status
for wl_line in "CapEff:	0000000000200000" "CapPrm:	0000000000200000" "CapBnd:	0000000000200000" \
	"CapInh:	0000000000000000" "CapAmb:	0000000000000000" "NoNewPrivs:	1" "Seccomp:	2"; do
	wl_check "mediad: $wl_line" grep -qx "$wl_line" "$wl_status"
done
wl_check "mediad stays under 64 MiB" awk '$1 == "VmHWM:" { exit $2 > 65536 }' "$wl_status"
wl_kill weighlock-mediad TERM
wl_check "asked to end, it ends well" test "$WL_KILLED" = 0
wl_end
