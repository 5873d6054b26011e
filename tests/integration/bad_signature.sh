#!/bin/sh
# Updates whose signature or closed set is not what it must be, taken to a real station: each is
# refused by its rule, said as a refusal must be, and recorded; the station lives on.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

bad_begin bad_signature
bad_update good 4.2.1 40201
P7S=MANIFEST.sha256.p7s

# again NAME: a fresh copy of the good update, in $WL_WORK/NAME
again() {
	rm -rf "${WL_WORK:?}/$1"
	cp -r "$WL_WORK/good" "$WL_WORK/$1"
}
# refused NAME WHAT RULE
refused() {
	bad_stick "$1"
	bad_receive "$1"
	bad_refused "$2" "$3"
	rm -f "$(wl_stick_file "$1")"
}

again byte1
printf 'x' >"$WL_WORK/byte1/$P7S"
refused byte1 "a signature of 1 byte" signature.unreadable

again byte0
: >"$WL_WORK/byte0/$P7S"
refused byte0 "a signature of no bytes" signature.unreadable

again big
head -c 10485760 /dev/zero >"$WL_WORK/big/$P7S"
refused big "a signature of 10 MiB" signature.too-large

again trail
printf 'MORE' >>"$WL_WORK/trail/$P7S"
refused trail "a signature with bytes behind its end" signature.trailing-bytes

again noattr
pki_sign vendor "$WL_WORK/noattr/MANIFEST.sha256" "$WL_WORK/noattr/$P7S" -noattr
refused noattr "a signature without signed attributes" signature.no-signed-attributes

again attached
pki_sign vendor "$WL_WORK/attached/MANIFEST.sha256" "$WL_WORK/attached/$P7S" -nodetach
refused attached "a signature that holds its content" signature.not-detached

again sibling
bad_ticket sibling 4.2.1:40201 sibling authority-1
pki_sign sibling "$WL_WORK/sibling/MANIFEST.sha256" "$WL_WORK/sibling/$P7S"
refused sibling "signed under a sibling CA" signature.signer-untrusted

again other
pki_sign vendor-2 "$WL_WORK/other/MANIFEST.sha256" "$WL_WORK/other/$P7S"
refused other "signed by a key the ticket does not name" signature.signer-untrusted

again tls
bad_ticket tls 4.2.1:40201 vendor-tls authority-1
pki_sign vendor-tls "$WL_WORK/tls/MANIFEST.sha256" "$WL_WORK/tls/$P7S"
refused tls "signed by a key for TLS" signature.purpose-wrong

again unsigned
rm "$WL_WORK/unsigned/$P7S"
refused unsigned "no signature at all" signature.missing

again changed
printf 'X' | dd of="$WL_WORK/changed/FIRMWARE.BIN" bs=1 seek=1000 conv=notrunc status=none
refused changed "a file changed" update.file-changed

again manifest
sed -i '1s/^./0/; 2s/^./1/' "$WL_WORK/manifest/MANIFEST.sha256"
refused manifest "a manifest changed after it was signed" signature.mismatch

again extra
echo "what is this" >"$WL_WORK/extra/EXTRA.BIN"
refused extra "a file too many" update.file-extra

again missing
rm "$WL_WORK/missing/FIRMWARE.BIN"
refused missing "a file too few" update.file-missing

# two signers are needed: one key twice is one signer
bad_policy 's/signers: 1, ticket: required, authority_signers: 1/signers: 2, ticket: required, authority_signers: 1/'
again twice
openssl cms -resign -nocerts -binary -md sha384 -in "$WL_WORK/twice/$P7S" -inform DER -outform DER \
	-signer "$PKI_DIR/vendor.pem" -inkey "$PKI_DIR/vendor.key" \
	-out "$WL_WORK/twice.p7s" -content "$WL_WORK/twice/MANIFEST.sha256"
cp "$WL_WORK/twice.p7s" "$WL_WORK/twice/$P7S"
refused twice "the same key twice where two signers are needed" signature.too-few-signers

bad_end
