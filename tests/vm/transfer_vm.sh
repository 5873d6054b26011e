#!/bin/sh
# A station from its package, under systemd, with sticks that are USB devices: set up, an update taken
# through, a stick pulled while it is read, the power cut while it is written, and the ledger checked
# outside. transfer_vm.sh IMAGE-FOLDER (see image.sh); WL_BUILD for the programs used outside.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/vm/lib_vm.sh"

says() { # says WHAT TEXT COMMAND…: it succeeds, and says so
	says_what=$1 says_text=$2
	shift 2
	wl_run "$@"
	if [ "$WL_STATUS" -eq 0 ] && grep -q -- "$says_text" "$WL_OUT"; then wl_pass "$says_what"; else
		wl_fail "$says_what (status $WL_STATUS)"
		sed 's/^/      | /' "$WL_OUT"
	fi
}
state_is() { wl_cli $SCN_TECH show "$1" --json >"$WL_OUT" 2>&1; grep -q "\"state\": *\"$2\"" "$WL_OUT"; }
reaches() { if wl_until "$3" state_is "$1" "$2"; then wl_pass "$4"; else wl_fail "$4"; cat "$WL_OUT"; fi; }

vm_begin transfer_vm "$1" || { wl_fail "the machine did not boot"; tail -n 40 "$WL_LOGS/console.log"; wl_end; }
pki_make "$WL_WORK/pki"

# ---- the package, under systemd ----
for unit in weighlockd weighlock-ledgerd weighlock-mediad weighlock-spawnd; do
	says "$unit runs" '^active' vm_run "systemctl is-active $unit.service"
done
says "no unit failed" '^0 loaded units' vm_run "systemctl list-units --failed"
says "doctor, before the station has keys" 'weighlock station init' vm_run "weighlock doctor; true"
sed 's/^/      | /' "$WL_OUT"
vm_put "$PKI_DIR/policy-authority.pem" /tmp/root.pem
wl_check "station init" wl_cli $SCN_ADMIN1 station init --name $SCN_STATION --origin $SCN_ORIGIN \
	--policy-root /tmp/root.pem --json
SCN_FINGERPRINT=$(sed -n 's/.*"fingerprint": *"\([^"]*\)".*/\1/p' "$WL_OUT")
wl_check "station confirm" wl_cli $SCN_ADMIN2 station confirm "$SCN_FINGERPRINT"

# ---- the first policy from a folder, the second from a stick ----
for version in 1 2; do
	scn_policy "$WL_WORK/policy-$version" "$version"
	pki_sign policy-authority "$WL_WORK/policy-$version/policy.yaml" "$WL_WORK/policy-$version/policy.yaml.p7s"
done
vm_put_folder "$WL_WORK/policy-1" /tmp/policy
wl_check "first policy from a folder, proposed" wl_cli $SCN_ADMIN1 policy install --from /tmp/policy
wl_check "confirmed" wl_cli $SCN_ADMIN2 policy confirm 1 || wl_end
wl_fat_make "$(wl_stick_file policy)" 40 POLICY
wl_fat_put "$(wl_stick_file policy)" "$WL_WORK/policy-2"
wl_stick_insert policy a1
wl_until 30 vm_run 'test -e /dev/sda'
wl_check "second policy from a stick, proposed" wl_cli $SCN_ADMIN1 policy install --from a1
wl_check "confirmed" wl_cli $SCN_ADMIN2 policy confirm 2
wl_stick_pull a1

