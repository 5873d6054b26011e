#!/bin/sh
# An export encrypted to recipients, from the station to the recipient's desk and back: what the
# recipient does with it with tools nobody here wrote, what was changed on the way, the signed receipt
# brought back on a stick, and what the reports of disclosures and of custody say of it.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"
. "$WL_SRC/tests/integration/export_lib.sh"

exp_begin export_recipients
# lab-1 can only decrypt (RSA), lab-2 decrypts and signs (P-384), lab-3 is nobody this export is for
pki_root lab-2 ec:P-384 "/O=Laboratory/CN=Laboratory Two" both || wl_fail "a certificate for lab-2"
pki_root lab-3 ec:P-256 "/O=Laboratory/CN=Laboratory Three" both || wl_fail "a certificate for lab-3"
mkdir -p "$WL_WORK/policy-2"
EXP_TRUST=
for exp_lab in lab-1 lab-2 lab-3; do
	cp "$PKI_DIR/$exp_lab.pem" "$WL_WORK/policy-2/"
	EXP_TRUST="$EXP_TRUST\\
$(scn_trust $exp_lab recipient)"
done
bad_policy "s/^vendors:/#&/; s/^trust:/&$EXP_TRUST/; s/^#vendors:/vendors:/; s/^  recipients: .*/  recipients: [lab-1, lab-2, lab-3]/
s/^    overwrite_horizon: 30 d/&\\
    masks:\\
      - { width: 200, height: 300, rect: [0, 0, 200, 24], why: banner }\\
    mask_unknown_size: pass/"

