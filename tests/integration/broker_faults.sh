#!/bin/sh
# Everything that breaks on the way: a stick pulled while it is read or written, a daemon killed at
# each state, power lost while releasing, a full vault, accounts that misbehave. After each the
# station lives, says what happened and what to type next, and that works.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/broker.sh"

wl_begin broker_faults
scn_begin
brk_begin
wl_station_start || wl_end
brk_setup
brk_update small AA-1 3 40201
brk_update big AA-2 300 40202
wl_fat_make "$(wl_stick_file tickets)" 64 TICKETS
for file in "$WL_WORK"/AA-*.ticket.*; do wl_fat_put "$(wl_stick_file tickets)" "$file"; done
scn_vendor_stick small "$WL_WORK/small"
scn_vendor_stick big "$WL_WORK/big" 512
wl_stick_new delivery 640
wl_stick_new tiny 32
wl_stick_insert tickets a1
wl_check "the tickets are seen" wl_until 10 seen a1
wl_check "tickets added" vl $SCN_TECH AddTicket '{"port":"a1"}'
wl_stick_pull a1

OPEN='{"device":"x-0042","work_order":"WO-1","engineer":"Engineer","organisation":"Acme","escort":"tech-1"}'
open_transfer() {
	wl_run vl $SCN_TECH OpenInbound "$OPEN"
	T=$(field 'a["transfer"]')
}
next_is() { show "$T"; is "next: $1" 'a["transfer"]["next_command"]' "$1"; }
reaches() { if wl_until "$2" state_is "$T" "$1"; then wl_pass "$3"; else show "$T"; wl_fail "$3"; fi; }
approve() {
	show "$T"
	wl_run vl $SCN_APPR Approve "{\"transfer\":\"$T\",\"manifest_sha256\":[\"$(field 'a["transfer"]["outputs"][0]["manifest_sha256"]')\"],\"accept\":[]}"
}
release() { vl $SCN_TECH Release "{\"transfer\":\"$T\",\"output\":\"delivery\",\"port\":\"b1\"}" "$@"; }
prepare() { vl $SCN_TECH Prepare '{"port":"b1","device":"x-0042","use":"delivery"}'; }
# held WHERE: the worker stands still in the middle of it
held() { wl_check "$1: in the middle" wl_held; }
number() { printf %s "${T#*-T}" | sed 's/^0*//'; }

# ---- the source pulled while it is read ----
open_transfer
wl_hold_worker a1 read
wl_stick_insert big a1
held "reading"
reaches reading 20 "reading"
wl_stick_yank a1
wl_let_go
reaches opened 30 "the source was pulled: open again"
show "$T"
is "and says so" 'a["transfer"]["rule"]' medium.gone
next_is "weighlock retry $(number)"
wl_hold_worker a1 read
wl_stick_insert big a1 # and the other way round: it is read by itself, saying so is no error
held "reading again"
wl_check "retry" vl $SCN_TECH Retry "{\"transfer\":\"$T\"}"
reaches reading 20 "reading again"

# ---- the broker killed while it reads ----
wl_kill weighlockd
wl_start weighlockd
reaches opened 20 "killed while reading: open again"
next_is "weighlock retry $(number)"
wl_hold_worker a1 read
wl_check "retry" vl $SCN_TECH Retry "{\"transfer\":\"$T\"}"
held "reading again"
reaches reading 20 "reading again"

# ---- spawnd killed while it reads ----
wl_kill weighlock-spawnd
reaches opened 30 "spawnd died while reading: open again"
wl_check "status without spawnd" vl $SCN_TECH GetStatus
is "names the part" 'a["fault_details"][0]["args"]["part"]' spawn
wl_start weighlock-spawnd
for try in 1 2 3; do
	vl $SCN_TECH GetStatus >"$WL_OUT" 2>&1
	[ "$(field 'a["faults"]')" = "[]" ] && break
	sleep 1
done
is "no fault any more" 'a["faults"]' "[]"
wl_check "retry" vl $SCN_TECH Retry "{\"transfer\":\"$T\"}"
reaches waiting 60 "read and inspected"
wl_stick_pull a1