# ---- an update ----
scn_update u421 4.2.1 40201 24
scn_vendor_stick u421 "$WL_WORK/u421" 64
receive() {
	wl_run wl_cli $SCN_TECH receive --no-wait --device x-0042 --work-order WO-1 --engineer "An Engineer" \
		--org Acme --escort tech-1 --port a1
	T=$(grep -o "$SCN_STATION-T[0-9]*" "$WL_OUT" | head -n 1)
}
receive
VM_BYTES_PER_S=1000000 wl_stick_insert u421 a1
reaches "$T" reading 60 "read as soon as it is in"
wl_stick_yank a1
reaches "$T" opened 60 "pulled while it is read: open again"
grep -q medium.gone "$WL_OUT" && wl_pass "and says medium.gone" || wl_fail "medium.gone is not said"
wl_stick_insert u421 a1
reaches "$T" waiting 200 "put in again: read and inspected"
wl_check "nobody mounted it" vm_run "! grep /dev/sd /proc/mounts"
wl_stick_pull a1
wl_check "approved" wl_cli $SCN_APPR approve "$T" --yes
wl_stick_new delivery 64
wl_stick_insert delivery b1
wl_until 30 vm_run 'test -e /dev/sda'
wl_check "prepared" wl_cli $SCN_TECH prepare b1 --for x-0042 --yes
wl_stick_pull b1
VM_BYTES_PER_S=1000000 wl_stick_insert delivery b1
wl_until 30 vm_run 'test -e /dev/sda'

# ---- the power goes while it is written ----
# in the machine, because the agent does one thing at a time
vm_run "(runuser -u p$SCN_TECH -- weighlock release $T --port b1 >/dev/null 2>&1 &)"
vm_intended() { wl_cli $SCN_AUDIT ledger show --json | grep -q release.intent; }
wl_until 60 vm_intended || wl_fail "no release.intent before the power cut"
sleep 1
vm_power_cut
vm_boot
says "started again after the power cut" '^active' vm_run "systemctl is-active weighlockd.service"
reaches "$T" approved 60 "what was being released is approved, not released"
wl_stick_insert delivery b1
wl_until 30 vm_run 'test -e /dev/sda'
wl_run wl_cli $SCN_TECH release "$T" --port b1
if [ "$WL_STATUS" -ne 0 ] && grep -q 'destination\.\|medium\.suspect' "$WL_OUT"; then
	wl_pass "the interrupted stick is not used again"
else
	wl_fail "the interrupted stick"
fi
wl_check "prepared anew" wl_cli $SCN_TECH prepare b1 --for x-0042 --yes
wl_check "released" wl_cli $SCN_TECH release "$T" --port b1
wl_stick_pull b1
wl_check "outcome" wl_cli $SCN_TECH outcome "$T" --result installed --before 40100 --after 40201
wl_fat_get "$(wl_stick_file delivery)" FIRMWARE.BIN "$WL_WORK/back.bin"
wl_check "what the scanner gets is what the vendor shipped" cmp "$WL_WORK/back.bin" "$WL_WORK/u421/FIRMWARE.BIN"
dd if="$(wl_stick_file delivery)" of="$WL_WORK/volume.img" bs=1M skip=1 status=none conv=sparse
wl_check "fsck.fat finds nothing" fsck.fat -n "$WL_WORK/volume.img"

# ---- the ledger, outside ----
mkdir -p "$WL_WORK/ledger"
vm_run "tar -C /var/lib/weighlock-ledger -cz checkpoint tile manifests station.pem | base64" | base64 -d | tar -xz -C "$WL_WORK/ledger"
wl_run wl_cli $SCN_AUDIT station card
grep -o "[^ ]*+[0-9a-f]*+[A-Za-z0-9+/=]*" "$WL_OUT" | head -n 1 >"$WL_WORK/vkey"
wl_check "weighlock-verify" "$WL_BUILD/weighlock-verify" --key "$WL_WORK/vkey" "$WL_WORK/ledger"
says "nothing was restarted by its watchdog" '^NRestarts=0' vm_run "systemctl show -p NRestarts weighlockd weighlock-mediad weighlock-ledgerd weighlock-spawnd"
wl_check "the package goes away" vm_run "dpkg -r weighlock" 300
says "and leaves the ledger" checkpoint vm_run "ls /var/lib/weighlock-ledger"
wl_end
