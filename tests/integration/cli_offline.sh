#!/bin/sh
# The verbs of `weighlock` that need no station: tickets, volumes, policies, help, languages. What
# they make is compared with what openssl, mtools, fsck.fat and sha256sum say of it.
#
# usage: cli_offline.sh, in the build folder or with WL_BUILD and WL_SRC set. Needs no root.
set -u
src=${WL_SRC:-${srcdir:-$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}}
src=$(CDPATH='' cd -- "$src" && pwd)
build=$(CDPATH='' cd -- "${WL_BUILD:-.}" && pwd)
w=$build/client/weighlock
export WEIGHLOCK_WORKERS="$build/daemon/worker" WEIGHLOCK_SPAWND="$build/daemon/spawn/weighlock-spawnd"
export WEIGHLOCK_LOCALES="$build/po" MTOOLS_SKIP_CHECK=1
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0

pass() { printf 'ok    %s\n' "$1"; }
fail() {
	printf 'FAIL  %s\n' "$1"
	sed 's/^/      | /' "$dir/out" "$dir/err" 2>/dev/null | tail -n 20
	failed=1
}
# expect STATUS WHAT ARGUMENT…: the command ends with exactly that status; out and err are kept
expect() {
	want=$1 what=$2
	shift 2
	"$w" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	if [ "$got" -eq "$want" ]; then pass "$what"; else fail "$what (status $got, wanted $want: $*)"; fi
}
# check WHAT COMMAND…: the command succeeds
check() {
	check_what=$1
	shift
	if "$@" >"$dir/check.out" 2>&1; then pass "$check_what"; else
		cat "$dir/check.out" >>"$dir/err"
		fail "$check_what"
	fi
}
says() { check "says: $1" grep -qF -- "$1" "$dir/out"; }
complains() { check "complains: $1" grep -qF -- "$1" "$dir/err"; }
# json EXPRESSION: true of every object on standard output, which are all there is
json() {
	check "json: $1" python3 -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[2])]
o = rows[0] if len(rows) == 1 else rows
assert rows and eval(sys.argv[1]), o' "$1" "$dir/out"
}

. "$src/tests/integration/pki.sh"
pki_make "$dir/pki" >"$dir/pki.log" 2>&1 || { cat "$dir/pki.log"; exit 99; }
cd "$dir" || exit 99

# ---- usage ----
expect 2 "no verb: help and status 2"
says "Without a station"
expect 0 "help" help
expect 2 "a mistyped verb" recieve
complains "nearest is: receive"
expect 2 "verbs of later versions do not exist" export --case 1
expect 2 "an unknown option" status --frobnicate
complains "weighlock help status"
expect 2 "a verb of two words needs both" ticket
expect 2 "what is missing is listed" ticket new
complains "--files DIR"
complains "--output F"
expect 2 "without a terminal nothing is asked" receive --device x-0042 --json
json '"--engineer T" in o["missing"]'
expect 3 "no station" status --state "$dir"
complains "weighlock doctor"
expect 3 "no station, in JSON" status --state "$dir" --json
json 'o["error"] == "Unavailable"'
for rule in ticket.expired destination.not-ours volume.chain-loop station.sandbox-missing; do
	expect 0 "help $rule" help $rule
	says "$rule"
	says "Who can help:"
done
expect 0 "help of a role" help approver
says "approve"
expect 2 "help of nothing" help no.such-rule
expect 0 "help in French, by the French verb" --lang fr aide recevoir
if [ -f "$build/po/fr/LC_MESSAGES/weighlock.mo" ]; then
	says "Recevoir"
	expect 0 "JSON is the same in French" --lang fr --json help ticket.expired
	cp out fr.json
	expect 0 "JSON is the same in English" --json help ticket.expired
	check "same" cmp out fr.json
fi

# ---- tickets ----
mkdir -p rel/EXTRAS
head -c 300000 /dev/urandom >rel/FIRMWARE.BIN
echo notes >rel/RELNOTES.TXT
echo more >"rel/EXTRAS/a file, with = signs.txt"
tar -C rel -czf rel/TABLES.TGZ RELNOTES.TXT
(cd rel && find . -type f ! -name 'MANIFEST*' | sed 's|^\./||' | LC_ALL=C sort |
	while read -r f; do sha256sum "$f"; done >MANIFEST.sha256)