# ---- killed while waiting and while approved; ledgerd away ----
wl_kill weighlockd
wl_start weighlockd
reaches waiting 20 "killed while waiting: waiting"
next_is "weighlock approve $(number)"
show "$T"
M=$(field 'a["transfer"]["outputs"][0]["manifest_sha256"]')
wl_kill weighlock-ledgerd
wl_expect_rule station.part-missing vl $SCN_APPR Approve "{\"transfer\":\"$T\",\"manifest_sha256\":[\"$M\"],\"accept\":[]}"
wl_check "status without ledgerd" vl $SCN_TECH GetStatus
is "names the part" 'a["faults"][0]' station.part-missing
wl_start weighlock-ledgerd
approve
wl_check "approved once ledgerd is back" state_is "$T" approved
wl_kill weighlockd
wl_start weighlockd
reaches approved 20 "killed while approved: approved"
next_is "weighlock release $(number)"

# ---- destinations that will not do ----
wl_stick_insert tiny b1
wl_check "the tiny stick is seen" wl_until 10 seen b1
wl_expect_rule destination.too-small prepare
wl_stick_pull b1
wl_stick_insert delivery b1
wl_check "the delivery stick is seen" wl_until 10 seen b1
wl_check "prepared" prepare

# ---- the broker killed while it releases ----
wl_hold_worker b1 write
release >/dev/null 2>&1 &
RELEASING=$!
held "releasing"
reaches releasing 20 "releasing"
wl_kill weighlockd
wait "$RELEASING" 2>/dev/null
wl_start weighlockd
reaches approved 30 "killed while releasing: approved, and the release unknown"
show "$T"
is "the medium is suspect" 'a["transfer"]["rule"]' medium.suspect
is "history says unknown" '[h["event"] for h in a["transfer"]["history"]].count("release.unknown")' 1
is "not released" '"released_at" in a["transfer"]["outputs"][0]' False
wl_run vl $SCN_TECH ListMedia
is "the port's medium is suspect" '[m["suspect"] for m in a["media"] if m["port"]=="b1"][0]' True
wl_expect_status 1 "an unprepared medium is refused" release

# ---- the destination pulled while it is written ----
wl_check "prepared again" prepare
wl_hold_worker b1 write
(release >"$WL_WORK/release.out" 2>&1; echo "$?" >"$WL_WORK/release.status") &
RELEASING=$!
held "releasing"
reaches releasing 20 "releasing"
wl_stick_yank b1
wl_let_go
wait "$RELEASING" 2>/dev/null
if grep -q destination.gone "$WL_WORK/release.out"; then wl_pass "refused with destination.gone"; else
	cp "$WL_WORK/release.out" "$WL_OUT"; wl_fail "refused with destination.gone"; fi
reaches approved 20 "pulled while written: approved, not released"
wl_stick_insert delivery b1
wl_check "the delivery stick is seen" wl_until 10 seen b1
wl_check "prepared again" prepare
wl_check "and released at last" release
wl_stick_pull b1
wl_fat_get "$(wl_stick_file delivery)" FIRMWARE.BIN "$WL_WORK/back.bin"
wl_check "the firmware is what the vendor shipped" cmp "$WL_WORK/back.bin" "$WL_WORK/big/FIRMWARE.BIN"

# ---- an older release, a used ticket ----
open_transfer
wl_stick_insert small a1
reaches refused 40 "an older release is refused"
show "$T"
is "by the floor" 'a["transfer"]["rule"]' update.version-floor
wl_stick_pull a1
open_transfer
wl_stick_insert big a1
reaches refused 60 "the same ticket again is refused"
show "$T"
is "as used" 'a["transfer"]["rule"]' ticket.used
wl_stick_pull a1

