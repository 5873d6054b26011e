#!/bin/sh
# A delivery medium that does not keep what was written to it: the release is taken back, the medium
# is not trusted any more, and the next one, prepared afresh, is released as if nothing had been.
# The bad medium is a stick of which somebody changes some bytes again and again from behind.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"

wl_begin destination_differs
scn_begin
wl_station_start || wl_end
scn_setup
scn_update u421 4.2.1 40201 8
scn_vendor_stick u421 "$WL_WORK/u421" 64
wl_stick_insert u421 a1
wl_expect_status 4 "received, waits for another person" wl_cli $SCN_TECH receive --no-wait \
	--device x-0042 --work-order WO-1 --engineer "An Engineer" --org Acme --escort tech-1 --port a1
wl_stick_pull a1
wl_check "approved" wl_cli $SCN_APPR approve 1 --yes

wl_stick_new delivery 64 b1
wl_check "prepared" wl_cli $SCN_TECH prepare b1 --yes
stick=$(wl_stick_file delivery)
# beyond the 4 MiB by which a prepared medium is known, within the file of 8 MiB
"$WL_PYTHON" -c '
import os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
while True:
    os.pwrite(fd, b"\xaa" * 64, 6 << 20)
    time.sleep(0.001)
' "$stick" &
changer=$!
wl_expect_rule destination.differs wl_cli $SCN_TECH release 1 --port b1
kill $changer
wait $changer 2>/dev/null

wl_check "the auditor reads the ledger" wl_cli $SCN_AUDIT ledger show --json
cp "$WL_OUT" "$WL_WORK/entries"
wl_check "which has the intent" grep -q '"event": *"release.intent"' "$WL_WORK/entries"
wl_check "the ledger says the release failed" grep -q '"event": *"release.failed"' "$WL_WORK/entries"
wl_check "and by which rule" grep -q '"rule": *"destination.differs"' "$WL_WORK/entries"
wl_expect_status 1 "and nowhere that it was done" grep -q '"event": *"release.done"' "$WL_WORK/entries"
wl_expect_rule destination.not-clean wl_cli $SCN_TECH release 1 --port b1
wl_stick_pull b1

wl_stick_new second 64 b1
wl_check "another is prepared" wl_cli $SCN_TECH prepare b1 --yes
wl_check "and released to" wl_cli $SCN_TECH release 1 --port b1
wl_stick_pull b1
wl_fat_get "$(wl_stick_file second)" FIRMWARE.BIN "$WL_WORK/back.bin"
wl_check "with what the vendor shipped" cmp "$WL_WORK/back.bin" "$WL_WORK/u421/FIRMWARE.BIN"
wl_end