pki_sign vendor rel/MANIFEST.sha256 rel/MANIFEST.sha256.p7s
new="ticket new --files rel --vendor acme --device x100:X-0042,X-0043 --component scan-app --version 4.2.1:40201 --floor 40100"
# shellcheck disable=SC2086
expect 0 "ticket new" $new --from 2026-01-01 --until 2058-12-31 --id AA-1 --keep RELNOTES.TXT -o t.ticket.json
says "$(pki_spki_sha256 vendor)"
check "every file is listed with its digest, the signature and the manifest are not" python3 - <<'PY'
import hashlib, json, os
t = json.load(open("t.ticket.json"))
want = {}
for root, _, names in os.walk("rel"):
    for n in names:
        p = os.path.join(root, n)
        if not n.startswith("MANIFEST"):
            want[os.path.relpath(p, "rel")] = hashlib.sha256(open(p, "rb").read()).hexdigest()
assert {f["path"]: f["sha256"] for f in t["files"]} == want, t
assert {f["path"]: f["deliver"] for f in t["files"]}["RELNOTES.TXT"] is False
assert {f["path"]: f["unpack"] for f in t["files"]}["TABLES.TGZ"] == "inspect"
assert t["release"] == 40201 and t["release_from"] == 40100 and t["not_after"] == "2058-12-31T23:59:59Z"
assert t["devices"] == [{"model": "x100", "serials": ["X-0042", "X-0043"]}]
PY
# shellcheck disable=SC2086
expect 3 "a ticket is not written over another" $new --from 2026-01-01 --until 2058-12-31 -o t.ticket.json
# shellcheck disable=SC2086
expect 2 "a ticket's name must be one" $new --from 2026-01-01 --until 2058-12-31 -o t.json
# shellcheck disable=SC2086
expect 2 "a window that ends before it begins" $new --from 2027-01-01 --until 2026-12-31 -o u.ticket.json
cp -r rel rel-bad
echo changed >rel-bad/MANIFEST.sha256
expect 1 "a vendor's signature over something else" ticket new --files rel-bad --vendor acme \
	--device x100:X-0042 --component scan-app --version 1:1 --floor 0 --from 2026-01-01 \
	--until 2058-12-31 -o bad.ticket.json
complains "signature.mismatch"
rm rel-bad/MANIFEST*
expect 2 "a vendor who signed nothing must be said so" ticket new --files rel-bad --vendor oldscan \
	--device o1:O-0007 --component scan-app --version 1:1 --floor 0 --from 2026-01-01 \
	--until 2058-12-31 -o bad.ticket.json
expect 0 "ticket of a vendor who signs nothing" ticket new --files rel-bad --vendor oldscan \
	--device o1:O-0007 --component scan-app --version 1:1 --floor 0 --from 2026-01-01 \
	--until 2058-12-31 --vendor-key none -o old.ticket.json
says "SIGNS NOTHING"
ln -s /etc/passwd rel-bad/link
expect 2 "a link in the folder is not followed" ticket new --files rel-bad --vendor oldscan \
	--device o1:O-0007 --component scan-app --version 1:1 --floor 0 --from 2026-01-01 \
	--until 2058-12-31 --vendor-key none -o link.ticket.json
rm rel-bad/link
expect 0 "ticket show" ticket show t.ticket.json
says "X-0043"
expect 0 "ticket show --json is the ticket" ticket show t.ticket.json --json
json 'o == json.load(open("t.ticket.json"))'

expect 0 "ticket sign" ticket sign t.ticket.json --cert pki/authority-1.pem --key pki/authority-1.key
check "openssl verifies it" openssl cms -verify -binary -inform DER -in t.ticket.1.p7s \
	-content t.ticket.json -CAfile pki/authority-1.pem -purpose any -out /dev/null
check "SHA-384, with signed attributes, detached" sh -c '
	openssl cms -cmsout -print -inform DER -in t.ticket.1.p7s >cms.txt &&
	grep -q "sha384" cms.txt && grep -q "signedAttrs:" cms.txt && grep -q "eContent: <ABSENT>" cms.txt'
expect 0 "a second officer" ticket sign t.ticket.json --cert pki/authority-2.pem --key pki/authority-2.key
check "has the second number" test -s t.ticket.2.p7s
expect 2 "a key that is not the certificate's" ticket sign t.ticket.json --cert pki/authority-1.pem \
	--key pki/authority-2.key