# ---- wrong calls in wrong states, by wrong people ----
wl_run vl $SCN_TECH Cancel "{\"transfer\":\"$T\",\"words\":\"late\"}"
is "WrongState" 'a["error"]' ca.weighlock.Station.WrongState
wl_run vl $SCN_TECH Show '{"transfer":"999"}'
is "NoSuch" 'a["error"]' ca.weighlock.Station.NoSuch
wl_run vl $SCN_TECH Approve "{\"transfer\":\"$T\",\"manifest_sha256\":[],\"accept\":[]}"
is "NotPermitted" 'a["error"]' ca.weighlock.Station.NotPermitted
wl_run vl $SCN_TECH OpenInbound '{"device":"x-0042"}'
is "BadArgument" 'a["error"]' ca.weighlock.Station.BadArgument
wl_expect_rule update.device-unknown vl $SCN_TECH OpenInbound "$(printf %s "$OPEN" | sed s/x-0042/x-9999/)"
wl_expect_rule medium.direction-wrong vl $SCN_TECH OpenInbound "$(printf %s "$OPEN" | sed 's/}/,"port":"b1"}/')"
wl_expect_rule medium.port-unknown vl $SCN_TECH OpenInbound "$(printf %s "$OPEN" | sed 's/}/,"port":"z9"}/')"

# ---- a vault without room: refused before a byte is read ----
brk_policy 2 's/quota: 8 GiB/quota: 1 MiB/'
open_transfer
wl_stick_insert small a1
stopped() { vl $SCN_TECH Watch "{\"transfer\":\"$T\"}" >"$WL_OUT" 2>&1; [ "$(field 'a["progress"].get("rule")')" = "$1" ]; }
wl_check "no room: station.vault-full" wl_until 20 stopped station.vault-full
wl_check "cancelled" vl $SCN_TECH Cancel "{\"transfer\":\"$T\",\"words\":\"no room\"}"
wl_stick_pull a1
brk_policy 3 's/require_encrypted_disk: false/require_encrypted_disk: true/'
open_transfer
wl_stick_insert small a1
wl_check "not encrypted: station.vault-unencrypted" wl_until 20 stopped station.vault-unencrypted
wl_stick_pull a1

# ---- accounts that misbehave stall nobody ----
wl_as $SCN_TECH "$WL_PYTHON" - "$SOCKET" <<'PY' >"$WL_OUT" 2>&1
import socket, sys, time
path = sys.argv[1]
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); s.settimeout(5); s.connect(path); return s
def closed(s):
    try:
        while s.recv(65536): pass
        return True
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
many = [connect() for _ in range(33)]
time.sleep(0.3)
assert closed(many[32]), "the 33rd connection stays"
for s in many: s.close()
time.sleep(0.3)
s = connect(); s.sendall(b"x" * 65537)
assert b"TooMuch" in s.recv(4096), "65,537 bytes without an end"
s = connect(); s.sendall(b'{"method":"ca.weighlock.Station.GetStatus","method":"x"}\0'); assert closed(s), "a member twice"
s = connect(); s.sendall(b'{"method":"org.varlink.service.GetInfo","parameters":' + b'{"a":' * 8 + b'1' + b'}' * 9 + b"\0"); assert closed(s), "too deep"
s = connect(); s.sendall(b'{"method":"org.varlink.service.GetInfo","oneway":true}\0'); assert b"oneway" in s.recv(4096)
s = connect(); s.sendall(b'{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"ca.weighlock.Station"}}\0'); assert b"OpenInbound" in s.recv(65536)
s = connect(); s.sendall(b'{"method":"ca.weighlock.Station.Nothing"}\0'); assert b"MethodNotFound" in s.recv(4096)
time.sleep(1.2)
s = connect(); s.sendall(b'{"method":"org.varlink.service.GetInfo"}\0' * 25)
time.sleep(0.5)
assert b"TooMuch" in s.recv(65536), "25 calls at once"
# one that never reads what it asks for
s = connect(); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
for _ in range(40):
    try:
        s.sendall(b'{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"ca.weighlock.Station"}}\0' * 10)
    except OSError:
        break
    time.sleep(0.05)
print("fine")
PY
if grep -q '^fine' "$WL_OUT"; then wl_pass "limits of connections, frames, nesting, calls"; else wl_fail "limits of connections, frames, nesting, calls"; fi
wl_check "another person is served meanwhile" vl $SCN_APPR GetStatus
RSS=$(awk '/VmHWM/ { print $2 }' "/proc/$(wl_pid weighlockd)/status")
if [ "$RSS" -lt 65536 ]; then wl_pass "weighlockd stayed under 64 MiB ($RSS KiB)"; else wl_fail "weighlockd used $RSS KiB"; fi
for d in $WL_DAEMONS; do wl_check "$d lives" wl_alive "$d"; done
wl_end
