# shellcheck shell=sh
# What the broker's tests share: calls by a client of a few lines, answers as Python sees them, the
# set-up of a station, a ticket. POSIX sh, sourced after lib.sh, pki.sh and scenario.sh.


# vl UID METHOD [JSON] [--more]
vl() {
	vl_uid=$1
	shift
	wl_as "$vl_uid" "$WL_PYTHON" "$WL_WORK/varlink.py" "$SOCKET" "$@"
}
# field EXPRESSION: of the last line of the last output, as Python sees it in `a`
field() { tail -n 1 "$WL_OUT" | "$WL_PYTHON" -c 'import json,sys; a=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
is() {
	is_value=$(field "$2" 2>&1)
	if [ "$is_value" = "$3" ]; then wl_pass "$1"; else wl_fail "$1: $2 is $is_value, not $3"; fi
}
state_is() {
	vl $SCN_TECH Show "{\"transfer\":\"$1\"}" >"$WL_OUT" 2>&1
	[ "$(field 'a["transfer"]["state"]')" = "$2" ]
}
show() { wl_run vl $SCN_TECH Show "{\"transfer\":\"$1\"}"; }

policy_files() {
	"$WL_PYTHON" -c 'import base64,json,os,sys
d=sys.argv[1]
print(json.dumps({"files":[{"name":n,"base64":base64.b64encode(open(os.path.join(d,n),"rb").read()).decode()} for n in sorted(os.listdir(d))]}))' "$1"
}

# brk_begin: after scn_begin
brk_begin() {
	SOCKET=$WL_STATE/run/weighlock/control/socket
	cp "$WL_SRC/tests/integration/varlink.py" "$WL_WORK/"
}
# brk_policy VERSION [SED-EXPRESSION]: proposed by one administrator, confirmed by another
brk_policy() {
	scn_policy "$WL_WORK/policy-$1" "$1"
	if [ "${2:-}" ]; then
		sed -i "$2" "$WL_WORK/policy-$1/policy.yaml"
		pki_sign policy-authority "$WL_WORK/policy-$1/policy.yaml" "$WL_WORK/policy-$1/policy.yaml.p7s"
	fi
	wl_check "policy $1 proposed" vl $SCN_ADMIN1 PolicyPropose "$(policy_files "$WL_WORK/policy-$1")"
	wl_check "policy $1 confirmed" vl $SCN_ADMIN2 PolicyConfirm "{\"version\":$1}"
}
brk_setup() {
	brk_pem=$("$WL_PYTHON" -c 'import json,sys; print(json.dumps(open(sys.argv[1]).read()))' "$PKI_DIR/policy-authority.pem")
	wl_check "station init" vl $SCN_ADMIN1 StationInit \
		"{\"name\":\"$SCN_STATION\",\"origin\":\"$SCN_ORIGIN\",\"policy_authority_pem\":$brk_pem}"
	wl_check "station confirm" vl $SCN_ADMIN2 StationConfirm "{\"fingerprint\":\"$(field 'a["fingerprint"]')\"}"
	brk_policy 1
}
# brk_update FOLDER TICKET MIB RELEASE: FIRMWARE.BIN and notes with manifest, signature and ticket
brk_update() {
	"$WL_PYTHON" - "$WL_WORK" "$(pki_spki_sha256 vendor)" "$1" "$2" "$3" "$4" <<'PY'
import hashlib, json, os, sys
work, spki, folder, ticket_id, mib, release = sys.argv[1:]
os.makedirs(f"{work}/{folder}")
files = {"FIRMWARE.BIN": os.urandom(1 << 20) * int(mib), "RELNOTES.TXT": b"notes\r\n"}
for name, content in files.items():
    open(f"{work}/{folder}/{name}", "wb").write(content)
with open(f"{work}/{folder}/MANIFEST.sha256", "w") as m:
    for name, content in sorted(files.items()):
        m.write(hashlib.sha256(content).hexdigest() + "  " + name + "\n")
ticket = {
    "type": "ca.weighlock.ticket/1", "id": ticket_id, "authority": "assessing-authority",
    "issued_at": "2026-01-02T14:00:00Z", "not_before": "2026-01-03T00:00:00Z",
    "not_after": "2058-05-03T00:00:00Z", "vendor": "acme", "component": "scan-app",
    "version": "4.2.1", "release": int(release), "release_from": 0,
    "devices": [{"model": "x100", "serials": ["X-0042"]}], "uses_per_device": 1, "stations": [],
    "vendor_signature": {"format": "cms-detached", "spki_sha256": [spki]},
    "files": [{"path": n, "size": len(c), "sha256": hashlib.sha256(c).hexdigest(),
               "unpack": "none", "deliver": n != "RELNOTES.TXT"} for n, c in sorted(files.items())],
    "note": ""}
json.dump(ticket, open(f"{work}/{ticket_id}.ticket.json", "w"), indent=2)
PY
	pki_sign vendor "$WL_WORK/$1/MANIFEST.sha256" "$WL_WORK/$1/MANIFEST.sha256.p7s"
	pki_sign authority-1 "$WL_WORK/$2.ticket.json" "$WL_WORK/$2.ticket.1.p7s"
}
seen() { vl "$SCN_TECH" ListMedia >"$WL_OUT" 2>&1 && [ "$(field '[m.get("insertion","") for m in a["media"] if m["port"]=="'"$1"'"][0]!=""')" = True ]; }