expect 2 "a key too weak" ticket sign t.ticket.json --cert pki/vendor-weak.pem --key pki/vendor-weak.key
expect 0 "a key on a card: the openssl line" ticket sign t.ticket.json --cert pki/authority-1.pem \
	--key pkcs11:object=authority
says "openssl cms -sign -binary -md sha384"
expect 0 "ticket check, two officers of two" ticket check t.ticket.json --cert pki/authority-1.pem \
	--cert pki/authority-2.pem --signers 2
expect 0 "ticket check --json" ticket check t.ticket.json --cert pki/authority-1.pem --json
json 'o["verdict"] == "pass" and o["scope"] == "offline" and "ticket.used" in o["not_checked"] and len(o["signers"]) == 1'
expect 1 "an officer nobody named counts for none" ticket check t.ticket.json --cert pki/authority-1.pem --signers 2
complains "signature.signer-untrusted"
expect 0 "an issuer besides the officer's certificate" ticket check t.ticket.json \
	--cert pki/authority-1.pem --root pki/authority-1.pem
expect 1 "an issuer the officer's certificate does not lie under" ticket check t.ticket.json \
	--cert pki/authority-1.pem --root pki/policy-authority.pem
complains "signature.signer-untrusted"
expect 2 "an issuer alone decides nothing" ticket check t.ticket.json --root pki/authority-1.pem
mv t.ticket.2.p7s kept
expect 1 "too few officers" ticket check t.ticket.json --cert pki/authority-1.pem --signers 2
complains "signature.too-few-signers"
cp t.ticket.1.p7s t.ticket.2.p7s
expect 1 "the same officer twice counts once" ticket check t.ticket.json --cert pki/authority-1.pem --signers 2
complains "signature.too-few-signers"
mv kept t.ticket.2.p7s
expect 1 "an officer nobody named" ticket check t.ticket.json --cert pki/policy-authority.pem
complains "signature.signer-untrusted"
expect 1 "too early" ticket check t.ticket.json --cert pki/authority-1.pem --at 2025-12-31
complains "ticket.not-yet"
expect 1 "too late" ticket check t.ticket.json --cert pki/authority-1.pem --at 2059-01-01
complains "ticket.expired"
sed 's/X-0042/X-0044/' t.ticket.json >c.ticket.json
cp t.ticket.1.p7s c.ticket.1.p7s
expect 1 "a ticket changed after it was signed" ticket check c.ticket.json --cert pki/authority-1.pem
complains "signature.mismatch"
sed 's/"release":/"release": 1, "release":/' t.ticket.json >d.ticket.json
expect 2 "a member twice" ticket show d.ticket.json
complains "ticket.unreadable"
printf '{"type":"ca.weighlock.ticket/1"' >d.ticket.json
expect 2 "no JSON" ticket show d.ticket.json

# ---- policies, and verify ----
mkdir pol
for pem in authority-1 authority-2 vendor-issuing; do cp pki/$pem.pem pol/; done
cat >pol/policy.yaml <<POLICY
policy: 1
version: 3
station: { id: TST1, mode: test, origin: test.example/tst1, languages: [en, fr] }
people:
  tech-1: { accounts: ["uid:5001"], roles: [technician] }
  appr-1: { accounts: ["uid:5002"], roles: [approver] }
  admin-1: { accounts: ["uid:5003"], roles: [administrator] }
  admin-2: { accounts: ["uid:5004"], roles: [administrator] }
conflicts: [[administrator, approver]]
ports:
  a1: { match: "loop:64", use: source }
  b1: { match: "loop:65", use: destination }
trust:
  authority-1: { role: authority, certificate: authority-1.pem, sha256: "$(pki_certificate_sha256 authority-1)" }
  authority-2: { role: authority, certificate: authority-2.pem, sha256: "$(pki_certificate_sha256 authority-2)" }
  acme-issuer: { role: vendor, issuer: vendor-issuing.pem, sha256: "$(pki_certificate_sha256 vendor-issuing)", purpose: code-signing }
vendors:
  acme: { signature: cms-detached, anchors: [acme-issuer], signers: 1, ticket: required, authority_signers: 1 }
  oldscan: { signature: none, anchors: [], signers: 0, ticket: required, authority_signers: 2 }
