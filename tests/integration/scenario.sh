# shellcheck shell=sh
# The people, policy, vendors and updates that the demonstration and the station's tests play with.
# POSIX sh, sourced after lib.sh and pki.sh.
#
#   scn_begin                       # PKI in $WL_WORK/pki, people, ports a1 (in) and b1 (out)
#   scn_setup                       # station init and confirm, policy 1 proposed and confirmed
#   scn_update NAME VERSION RELEASE # a package folder of vendor acme with manifest and ticket
#   scn_vendor_stick STICK FOLDER   # a FAT32 stick that holds it, with the litter Windows leaves
#
# People are uid:N accounts. sup-1 is technician and approver with two accounts, so that "the opener
# does not approve, under no account" can be tried; lead-1 is investigator and approver.

SCN_TECH=3001 SCN_APPR=3002 SCN_ADMIN1=3003 SCN_ADMIN2=3004 SCN_AUDIT=3005 SCN_APPR2=3006
SCN_SUP=3007 SCN_SUP_CARD=3008 SCN_CUST=3009 SCN_STRANGER=3010 SCN_INVEST=3011 SCN_INVEST2=3012
SCN_LEAD=3013
SCN_STATION=TST1
SCN_ORIGIN=test.example/tst1

scn_begin() {
	WL_SETUP_UIDS="$SCN_ADMIN1 $SCN_ADMIN2"
	WL_AUDIT_UIDS=$SCN_AUDIT
	pki_make "$WL_WORK/pki" || return 1
	wl_port_new a1 && wl_port_new b1
	chmod 0755 "$WL_WORK"
}

# scn_trust NAME ROLE [ISSUER]: one line of `trust`
scn_trust() {
	if [ "${3:-}" ]; then
		printf '  %s: { role: %s, issuer: %s.pem, sha256: "%s", purpose: code-signing }\n' \
			"$1" "$2" "$3" "$(pki_certificate_sha256 "$3")"
	else
		printf '  %s: { role: %s, certificate: %s.pem, sha256: "%s", not_after: "2059-01-01T00:00:00Z" }\n' \
			"$1" "$2" "$1" "$(pki_certificate_sha256 "$1")"
	fi
}

# scn_policy FOLDER VERSION: policy.yaml, what it names, and its signature
scn_policy() {
	mkdir -p "$1"
	for scn_pem in authority-1 authority-2 vendor-issuing; do
		cp "$PKI_DIR/$scn_pem.pem" "$1/"
	done
	cat >"$1/policy.yaml" <<-POLICY
		policy: 1
		version: $2
		station:
		  id: $SCN_STATION
		  mode: test
		  origin: $SCN_ORIGIN
		  languages: [en, fr]
		people:
		  tech-1: { accounts: ["uid:$SCN_TECH"], roles: [technician] }
		  appr-1: { accounts: ["uid:$SCN_APPR"], roles: [approver] }
		  appr-2: { accounts: ["uid:$SCN_APPR2"], roles: [approver] }
		  sup-1: { accounts: ["uid:$SCN_SUP", "uid:$SCN_SUP_CARD"], roles: [technician, approver] }
		  admin-1: { accounts: ["uid:$SCN_ADMIN1"], roles: [administrator] }
		  admin-2: { accounts: ["uid:$SCN_ADMIN2"], roles: [administrator] }
		  audit-1: { accounts: ["uid:$SCN_AUDIT"], roles: [auditor] }
		  cust-1: { accounts: ["uid:$SCN_CUST"], roles: [custodian] }
		  invest-1: { accounts: ["uid:$SCN_INVEST"], roles: [investigator] }
		  invest-2: { accounts: ["uid:$SCN_INVEST2"], roles: [investigator] }
		  lead-1: { accounts: ["uid:$SCN_LEAD"], roles: [investigator, approver] }
		conflicts: [[auditor, technician], [administrator, approver]]
		ports:
		  a1: { match: "$(wl_port_match a1)", use: source }
		  b1: { match: "$(wl_port_match b1)", use: destination }
		trust:
		$(scn_trust authority-1 authority | sed 's/^  /\t\t  /')
		$(scn_trust authority-2 authority | sed 's/^  /\t\t  /')
		$(scn_trust acme-issuer vendor vendor-issuing | sed 's/^  /\t\t  /')
		vendors:
		  acme: { signature: cms-detached, anchors: [acme-issuer], signers: 1, ticket: required, authority_signers: 1 }
		  oldscan: { signature: none, anchors: [], signers: 0, ticket: required, authority_signers: 2 }
		devices:
		  x-0042:
		    vendor: acme
		    model: x100
		    serial: X-0042
		    volume: fat32
		    names: dos-safe
		    delivery_note: station
		    floors: { scan-app: 40000 }
		    scan_path: "{date}/{scan}_{view}.*"
		    overwrite_horizon: 30 d
		  o-0007:
		    vendor: oldscan
		    model: o1
		    serial: O-0007
		    volume: fat32
		    names: dos-safe
		    delivery_note: station
		inbound:
		  ticket_channel: any
		  archives: [tar, tar-gzip, zip]
		  os_litter: leave
		  approvals: 1
		outbound:
		  outputs: [scrubbed, evidence]
		  formats: [png, jpeg, bmp, tiff]
		  authorities: [ca-107-5-a, ca-107-8, ca-107-9]
		  recipients: []
		  encrypt: optional
		  approvals: 1
		approvals:
		  valid: 8 h
		destination:
		  require: prepared
		  wipe: quick
		vault:
		  quota: ${SCN_QUOTA:-8 GiB}
		  require_encrypted_disk: false
		  keep_refused: 30 d
	POLICY
	sed -i 's/^\t*//' "$1/policy.yaml"
	pki_sign policy-authority "$1/policy.yaml" "$1/policy.yaml.p7s"
	chmod -R a+rX "$1"
}

