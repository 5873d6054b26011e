# shellcheck shell=sh
# What the auditor's tests share: her key, a policy that names it, her machine. Sourced after scenario.sh.
AUD_NAME=audit-1.example

aud_tool() { "$WL_PYTHON" "$WL_SRC/tests/integration/audit_tool.py" "$@"; }

aud_key() { AUD_COSIGNER=$(aud_tool key "$WL_WORK/audit.key" "$AUD_NAME"); }

# aud_policy VERSION [SED-SCRIPT]: the scenario's policy with the auditor's key, by both administrators
aud_policy() {
	scn_policy "$WL_WORK/policy-$1" "$1"
	sed -i -e "s|^vendors:|  audit-key: { role: cosigner, person: audit-1, vkey: \"$AUD_COSIGNER\" }\nvendors:|" \
		-e "${2:-}" "$WL_WORK/policy-$1/policy.yaml"
	pki_sign policy-authority "$WL_WORK/policy-$1/policy.yaml" "$WL_WORK/policy-$1/policy.yaml.p7s"
	wl_check "policy $1 names the auditor's key" wl_cli $SCN_ADMIN1 policy install --from "$WL_WORK/policy-$1"
	wl_check "policy $1 confirmed" wl_cli $SCN_ADMIN2 policy confirm "$1"
	wl_cli $SCN_AUDIT station card --json >"$WL_WORK/card.json" 2>/dev/null
	AUD_VKEY=$(sed -n 's/.*"vkey": *"\([^"]*\)".*/\1/p' "$WL_WORK/card.json")
}

# aud_seen_then COMMAND…: once the station has seen the media that were just put in
aud_seen_then() {
	wl_until 10 aud_all_seen
	"$@"
}
aud_all_seen() {
	wl_cli $SCN_TECH media list --json >"$WL_WORK/media.json" 2>/dev/null || return 1
	for aud_port in a1 b1; do
		[ ! -f "$WL_PREFIX/in.$aud_port" ] ||
			grep "\"port\": *\"$aud_port\"" "$WL_WORK/media.json" | grep -q insertion || return 1
	done
}

# aud_open STICK: its files, as the auditor's machine sees them, in $AUD_DIR
aud_open() {
	AUD_DIR=$WL_WORK/stick-$1
	rm -rf "$AUD_DIR"
	mkdir "$AUD_DIR"
	dd if="$(wl_stick_file "$1")" of="$WL_WORK/partition" bs=1M skip=1 2>/dev/null
	MTOOLS_SKIP_CHECK=1 mcopy -s -n -Q -i "$WL_WORK/partition" ::* "$AUD_DIR/"
	AUD_STICK=$1
}

# aud_cosign TIME: countersigns $AUD_DIR and puts the file onto the stick it came from
aud_cosign() {
	aud_tool cosign "$WL_WORK/audit.key" "$AUD_NAME" "$AUD_DIR" "$1"
	MTOOLS_SKIP_CHECK=1 mcopy -o -Q -i "$(wl_stick_file "$AUD_STICK")@@1M" "$AUD_DIR/cosignature.txt" ::
}

# aud_stick NAME: the files at the top of $AUD_DIR on a fresh stick of that name
aud_stick() {
	wl_fat_make "$(wl_stick_file "$1")" 64 AUDIT
	for aud_file in "$AUD_DIR"/*; do
		[ ! -f "$aud_file" ] || wl_fat_put "$(wl_stick_file "$1")" "$aud_file"
	done
}

aud_count() { # EVENT N
	wl_cli $SCN_AUDIT ledger query --event "$1" --json >"$WL_WORK/found" 2>/dev/null
	[ "$(grep -c "\"event\":\"$1\"" "$WL_WORK/found")" = "$2" ]
}
aud_grep() { wl_cli $SCN_AUDIT ledger show --json 2>/dev/null | grep -qF "$1"; }

# aud_said WHAT TEXT: the last command said it
aud_said() {
	if grep -q -e "$2" "$WL_OUT"; then wl_pass "$1"; else wl_fail "$1"; fi
}

# aud_qr PAGE TEXT: the drawn code, read by zbarimg, holds that text
aud_qr() {
	command -v zbarimg >/dev/null && command -v rsvg-convert >/dev/null ||
		{ wl_skip "zbarimg or rsvg-convert is not installed"; return 0; }
	sed -n 's/^\(<svg\)/\1 xmlns="http:\/\/www.w3.org\/2000\/svg"/p' "$1" >"$WL_WORK/qr.svg"
	rsvg-convert -o "$WL_WORK/qr.png" "$WL_WORK/qr.svg" 2>/dev/null
	wl_check "another decoder reads the code of ${1##*/}" \
		sh -c "zbarimg -q --raw '$WL_WORK/qr.png' | grep -qF '$2'"
}