devices:
  x-0042: { vendor: acme, model: x100, serial: X-0042, volume: fat32, names: any, delivery_note: station, floors: { scan-app: 40000 } }
  o-0007: { vendor: oldscan, model: o1, serial: O-0007, volume: fat32, names: any, delivery_note: station }
inbound: { ticket_channel: any, archives: [tar, tar-gzip, zip], os_litter: leave, approvals: 1 }
approvals: { valid: 8 h }
destination: { require: prepared, wipe: quick }
vault: { quota: 8 GiB, require_encrypted_disk: false, keep_refused: 30 d }
POLICY
expect 0 "policy check" policy check pol/policy.yaml --json
json "o['verdict'] == 'pass' and o['version'] == 3 and o['sha256'] == '$(sha256sum pol/policy.yaml | cut -c1-64)' and o['not_checked'] == ['policy.signature']"
sed 's/vendor: acme,/vendor: acm,/' pol/policy.yaml >pol/bad.yaml
expect 2 "a vendor that is not defined, with line and column" policy check pol/bad.yaml
says "bad.yaml:21:"
says "(rule policy.reference)"
sed 's/^version: 3/version: 3\nverson: 4/' pol/policy.yaml >pol/bad.yaml
expect 2 "an unknown key" policy check pol/bad.yaml --json
json 'any(x.get("rule") == "policy.key-unknown" and x["line"] == 3 for x in o)'
expect 0 "policy diff" policy diff pol/policy.yaml pol/bad.yaml --json
json "o[0] == {'kind': 'added', 'key': 'verson', 'before': '', 'after': '4', 'line': 3} and o[1] == {'differences': 1}"
printf 'a: \342\200\256x\n' >pol/bad.yaml
expect 0 "policy diff escapes what would turn the line around" policy diff pol/bad.yaml pol/policy.yaml
says "u{202E}x"
printf 'a: *b\n' >pol/bad.yaml
expect 2 "policy diff with what is none" policy diff pol/policy.yaml pol/bad.yaml
says "(rule policy.syntax)"
expect 2 "policy reissue of what is none" policy reissue pol/bad.yaml --as 4
says "(rule policy.syntax)"
expect 0 "policy explain" policy explain x-0042 pol/policy.yaml
says "x-0042 is a device in pol/policy.yaml."
says "devices.x-0042.vendor: acme"
says "vendors.acme.signature:"
expect 2 "policy explain of what is not there" policy explain x-042 pol/policy.yaml
complains "there is x-0042"
expect 2 "policy explain in what is none" policy explain x-0042 pol/bad.yaml
says "(rule policy.syntax)"
for n in 0 1000000000 x; do
	expect 2 "policy reissue as version $n" policy reissue pol/policy.yaml --as $n
	complains "is no version"
done
sed 's/^version: 3/version: "3"/' pol/policy.yaml >pol/quoted.yaml
expect 2 "policy reissue where the version is no plain number" policy reissue pol/quoted.yaml --as 4
complains "no version that stands there as a plain number"
rm pol/quoted.yaml
expect 0 "policy reissue" policy reissue pol/policy.yaml --as 4
says "version: 4"
rm pol/bad.yaml
cp pki/policy-authority.pem pol/authority-1.pem
expect 2 "a certificate that is not the one named by its digest" policy check pol/policy.yaml
says "(rule policy.reference)"
cp pki/authority-1.pem pol/authority-1.pem
# what bash offers, by the installed file itself; `type` may be any command line
offers() { # LINE: each word completed so far is one word
	cat >complete.bash <<-'BASH'
		. "$1"
		weighlock() { "$WL" --lang "${LL:-en}" "$@"; }
		read -ra COMP_WORDS <<<"$2"
		[ "${2% }" = "$2" ] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		compopt() { echo files; }
		_weighlock
		printf '%s\n' "${COMPREPLY[@]}"
	BASH
	WL="$w" bash complete.bash "$src/packaging/completion/weighlock" "$1" | tr '\n' ' '
}
completes() { # LINE WORDS
	got=$(offers "$1")
	if [ "$got" = "$2 " ]; then pass "completion of '$1'"; else fail "completion of '$1': $got"; fi
}
completes "weighlock rec" receive
completes "weighlock policy re" reissue
completes "weighlock policy diff --la" --lang
completes "weighlock outcome 3 --result " "installed failed-old-runs failed-down not-tried"
completes "weighlock outcome 3 --result failed-d" failed-down
completes "weighlock help tech" technician
completes "weighlock policy check " "files "
LL=fr completes "weighlock rece" recevoir
expect 0 "policy new" policy new --test --name TST1
cp out new.yaml
expect 2 "the example is to be filled in" policy check new.yaml
says "(rule policy.reference)"