# ---- out, encrypted, each output on a stick of its own ----
exp_scanner scanner "$WL_WORK/pictures/20261116" "$WL_WORK/pictures/20261117"
wl_stick_insert scanner a1
exp_open --scans 118820..118825 --as scrubbed --as evidence --recipient lab-1 --recipient lab-2
[ "$(grep -c "lab-1's certificate is for encryption only" "$WL_OUT")" -eq 1 ] && ! grep -q "lab-2's certificate" "$WL_OUT" &&
	wl_pass "it is said at once who can sign no receipt" || wl_fail "who can sign no receipt"
wl_stick_pull a1
exp_json "waits" 't["state"]' waiting
wl_check "approved" wl_cli $SCN_APPR approve "$TRANSFER" --incomplete
exp_prepared first
exp_release
wl_stick_pull b1
exp_prepared second
exp_release
wl_stick_pull b1
exp_json "released" 't["state"]' released
exp_unpack first
exp_unpack second
EXP_S=$WL_WORK/out-scrubbed EXP_E=$WL_WORK/out-evidence
cp "$WL_PREFIX/show.json" "$WL_WORK/show.json"
wl_run wl_cli $SCN_AUDIT station card
grep -o "[^ ]*+[0-9a-f]*+[A-Za-z0-9+/=]*" "$WL_OUT" | head -n 1 >"$WL_WORK/vkey"
EXP_VKEY=$(cat "$WL_WORK/vkey")
chmod 0644 "$EXP_STATION"

# ---- the recipient, with the command ----
recipient() { env PATH="$WL_PREFIX/bin:/usr/bin:/bin" LC_ALL=C.UTF-8 weighlock "$@"; }
verify() { recipient bag verify "$1" --cert "$EXP_STATION" --receipt "$1/receipt.txt" --key "$EXP_VKEY"; }
for exp_bag in "$EXP_S" "$EXP_E"; do
	exp_kind=${exp_bag##*-}
	wl_check "bag verify: $exp_kind" verify "$exp_bag"
	grep -q '^PASS: 7 files' "$WL_OUT" && wl_pass "$exp_kind: seven files, it says" || wl_fail "$exp_kind: not seven files"
	for exp_lab in lab-1 lab-2; do
		wl_check "bag open: $exp_kind, by $exp_lab" recipient bag open "$exp_bag" --key "$PKI_DIR/$exp_lab.key" \
			-o "$WL_WORK/open-$exp_kind-$exp_lab"
	done
	wl_check "$exp_kind: both got the same" diff -r "$WL_WORK/open-$exp_kind-lab-1" "$WL_WORK/open-$exp_kind-lab-2"
	wl_run recipient bag open "$exp_bag" --key "$PKI_DIR/lab-3.key" -o "$WL_WORK/open-$exp_kind-lab-3"
	bad_named "$exp_kind: opened by nobody else" bag.not-opened
done

# ---- the same with tools nobody here wrote ----
# foreign BAG: what weighlock-bag(5) tells the recipient to type, into $WL_WORK/plain-KIND
foreign() {
	exp_bag=$1 exp_kind=${1##*-}
	mkdir "$WL_WORK/plain-$exp_kind"
	wl_check "$exp_kind: sha256sum -c" sh -c "cd '$exp_bag' && sha256sum --quiet -c manifest-sha256.txt tagmanifest-sha256.txt"
	wl_check "$exp_kind: sha512sum -c" sh -c "cd '$exp_bag' && sha512sum --quiet -c manifest-sha512.txt"
	wl_check "$exp_kind: openssl verifies the custody record" openssl cms -verify -binary -inform DER \
		-content "$exp_bag/custody.json" -in "$exp_bag/custody.json.p7s" \
		-certfile "$EXP_STATION" -CAfile "$EXP_STATION" -purpose any -out /dev/null
	exp_bad=
	for exp_file in "$exp_bag"/data/*/*; do
		exp_name=${exp_file##*/}
		[ "$exp_name" != "${exp_name%.p7m}" ] || exp_bad="$exp_bad $exp_name"
		openssl cms -decrypt -binary -inform DER -inkey "$PKI_DIR/lab-1.key" -recip "$PKI_DIR/lab-1.pem" \
			-in "$exp_file" -out "$WL_WORK/plain-$exp_kind/${exp_name%.p7m}" 2>>"$WL_PREFIX/openssl" || exp_bad="$exp_bad $exp_name"
	done
	[ -z "$exp_bad" ] && wl_pass "$exp_kind: openssl decrypts every file" || wl_fail "$exp_kind: not decrypted:$exp_bad"
	wl_check "$exp_kind: and bag open says the same" diff -r "$WL_WORK/plain-$exp_kind" "$WL_WORK/open-$exp_kind-lab-2"
	wl_check "$exp_kind: each is what the signed record names" "$WL_PYTHON" - "$exp_bag" "$WL_WORK/plain-$exp_kind" <<'PY'
import hashlib, json, os, sys
bag, plain = sys.argv[1:]
record = json.load(open(f"{bag}/custody.json"))
digest = lambda path: hashlib.sha256(open(path, "rb").read()).hexdigest()
inside = {digest(f"{plain}/{n}") for n in os.listdir(plain)}
outside = {digest(os.path.join(w, n)) for w, _, names in os.walk(f"{bag}/data") for n in names}
assert inside == {i["output_sha256"] for i in record["items"]}, "the plain files"
assert outside == {i["sealed_sha256"] for i in record["items"]}, "the encrypted files"
assert len(record["recipients"]) == 2, record["recipients"]
PY
}
foreign "$EXP_S"
foreign "$EXP_E"
exp_same_files "evidence is equal bit for bit" "$WL_WORK/plain-evidence" "$WL_WORK/pictures"/2026111?/11882?_*
wl_check "exiftool finds nothing in the pictures" exp_exiftool "$WL_WORK/plain-scrubbed"
exp_clean "$EXP_S"
mkdir "$WL_WORK/bare"
cp -r "$EXP_S" "$WL_WORK/bare/bag"
rm -rf "$WL_WORK/bare/bag/data"
cp -r "$WL_WORK/plain-scrubbed" "$WL_WORK/bare/bag/data"
exp_clean "$WL_WORK/bare/bag"
wl_check "samples equal the originals' outside masks, by netpbm" "$WL_PYTHON" - \
	"$WL_WORK/show.json" "$WL_WORK/pictures" "$WL_WORK/plain-scrubbed" <<'PY'
import json, re, subprocess, sys
show, sources, plain = sys.argv[1:]
def samples(path, alpha):
    """Width, height and the samples of all channels, by netpbm's own decoders."""
    whole = b""
    for more in ([], ["-alpha"]) if alpha else ([],):
        tool = "bmptopnm" if path.endswith(".bmp") else "pngtopnm"
        out = subprocess.run([tool, *more, path], check=True, capture_output=True).stdout
        head = re.match(rb"P[56]\s+(\d+)\s+(\d+)\s+\d+\s", out)
        whole += out[head.end():]
    return int(head[1]), int(head[2]), whole
done = masked = 0
for i in json.loads(open(show).readline())["items"]:
    if i.get("output") != "scrubbed" or i["verdict"] != "pass" or i["path"].endswith(".tif"):
        continue
    w, h, was = samples(f"{sources}/{i['path']}", i["channels"] == 4)
    now = samples(f"{plain}/{i['output_name']}", i["channels"] == 4)[2]
    if (w, h) == (200, 300):  # the banner is masked: its rows are black, the rest is equal
        row = len(was) // h
        assert now[:24 * row] == bytes(24 * row) and was[:24 * row] != now[:24 * row], i["path"]
        was, now, masked = was[24 * row:], now[24 * row:], masked + 1
        assert i["masks"], i
    assert was == now, i["path"]
    done += 1
assert (done, masked) == (4, 1), (done, masked)
PY

# ---- changed on the way: each refused by name ----
# changed WHAT RULE WORDS: $WL_WORK/changed is refused by that rule, in words that name the file
changed() {
	wl_run verify "$WL_WORK/changed"
	bad_named "$1" "$2"
	grep -qiF "$3" "$WL_OUT" && wl_pass "$1: it says \"$3\"" || wl_fail "$1: it does not say \"$3\""
}
afresh() {
	rm -rf "$WL_WORK/changed"
	cp -r "$EXP_S" "$WL_WORK/changed"
	EXP_FILE=$(cd "$WL_WORK/changed" && ls data/scrubbed/* | head -n 1)
}
# resum: whoever changes a file can also make the manifests anew
resum() {
	(cd "$WL_WORK/changed" &&
		sed -i "s/^Payload-Oxum: .*/Payload-Oxum: $(cat data/*/* | wc -c).$(ls data/* | wc -l)/" bag-info.txt &&
		sha256sum data/*/* >manifest-sha256.txt && sha512sum data/*/* >manifest-sha512.txt &&
		sed 's/^[0-9a-f]*  //' tagmanifest-sha256.txt | xargs sha256sum >tag && mv tag tagmanifest-sha256.txt)
}
flip() { printf '\377' | dd of="$1" bs=1 seek="${2:-100}" conv=notrunc status=none; }
afresh
flip "$WL_WORK/changed/$EXP_FILE"
changed "a byte of a picture" bag.file-changed "$EXP_FILE"
resum
changed "a byte of a picture, and manifests to match" bag.file-changed "$EXP_FILE"
afresh
flip "$WL_WORK/changed/custody.json" 40
changed "a byte of the custody record" bag.file-changed custody.json
resum
changed "a byte of the custody record, and a manifest to match" bag.signature "custody record"
openssl cms -verify -binary -inform DER -content "$WL_WORK/changed/custody.json" -in "$WL_WORK/changed/custody.json.p7s" \
	-certfile "$EXP_STATION" -CAfile "$EXP_STATION" -purpose any -out /dev/null 2>/dev/null &&
	wl_fail "openssl takes a changed record" || wl_pass "openssl says so too"
afresh
rm "$WL_WORK/changed/$EXP_FILE"
changed "a picture taken out" bag.file-missing "$EXP_FILE"
resum
changed "a picture taken out, and manifests to match" bag.file-missing "there: $(basename "$EXP_FILE" .p7m)"
afresh
cp "$WL_WORK/changed/$EXP_FILE" "$WL_WORK/changed/data/scrubbed/added.png.p7m"
changed "a file put in" bag.file-extra data/scrubbed/added.png.p7m
resum
changed "a file put in, and manifests to match" bag.file-extra data/scrubbed/added.png.p7m
afresh
cp "$EXP_E/receipt.txt" "$WL_WORK/changed/receipt.txt"
resum
changed "the receipt of another release" bag.receipt "the receipt does not prove"

# ---- the receipt comes back ----
# stick NAME FILE…: a stick of the recipient's with these files, and what Windows leaves
stick() {
	exp_stick=$(wl_stick_file "$1")
	shift
	wl_fat_make "$exp_stick" 44 RECEIPT
	for exp_file in "$@"; do wl_fat_put "$exp_stick" "$exp_file"; done
	wl_fat_litter "$exp_stick"
}
# bring STICK OPTION…: acknowledged from port a1
bring() {
	wl_stick_insert "$1" a1
	shift
	wl_run wl_cli "${EXP_UID:-$SCN_INVEST}" acknowledge "$TRANSFER" --from a1 "$@"
	wl_stick_pull a1
}
# receipt BAG SIGNER: the recipient's own two lines
receipt() {
	rm -rf "$WL_WORK/receipt"
	mkdir "$WL_WORK/receipt"
	cp "$1/tagmanifest-sha256.txt" "$WL_WORK/receipt/"
	pki_sign "$2" "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
}
refuse() { # WHAT RULE: and nothing is acknowledged
	bad_spoken "$1" "$2"
	! bad_ledger_lines | grep -F '"event":"transfer.acknowledged"' | grep -qF "$TRANSFER" ||
		wl_fail "$1: acknowledged all the same"
}
wl_run wl_cli $SCN_INVEST acknowledge "$TRANSFER" --from z9
refuse "a receipt from nowhere" medium.port-unknown
wl_run wl_cli $SCN_INVEST acknowledge "$TRANSFER" --from b1
refuse "a receipt from the way out" medium.direction-wrong
wl_run wl_cli $SCN_INVEST acknowledge "$TRANSFER" --from a1
refuse "a receipt that is not there" medium.gone
wl_expect_status 2 "typed and brought at once" wl_cli $SCN_INVEST acknowledge "$TRANSFER" --from a1 --digest "$(echo x | sha256sum | cut -c1-64)"
stick empty "$EXP_S/custody.json"
bring empty
refuse "no receipt on it" export.receipt-missing
stick unsigned "$EXP_S/tagmanifest-sha256.txt"
bring unsigned --by "Laboratory"
refuse "a receipt nobody signed, though it went to recipients" export.receipt-unsigned
receipt "$EXP_S" lab-3
stick other "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
bring other
refuse "signed by a recipient this export was not for" signature.signer-untrusted
receipt "$EXP_S" lab-1
stick purpose "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
bring purpose
refuse "signed by a key that is only for encryption" export.receipt-key-unfit
receipt "$EXP_E" lab-2
cp "$EXP_S/tagmanifest-sha256.txt" "$WL_WORK/receipt/"
stick mismatch "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
bring mismatch
refuse "the signature of another receipt" signature.mismatch
head -c 65536 /dev/urandom >"$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
stick noise "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
bring noise
refuse "noise for a signature" signature.unreadable
printf x >>"$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
stick large "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
bring large
refuse "a signature of 65,537 bytes is not read" export.receipt-unsigned
receipt "$EXP_S" lab-2
flip "$WL_WORK/receipt/tagmanifest-sha256.txt" 3
pki_sign lab-2 "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
stick differs "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
bring differs
refuse "a receipt of something else, signed" export.receipt-differs
EXP_UID=$SCN_TECH bring differs
[ "$WL_STATUS" -eq 1 ] && wl_names_rule person.role-missing && wl_pass "a technician brings no receipt" || wl_fail "by a technician"
receipt "$EXP_E" lab-2
stick one "$WL_WORK/receipt/tagmanifest-sha256.txt" "$WL_WORK/receipt/tagmanifest-sha256.txt.p7s"
bring one
[ "$WL_STATUS" -eq 0 ] && grep -q 'evidence is acknowledged by lab-2; the signature is good' "$WL_OUT" &&
	wl_pass "the evidence is acknowledged, by the name of the key" || wl_fail "the receipt of the evidence (status $WL_STATUS)"
exp_json "the other is still to come" 't["state"]' released
exp_json "one of two" '[o[k].get("acknowledged", False) for k in ("scrubbed", "evidence")]' "[False, True]"
bring one
bad_spoken "the same receipt again" export.receipt-known
bad_event "a signature, in the ledger" transfer.acknowledged '"method":"signature"'
exp_json "and in show" 'o["evidence"]["acknowledged_by"], o["evidence"]["receipt"]' "('lab-2', 'signature')"
receipt "$EXP_S" lab-2
wl_fat_make "$(wl_stick_file both)" 44 RECEIPT
wl_fat_mkdir "$(wl_stick_file both)" BAG2
wl_fat_put "$(wl_stick_file both)" "$WL_WORK/receipt" BAG2
wl_fat_put "$(wl_stick_file both)" "$EXP_E/tagmanifest-sha256.txt" # recorded before
wl_fat_mkdir "$(wl_stick_file both)" BAG1
wl_fat_put "$(wl_stick_file both)" "$EXP_S/tagmanifest-sha256.txt" BAG1 # the same unsigned, and first
EXP_UID=$SCN_CUST bring both --by "Laboratory, front desk" --received 2026-11-24
[ "$WL_STATUS" -eq 0 ] && grep -q 'scrubbed is acknowledged by Laboratory' "$WL_OUT" &&
	wl_pass "the second, in a folder, by the custodian" || wl_fail "the second receipt (status $WL_STATUS)"
exp_json "both are acknowledged" 't["state"]' acknowledged
bad_event "the key that signed is in the ledger" transfer.acknowledged "\"signers\":[\"$(pki_spki_sha256 lab-2)\"]"
bad_event "and the stick it came on" transfer.acknowledged '"insertion":"TST1-I'
bad_event "the copies are deleted after their end" vault.deleted
EXP_FIRST=$TRANSFER

# ---- encrypted to nobody: somebody's word, if nobody's key ----
wl_stick_insert scanner a1
exp_open --scans 118825 --as scrubbed
wl_stick_pull a1
wl_check "approved" wl_cli $SCN_APPR approve "$TRANSFER"
exp_prepared third
exp_release
wl_stick_pull b1
exp_unpack third
stick plain "$EXP_S/tagmanifest-sha256.txt"
bring plain
refuse "a receipt nobody signed and nobody vouches for" export.receipt-unsigned
bring plain --by "Crown counsel"
[ "$WL_STATUS" -eq 0 ] && grep -q 'on your word' "$WL_OUT" && wl_pass "on the investigator's word, and it says so" ||
	wl_fail "a receipt on somebody's word (status $WL_STATUS)"
exp_json "acknowledged" 't["state"]' acknowledged
bad_event "a word, in the ledger" transfer.acknowledged '"method":"word"'

# ---- to a recipient who cannot sign: what is typed is a word, and nobody's signature ----
EXP_SECOND=$TRANSFER
wl_stick_insert scanner a1
exp_open --scans 118825 --as scrubbed --recipient lab-1
wl_stick_pull a1
wl_check "approved" wl_cli $SCN_APPR approve "$TRANSFER"
exp_prepared fourth
exp_release
wl_stick_pull b1
exp_unpack fourth
wl_run wl_cli $SCN_INVEST acknowledge "$TRANSFER" --digest "$(sha256sum "$EXP_S/tagmanifest-sha256.txt" | cut -c1-64)" --by "Laboratory One"
[ "$WL_STATUS" -eq 0 ] && grep -q 'on your word: nobody signed it' "$WL_OUT" && wl_pass "typed: it says that nobody signed it" ||
	wl_fail "typed (status $WL_STATUS)"
bad_event "and so does the ledger" transfer.acknowledged '"method":"word"'
exp_json "no signature anywhere" 'o["scrubbed"]["receipt"]' word
wl_run wl_cli $SCN_INVEST show "$TRANSFER"
grep -q "acknowledged by Laboratory One, on somebody's word: nobody signed it" "$WL_OUT" && wl_pass "and show" || wl_fail "show of a word"
EXP_THIRD=$TRANSFER TRANSFER=$EXP_SECOND

# ---- what left for the case ----
wl_check "report disclosures" wl_cli $SCN_APPR report disclosures --case 2026-FA-0311 --json
cp "$WL_OUT" "$WL_WORK/disclosures"
wl_check "its numbers are those of the sticks" "$WL_PYTHON" - "$WL_WORK/disclosures" "$EXP_FIRST" "$TRANSFER" "$EXP_THIRD" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
first, second, third = sys.argv[2:]
got = [(r["transfer"], r["output"], r["files"], r["state"], bool(r.get("acknowledged"))) for r in rows]
want = [(first, "scrubbed", 7, "done", True), (first, "evidence", 7, "done", True), (second, "scrubbed", 1, "done", True), (third, "scrubbed", 1, "done", True)]
assert got == want, got
assert all(r["case"] == "2026-FA-0311" and r["approved_by"] == ["appr-1"] and r["opened_by"] == "invest-1" for r in rows), rows
assert len({r["intent"] for r in rows}) == 4
assert [r["receipt"] for r in rows] == ["signature", "signature", "word", "word"], rows
PY
wl_run wl_cli $SCN_APPR report disclosures --case 2026-FA-0311
[ "$(grep -c ' done$' "$WL_OUT")" -eq 4 ] && grep -q '^4 disclosures' "$WL_OUT" && wl_pass "in words, too" || wl_fail "the report in words"
wl_run wl_cli $SCN_APPR report disclosures --case 2026-FA-031
grep -q '^0 disclosures' "$WL_OUT" && wl_pass "another case has none" || wl_fail "another case"
wl_run wl_cli $SCN_INVEST2 report disclosures --case 2026-FA-0311
[ "$WL_STATUS" -eq 1 ] && wl_names_rule person.role-missing && wl_pass "not for investigators" || wl_fail "the report for an investigator"

# ---- who had it in hands: the page for a court, checked with tools nobody here wrote ----
wl_run wl_cli $SCN_INVEST2 report custody "$EXP_FIRST"
[ "$WL_STATUS" -eq 1 ] && wl_names_rule person.role-missing && wl_pass "custody is not for investigators" || wl_fail "custody for an investigator"
wl_check "report custody" wl_cli $SCN_APPR report custody "$EXP_FIRST" --json
cp "$WL_OUT" "$WL_WORK/custody.json"
mkdir "$WL_WORK/papers" && chmod 777 "$WL_WORK/papers"
wl_check "the auditor has it printed" wl_cli $SCN_AUDIT report custody "$EXP_FIRST" -o "$WL_WORK/papers/custody.html"
wl_check "its words are the ledger's" "$WL_PYTHON" - "$WL_WORK/custody.json" "$WL_WORK/papers" <<'PY'
import hashlib, html, json, os, re, sys
report = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")][-1]
page = open(sys.argv[2] + "/custody.html", encoding="utf-8").read()
kinds = [g["kind"] for g in report["gaps"]]
assert kinds.count("carried") == 2 and kinds.count("brought") == 1 and "not-acknowledged" not in kinds, kinds
assert {r["output"] for r in report["releases"]} == {"scrubbed", "evidence"}, report["releases"]
assert all(r["state"] == "done" and r["readback"] == "equal" and r["arrival"] for r in report["releases"])
assert [a["actor"] for a in report["approvals"]] == ["appr-1"], report["approvals"]
for output in ("scrubbed", "evidence"):
    assert len([i for i in report["items"] if i["verdict"] == "pass" and i["output"] == output]) == 7, output
assert report["starts"] and report["starts"][0]["build_sha256"] in page
for i in report["items"]:
    assert not i.get("source_sha256") or i["source_sha256"] in page
assert "<script" not in page and "://" not in page
entry = html.unescape(re.search('<pre id="entry">(.*?)</pre>', page, re.S).group(1))
digest = hashlib.sha256(b"\0" + entry.encode()).hexdigest()
assert [s["event"] for s in report["steps"] if s["leaf_sha256"] == digest] == ["release.intent"]
for name in ("vkey", "entry", "receipt", "commands"):
    text = re.search('<pre id="%s">(.*?)</pre>' % name, page, re.S).group(1)
    open(os.path.join(sys.argv[2], name), "w", encoding="utf-8").write(html.unescape(text) + "\n")
PY
wl_run sh -c 'cd "$1" && sh commands' sh "$WL_WORK/papers"
grep -qi 'verified successfully' "$WL_OUT" && grep -q 'the entry is in it' "$WL_OUT" &&
	wl_pass "openssl and sha256sum say that the entry is in the ledger" || wl_fail "the commands on the page"
sed -i 's/"station":"/&X/' "$WL_WORK/papers/entry"
wl_run sh -c 'cd "$1" && sh commands' sh "$WL_WORK/papers"
grep -q 'NOT PROVED' "$WL_OUT" && ! grep -q 'is in it' "$WL_OUT" && wl_pass "and not of another entry" || wl_fail "another entry"
wl_run wl_cli $SCN_AUDIT report custody "$EXP_FIRST" -o "$WL_WORK/papers/custody.html"
[ "$WL_STATUS" -eq 3 ] && wl_pass "a page that is there is not written over" || wl_fail "a page written over"

bad_end
