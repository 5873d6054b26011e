#!/bin/sh
# The most memory each daemon and each worker ever had, over one whole transfer on a station of its
# own: receive, inspect, approve, prepare, release. Needs root and loop devices (77 without).
#
#   WL_BUILD=BUILD-FOLDER memory.sh [MIB]    prints `peak NAME KIB` per program
set -eu
WL_SRC=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
export WL_SRC WL_BUILD
. "$WL_SRC/tests/integration/lib.sh"
why=$(wl_missing) && { echo "not measured: $why"; exit 77; }
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
mib=${1:-256}
set +e
wl_begin bench
scn_begin
wl_station_start || exit 1

# Workers come and go: whoever runs out of our prefix is looked at every few milliseconds.
"$WL_PYTHON" "$WL_SRC/tests/bench/memory.py" "$WL_PREFIX" >"$WL_WORK/peaks" 9>&- &
watcher=$!
scn_setup
scn_update u1 1.0.0 50000 "$mib"
scn_vendor_stick u1 "$WL_WORK/u1" $((mib * 2))
wl_stick_insert u1 a1
wl_run wl_cli $SCN_TECH receive --no-wait --device x-0042 --work-order WO-1 --engineer "An Engineer" \
	--org Acme --escort tech-1 --port a1
transfer=$(grep -o "$SCN_STATION-T[0-9]*" "$WL_OUT" | head -n 1)
wl_stick_pull a1
wl_check "approve" wl_cli $SCN_APPR approve "$transfer" --yes
wl_stick_new out $((mib * 2)) b1
wl_check "prepare" wl_cli $SCN_TECH prepare b1 --yes
wl_check "release" wl_cli $SCN_TECH release "$transfer" --port b1
kill -TERM "$watcher"
wait "$watcher"
cat "$WL_WORK/peaks"
wl_station_stop
wl_end