v="verify --policy pol/policy.yaml --device x-0042"
# shellcheck disable=SC2086
expect 0 "verify: a good update, the ticket on another channel" $v --ticket t.ticket.json rel --json
json 'o["verdict"] == "pass" and o["rule"] == "pass.update-covered" and o["scope"] == "offline" and o["release"] == 40201'
json '{"update.version-floor", "ticket.used", "signature.revoked", "policy.signature"} <= set(o["not_checked"])'
json '[s["role"] for s in o["signers"]].count("vendor") == 1 and len(o["files"]) == 6'
json "any(s['spki_sha256'] == '$(pki_spki_sha256 vendor)' for s in o['signers'])"
# shellcheck disable=SC2086
expect 0 "verify, in words" $v --ticket t.ticket.json rel
check "the last line says what a pass here is not" sh -c 'tail -n 1 out | grep -q "not yet a pass at a station"'
# refused RULE WHAT: verify of the folder `case` names that rule
refused() {
	# shellcheck disable=SC2086
	expect 1 "verify: $2" $v case --json
	json "o['verdict'] == 'refuse' and o['rule'] == '$1' and '$1' in o['rules']"
}
fresh() { rm -rf case && cp -r rel case && cp t.ticket.* case/; }
fresh
# shellcheck disable=SC2086
expect 0 "verify: the ticket beside the update" $v case
echo x >>case/FIRMWARE.BIN
refused update.file-changed "a file changed after signing"
fresh
rm case/RELNOTES.TXT
refused update.file-missing "a file missing"
fresh
echo x >case/EXTRA.EXE
refused update.file-extra "a file nobody signed"
fresh
rm case/MANIFEST.sha256.p7s
refused signature.missing "not signed"
fresh
rm case/t.ticket.*
refused ticket.missing "no ticket"
fresh
rm case/t.ticket.[12].p7s
refused signature.missing "a ticket nobody signed"
fresh
printf x >>case/MANIFEST.sha256.p7s
refused signature.trailing-bytes "a byte behind the signature"
fresh
(cd case && find . -type f ! -name 'MANIFEST*' ! -name 't.*' | sed 's|^\./||' | LC_ALL=C sort |
	while read -r f; do sha256sum "$f"; done >MANIFEST.sha256)
pki_sign sibling case/MANIFEST.sha256 case/MANIFEST.sha256.p7s
refused signature.signer-untrusted "signed by a sibling CA"
fresh
# shellcheck disable=SC2086
expect 1 "verify: the ticket has expired" $v case --at 2059-01-02 --json
json 'o["rule"] == "ticket.expired"'
expect 1 "verify: another device" verify --policy pol/policy.yaml --device o-0007 case --json
json '"ticket.device-other" in o["rules"] or "ticket.vendor-other" in o["rules"]'
expect 1 "verify: a device the policy does not have" verify --policy pol/policy.yaml --device zz-9 case --json
json 'o["rule"] == "update.device-unknown"'
mkdir -p "case/System Volume Information"
head -c 76 /dev/zero >"case/System Volume Information/IndexerVolumeGuid"
# shellcheck disable=SC2086
expect 0 "verify: what Windows leaves on every stick" $v case --json
json '[f["rule"] for f in o["files"] if "Indexer" in f["path"]] == ["leave.os-litter"]'
echo changed >"case/System Volume Information/IndexerVolumeGuid"
refused update.litter-changed "litter that is none"
for n in 1 2; do
	expect 0 "officer $n signs for a vendor who signs nothing" ticket sign old.ticket.json \
		--cert pki/authority-$n.pem --key pki/authority-$n.key
done
expect 4 "verify: held, only officers vouch for it" verify --policy pol/policy.yaml --device o-0007 \
	--ticket old.ticket.json rel-bad --json
json 'o["verdict"] == "hold" and o["rule"] == "transfer.unsigned-vendor" and o["holds"] == ["transfer.unsigned-vendor"]'
rm old.ticket.2.p7s
expect 1 "verify: one officer is not enough for that" verify --policy pol/policy.yaml --device o-0007 \
	--ticket old.ticket.json rel-bad --json
