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
wl_stick_insert present a1 # before mediad is there
wl_start weighlock-mediad
wl_drive "$WL_PYTHON" "$WL_SRC/tests/integration/media_events.py" \
	"$(wl_port_number a1)" "$(wl_port_number b1)"
wl_check "mediad is still there" wl_alive weighlock-mediad
wl_kill weighlock-mediad TERM
wl_end