# scn_setup: keys by one administrator, confirmed by another; policy 1 likewise
scn_setup() {
	wl_check "station init" wl_cli $SCN_ADMIN1 station init --name $SCN_STATION \
		--origin $SCN_ORIGIN --policy-root "$PKI_DIR/policy-authority.pem" --json
	SCN_FINGERPRINT=$(sed -n 's/.*"fingerprint": *"\([^"]*\)".*/\1/p' "$WL_OUT")
	wl_check "station confirm by another administrator" \
		wl_cli $SCN_ADMIN2 station confirm "$SCN_FINGERPRINT"
	scn_policy_install 1
}

scn_policy_install() {
	scn_policy "$WL_WORK/policy-$1" "$1"
	wl_check "policy $1 proposed" wl_cli $SCN_ADMIN1 policy install --from "$WL_WORK/policy-$1"
	wl_check "policy $1 confirmed by another administrator" \
		wl_cli $SCN_ADMIN2 policy confirm "$1"
}

# scn_package FOLDER MIB: what the vendor ships: firmware, an archive, notes
scn_package() {
	mkdir -p "$1"
	head -c "$(($2 << 20))" /dev/urandom >"$1/FIRMWARE.BIN"
	mkdir -p "$WL_WORK/extras/data"
	head -c 200000 /dev/urandom >"$WL_WORK/extras/data/table.bin"
	echo "scan-app extras" >"$WL_WORK/extras/readme.txt"
	tar -C "$WL_WORK/extras" --format=ustar --owner=0 --group=0 -czf "$1/EXTRAS.TGZ" readme.txt data
	printf 'Release notes\r\n' >"$1/RELNOTES.TXT"
}

# scn_manifest FOLDER SIGNER: MANIFEST.sha256 over every file, and its signature
scn_manifest() {
	(cd "$1" && sha256sum -- *[!s] | grep -v ' MANIFEST' >MANIFEST.sha256)
	pki_sign "$2" "$1/MANIFEST.sha256" "$1/MANIFEST.sha256.p7s"
}

# scn_ticket FOLDER ID VENDOR DEVICE COMPONENT VERSION:RELEASE SIGNATURE OFFICER…: ticket beside the
# files, signed by each officer. SIGNATURE: the key the ticket demands (spki), or `none`
scn_ticket() {
	scn_dir=$1 scn_id=$2 scn_vendor=$3 scn_device=$4 scn_component=$5 scn_version=$6 scn_sig=$7
	shift 7
	scn_out=$WL_WORK/$scn_id.ticket.json
	weighlock_bin="$WL_PREFIX/bin/weighlock"
	if [ "$scn_sig" = none ]; then set -- none "$@"; else set -- "$(pki_spki_sha256 "$scn_sig")" "$@"; fi
	scn_spki=$1
	shift
	"$weighlock_bin" ticket new --files "$scn_dir" --id "$scn_id" --authority assessing-authority \
		--vendor "$scn_vendor" --device "$scn_device" --component "$scn_component" \
		--version "$scn_version" --floor 0 --from 2026-01-01 --until 2058-12-31 \
		--vendor-key "$scn_spki" --unpack "${SCN_UNPACK:-EXTRAS.TGZ}" --keep RELNOTES.TXT -o "$scn_out" \
		>"$WL_WORK/$scn_id.words" 2>&1 || { cat "$WL_WORK/$scn_id.words"; return 1; }
	scn_n=0
	for scn_officer in "$@"; do
		scn_n=$((scn_n + 1))
		pki_sign "$scn_officer" "$scn_out" "${scn_out%.json}.$scn_n.p7s" || return 1
	done
}

# scn_ticket_beside ID FOLDER: the ticket travels on the same stick
scn_ticket_beside() { cp "$WL_WORK/$1".ticket.* "$2/"; }

# scn_update NAME VERSION RELEASE [MIB]: acme's package with manifest and a ticket of one officer
scn_update() {
	scn_package "$WL_WORK/$1" "${4:-2}"
	scn_manifest "$WL_WORK/$1" vendor
	scn_ticket "$WL_WORK/$1" "$(printf %s "AA-$1" | tr a-z A-Z)" acme x100:X-0042 scan-app "$2:$3" \
		vendor authority-1
	scn_ticket_beside "$(printf %s "AA-$1" | tr a-z A-Z)" "$WL_WORK/$1"
}

# scn_vendor_stick STICK FOLDER [MIB]: FAT32 with the folder's files and Windows' litter
scn_vendor_stick() {
	scn_stick=$(wl_stick_file "$1")
	wl_fat_make "$scn_stick" "${3:-128}" VENDOR
	wl_fat_put "$scn_stick" "$2"
	wl_fat_litter "$scn_stick"
}