json 'o["rule"] == "signature.too-few-signers"'
expect 2 "verify: no policy" verify --policy nothing.yaml --device x-0042 rel
expect 2 "verify: no folder" $v v.img

# ---- the machine ----
"$w" doctor --state "$dir" --json >out 2>err
check "doctor says what is missing, a line a check" python3 - <<'PY'
import json
rows = {r["check"]: r for r in map(json.loads, open("out"))}
assert rows["sandbox"]["health"] == "ok", rows["sandbox"]
assert rows["folders"]["health"] == "no" and rows["folders"]["mend"], rows["folders"]
assert rows["sockets"]["health"] == "no" and rows["control"]["health"] == "no"
PY

# ---- volumes ----
expect 0 "volume build" volume build v.img rel --size 64M --time 2026-11-23T02:53:34Z --as stations.example/stn3#81
check "fsck.fat finds nothing" sh -c 'dd if=v.img of=part.img bs=1M skip=1 status=none; fsck.fat -nv part.img'
check "mtools reads the same files" sh -c '
	mkdir mt && mcopy -s -n -i v.img@@1M ::* mt/ && diff -r rel mt'
expect 0 "built again it is the same, byte for byte" volume build v2.img rel --size 64M \
	--time 2026-11-23T02:53:34Z --as stations.example/stn3#81
check "the same" cmp v.img v2.img
check "disk signature and volume id are of ORIGIN#intent" python3 - <<'PY'
import hashlib
d = hashlib.sha256(b"stations.example/stn3#81").digest()
b = open("v.img", "rb").read(2 << 20)
assert b[440:444] == d[:4] and b[(1 << 20) + 67:(1 << 20) + 71] == d[4:8]
PY
expect 3 "an image is not written over" volume build v.img rel --size 64M
expect 1 "too small" volume build small.img rel --size 32M
complains "destination.too-small"
check "and nothing is left" test ! -e small.img
expect 0 "volume ls" volume ls v.img --json --digest
check "the same list as mtools and sha256sum" python3 - <<'PY'
import hashlib, json, os
rows = [json.loads(line) for line in open("out")]
files = {r["path"]: (r["bytes"], r["sha256"]) for r in rows if r["kind"] == "file"}
want = {}
for root, _, names in os.walk("rel"):
    for n in names:
        b = open(os.path.join(root, n), "rb").read()
        want[os.path.relpath(os.path.join(root, n), "rel")] = (len(b), hashlib.sha256(b).hexdigest())
assert files == want, files
assert [r["path"] for r in rows if r["kind"] == "folder"] == ["EXTRAS"]
PY
expect 0 "volume cp" volume cp v.img copied
check "the same files" diff -r rel copied
expect 3 "never over a file" volume cp v.img copied
expect 0 "only what is named" volume cp v.img one RELNOTES.TXT
check "one file" sh -c 'test "$(find one -type f)" = one/RELNOTES.TXT'
truncate -s 48M other.img && mkfs.fat -F 32 other.img >mkfs.log && mcopy -i other.img rel/FIRMWARE.BIN ::/
expect 0 "a volume somebody else made, without a partition table" volume ls other.img --json --digest
json "o['sha256'] == '$(sha256sum rel/FIRMWARE.BIN | cut -c1-64)'"
# the file's second cluster points back to its first: a loop
python3 - <<'PY'
import struct
f = open("other.img", "r+b")
b = f.read(64)
spc, res, nfat, = b[13], struct.unpack_from("<H", b, 14)[0], b[16]
fat = res * 512
f.seek(fat)
t = bytearray(f.read(4096))
first = 3
assert struct.unpack_from("<I", t, 4 * first)[0] == first + 1
struct.pack_into("<I", t, 4 * (first + 1), first)
for n in range(nfat):
    f.seek(fat + n * struct.unpack_from("<I", b, 36)[0] * 512)
    f.write(t)
PY
expect 1 "a loop in the FAT" volume ls other.img --digest
complains "volume.chain-loop"
head -c 1048576 /dev/zero >zero.img
expect 1 "no volume" volume ls zero.img
complains "(rule volume."
expect 2 "a folder is no image" volume ls rel
expect 2 "nothing there" volume ls nothing.img

exit $failed
