#!/bin/sh
# The workers signature, check and unpack as they are at the station: their own binaries, started by
# weighlock-spawnd in their sandbox, against every bad signature and archive of the unit tests (there
# the same cases run without a sandbox). A call the sandbox forbids kills the worker and fails here.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
: "${WL_BUILD:=$(pwd)}"
UPDATE_SPAWND=$WL_BUILD/daemon/spawn/weighlock-spawnd
WEIGHLOCK_WORKERS=$WL_BUILD/daemon/worker
UPDATE_PROBE=$WL_BUILD/tests/unit/update_probe
export UPDATE_SPAWND WEIGHLOCK_WORKERS UPDATE_PROBE
failed=0
make -s -C "$WL_BUILD" tests/unit/update_probe || exit 1
for name in signatures archives; do
	if python3 "$WL_SRC/tests/unit/test_update_$name.py"; then
		echo "ok    $name in the sandbox"
	else
		echo "FAIL  $name in the sandbox"
		failed=1
	fi
done
exit $failed
